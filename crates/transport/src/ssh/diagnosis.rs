//! Reads from ssh's log why it did not connect (OpenSSH 7.6 to 10; its messages are not translated).

use crate::not_run::NotRun;

/// Returns the reason that the log tells.
pub(super) fn diagnose(log: &str) -> NotRun {
    let lines: Vec<&str> = log.lines().filter(|line| !is_debug(line)).collect();
    let has = |texts: &[&str]| lines.iter().any(|line| texts.iter().any(|text| line.contains(text)));
    // The host key first: its long warning is followed by words that would pass for others.
    if has(&["REMOTE HOST IDENTIFICATION HAS CHANGED", "REVOKED HOST KEY", "is revoked"]) {
        return NotRun::HostKeyChanged;
    }
    if has(&["Host key verification failed", "host key is known for"]) {
        return NotRun::HostKeyUnknown;
    }
    if has(&["Permission denied (", "Too many authentication failures", "No more authentication methods"]) {
        return NotRun::Login;
    }
    // A jump host is a proxy command without a port of its own.
    if has(&["UNKNOWN port 65535", "stdio forwarding failed", "Proxy connection", "proxy command"]) {
        return NotRun::Jump;
    }
    if has(&["Could not resolve hostname"]) {
        return NotRun::UnknownHost;
    }
    if has(&["no matching ", "Unable to negotiate"]) {
        return NotRun::Negotiation;
    }
    if has(&["Connection refused"]) {
        return NotRun::Refused;
    }
    if has(&["No route to host", "Network is unreachable", "Host is down"]) {
        return NotRun::Unreachable;
    }
    if has(&["timed out", "Timeout"]) {
        return NotRun::TimedOut;
    }
    if has(&[
        "Bad configuration option",
        "bad configuration",
        "Bad owner or permissions",
        "no argument after keyword",
    ]) {
        return NotRun::Configuration;
    }
    if has(&[
        "Connection closed by",
        "Connection reset by",
        "closed by remote host",
        "kex_exchange_identification",
        "ssh_exchange_identification",
        "Exceeded MaxStartups",
        "Broken pipe",
        "Connection to",
    ]) {
        return NotRun::Dropped;
    }
    NotRun::Other
}

/// Returns whether a line is of a debug level, or the version that `-v` begins with.
///
/// What is tried and passed over looks like a failure there: one address of several, one key of several. `LogVerbose`
/// adds such lines at any level.
fn is_debug(line: &str) -> bool {
    ["debug1:", "debug2:", "debug3:", "OpenSSH_"].iter().any(|start| line.starts_with(start))
}

/// Returns the lines of the log that say something to people: without the frame of the host key warning.
pub(super) fn telling_lines(log: &str) -> String {
    let noise = |line: &str| {
        is_debug(line)
            || line.starts_with("@@@")
            || line.starts_with("Warning: Permanently added")
            || line.trim().is_empty()
    };
    log.lines()
        .filter(|line| !noise(line))
        .map(|line| line.trim_matches('@').trim())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_openssh() {
        let cases = [
            ("ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n", NotRun::Refused),
            ("ssh: connect to host 203.0.113.1 port 22: Connection timed out\r\n", NotRun::TimedOut),
            ("Connection timed out during banner exchange\r\n", NotRun::TimedOut),
            ("ssh: connect to host 10.9.9.9 port 22: No route to host\r\n", NotRun::Unreachable),
            ("ssh: Could not resolve hostname nowhere: Name or service not known\r\n", NotRun::UnknownHost),
            (
                "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.\r\n\
                 Host key verification failed.\r\n",
                NotRun::HostKeyUnknown,
            ),
            (
                "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nHost key for [127.0.0.1]:2222 has \
                 changed and you have requested strict checking.\r\nHost key verification failed.\r\n",
                NotRun::HostKeyChanged,
            ),
            ("me@h: Permission denied (publickey).\r\n", NotRun::Login),
            ("Received disconnect from h port 22:2: Too many authentication failures\r\n", NotRun::Login),
            ("kex_exchange_identification: Connection closed by remote host\r\n", NotRun::Dropped),
            ("kex_exchange_identification: read: Connection reset by peer\r\n", NotRun::Dropped),
            (
                "kex_exchange_identification: Connection closed by remote host\r\n\
                 Connection closed by UNKNOWN port 65535\r\n",
                NotRun::Jump,
            ),
            (
                "Unable to negotiate with h port 22: no matching host key type found. Their offer: ssh-rsa\r\n",
                NotRun::Negotiation,
            ),
            ("something new", NotRun::Other),
            ("debug1: connect to address ::1 port 22: Connection refused\r\nsomething new", NotRun::Other),
            (
                "OpenSSH_9.2p1 Debian-2\r\ndebug3: Permission denied (\r\nHost key verification failed.",
                NotRun::HostKeyUnknown,
            ),
        ];
        for (log, want) in cases {
            assert_eq!(diagnose(log), want, "{log:?}");
        }
    }

    #[test]
    fn the_frame_of_the_warning_goes() {
        let log = "@@@@@@\r\n@    WARNING: REMOTE HOST   @\r\n@@@@@@\r\nfingerprint x\r\n";
        assert_eq!(telling_lines(log), "WARNING: REMOTE HOST\nfingerprint x");
    }
}
