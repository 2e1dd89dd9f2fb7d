use crdbctl_cockroach::output::Health;
use std::time::Duration;

use crdbctl_model::{DesiredService, HealthFact};
use crdbctl_transport::{Limits, ReadOnlyConnection};

use crate::answer::{AnswerError, RawHealth, health_line};
use crate::script::quoted;

/// What a poll of a node's health waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthGoal {
    /// `/health?ready=1` answers 200.
    Ready,
    /// The same, or the node waits for `cockroach init`.
    ReadyOrWaitingForInit,
}

impl HealthGoal {
    /// Returns whether `health` is what is waited for.
    pub fn is_met_by(self, health: &HealthFact) -> bool {
        match health {
            HealthFact::Ready => true,
            HealthFact::WaitingForInit => self == Self::ReadyOrWaitingForInit,
            _ => false,
        }
    }
}

/// What came of asking a node for its health on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthAnswer {
    /// The host knows.
    Known(HealthFact),
    /// Neither curl nor openssl is on the host: [`health_through_ssh`] asks.
    ThroughSsh {
        /// Whether the service runs.
        runs: bool,
    },
}

/// Returns a read-only script that polls a node's own health four times a second, and ends when the goal is met,
/// the service does not run, the host has nothing to ask with, or five seconds are over. [`read_health`] reads what it prints.
pub fn health_script(service: &DesiredService, goal: HealthGoal) -> String {
    let waiting = match goal {
        HealthGoal::Ready => "",
        HealthGoal::ReadyOrWaitingForInit => "|*'waiting for cluster initialization'*",
    };
    format!(
        "{library}left=20\nwhile :; do\nanswer=$(ask_health {unit} {address})\n\
         case $answer in 'health idle'*|'health ssh') break ;; esac\n\
         case $(printf %s \"${{answer##* }}\" | base64 -d 2>/dev/null) in *'HTTP/'*' 200 '*{waiting}) break ;; esac\n\
         left=$((left - 1)); [ \"$left\" -gt 0 ] || break\nsleep 0.25\ndone\nprintf '%s\\n' \"$answer\"\n",
        library = crate::script::only(&["b64", "word", "ask_health"]),
        unit = quoted(&service.unit.file_name()),
        address = quoted(&service.http_address),
    )
}

/// Returns what a [`health_script`] printed.
///
/// # Errors
/// When the line is not one of its.
pub fn read_health(printed: &[u8]) -> Result<HealthAnswer, AnswerError> {
    let text = std::str::from_utf8(printed).map_err(|_| AnswerError::NotText)?;
    let line = text.trim_end_matches('\n');
    let read = health_line(line)
        .ok_or_else(|| AnswerError::Line { number: 1, line: line.chars().take(120).collect() })?;
    Ok(match read {
        Ok(RawHealth::Idle) => HealthAnswer::Known(HealthFact::NotAsked),
        Ok(RawHealth::Said(status, said)) => HealthAnswer::Known(judge(status, &said)),
        Ok(RawHealth::ThroughSsh { runs }) => HealthAnswer::ThroughSsh { runs },
        Err(why) => HealthAnswer::Known(HealthFact::Unknown(why)),
    })
}

/// Asks a node for its health through the ssh connection: one request, with the limits that curl has on a host.
///
/// Of a service that does not run, it learns whether it could be asked.
///
/// # Errors
/// Why the node can be asked in no way: another try would get the same answer.
pub async fn health_through_ssh(
    connection: &ReadOnlyConnection,
    address: &str,
    runs: bool,
) -> Result<HealthFact, String> {
    let limits = Limits { timeout: Duration::from_secs(5), max_output: 4096 };
    match connection.https_get(address, "/health?ready=1", limits).await {
        Err(error) if error.is_prohibited() => {
            Err(format!("neither curl nor openssl is on the host, and {error}"))
        }
        _ if !runs => Ok(HealthFact::NotAsked),
        Ok(reply) => Ok(judge(0, &reply.bytes)),
        Err(error) => Ok(HealthFact::Unknown(error.to_string())),
    }
}

/// Returns what an HTTP answer to `/health?ready=1`, headers and all, says; `status` is the exit status of
/// the program that asked.
pub(crate) fn judge(status: i32, said: &[u8]) -> HealthFact {
    let said = String::from_utf8_lossy(said);
    // s_client and curl may say things of their own before the answer.
    let Some(answer) = said.find("HTTP/").map(|at| &said[at..]) else {
        let words: String = said.trim().chars().take(200).collect();
        return HealthFact::Unknown(match (status, words.is_empty()) {
            (0, true) => "the HTTPS port gave no answer".to_owned(),
            (_, true) => format!("curl ended with status {status} (curl(1), EXIT CODES)"),
            _ => words,
        });
    };
    let code = answer.split(' ').nth(1).and_then(|code| code.trim().parse::<u16>().ok());
    let body =
        answer.split_once("\r\n\r\n").or_else(|| answer.split_once("\n\n")).map_or("", |(_, body)| body);
    let Some(code) = code else {
        let line = answer.lines().next().unwrap_or_default();
        return HealthFact::Unknown(format!("the HTTPS port said {line:?}"));
    };
    match Health::of(code, body.as_bytes()) {
        Health::Ready => HealthFact::Ready,
        Health::WaitingForInit => HealthFact::WaitingForInit,
        other => HealthFact::NotReady(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use crdbctl_transport::{Connection, HttpsErrorKind, Scripted, Target};

    use super::*;

    #[test]
    fn health_is_ready_only_on_status_200() {
        assert_eq!(judge(0, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}"), HealthFact::Ready);
        let waiting = b"HTTP/1.1 503 Service Unavailable\r\n\r\n{\"error\":\"node is waiting for cluster initialization\"}";
        assert_eq!(judge(0, waiting), HealthFact::WaitingForInit);
        assert!(matches!(judge(0, b"HTTP/1.1 503 x\r\n\r\n{\"error\":\"node is shutting down\"}"),
            HealthFact::NotReady(why) if why.contains("shutting down")));
        assert!(matches!(judge(7, b"curl: (7) Failed to connect"), HealthFact::Unknown(_)));
        assert!(matches!(judge(0, b""), HealthFact::Unknown(_)));
        assert!(matches!(judge(0, b"SSH-2.0-x HTTP/"), HealthFact::Unknown(_)));
        // Another server on the port is never a ready node.
        assert!(matches!(judge(0, b"HTTP/1.1 200 OK\r\n\r\n<html>"), HealthFact::NotReady(_)));
    }

    /// What the health function says where systemd says this, or fails.
    fn asked(systemctl: &str) -> HealthFact {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("systemctl");
        std::fs::write(&program, format!("#!/bin/sh\n{systemctl}\n")).unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
        let text = format!("{}ask_health cockroach.service 127.0.0.1:1\n", crate::script::LIBRARY);
        let output = std::process::Command::new("sh").args(["-c", &text]).env("PATH", path).output().unwrap();
        match read_health(&output.stdout).unwrap() {
            HealthAnswer::Known(health) => health,
            HealthAnswer::ThroughSsh { .. } => panic!("this machine has curl or openssl"),
        }
    }

    #[test]
    fn a_host_without_curl_and_openssl_leaves_the_question_to_the_connection() {
        for (state, runs) in [("active", true), ("inactive", false)] {
            let text = format!(
                "{}systemctl() {{ echo {state}; }}\nPATH=/nowhere\nask_health cockroach.service 127.0.0.1:1\n",
                crate::script::LIBRARY
            );
            let output = std::process::Command::new("sh").args(["-c", &text]).output().unwrap();
            assert_eq!(read_health(&output.stdout), Ok(HealthAnswer::ThroughSsh { runs }), "{state}");
        }
    }

    /// What asking through ssh comes to, for a reply to the request.
    async fn through_ssh(reply: Result<&[u8], HttpsErrorKind>, runs: bool) -> Result<HealthFact, String> {
        let scripted = Scripted::new().on_https("store-1:8080", "/health?ready=1", reply);
        let target = Target::new(crdbctl_model::NodeName::new("store-1").unwrap(), "store-1");
        let connection = Connection::scripted(target, scripted).read_only();
        health_through_ssh(&connection, "store-1:8080", runs).await
    }

    #[tokio::test]
    async fn only_a_prohibited_forward_means_that_the_node_can_never_be_asked() {
        assert_eq!(through_ssh(Ok(b"HTTP/1.0 200 OK\r\n\r\n{}"), true).await, Ok(HealthFact::Ready));
        for runs in [true, false] {
            let why = through_ssh(Err(HttpsErrorKind::Prohibited), runs).await.unwrap_err();
            assert!(why.contains("neither curl nor openssl"), "{why}");
        }
        for kind in [HttpsErrorKind::NotConnected, HttpsErrorKind::TimedOut, HttpsErrorKind::Closed] {
            assert!(matches!(through_ssh(Err(kind), true).await, Ok(HealthFact::Unknown(_))), "{kind:?}");
            assert_eq!(through_ssh(Err(kind), false).await, Ok(HealthFact::NotAsked), "{kind:?}");
        }
    }

    #[test]
    fn only_systemd_s_word_makes_a_service_idle() {
        for state in ["inactive", "failed", "activating"] {
            assert_eq!(asked(&format!("echo {state}")), HealthFact::NotAsked, "{state}");
        }
        for failure in ["echo 'Failed to connect to bus' >&2; exit 1", "echo", "echo strange", "exit 127"] {
            assert!(
                matches!(asked(failure), HealthFact::Unknown(why) if why.contains("systemctl")),
                "{failure}"
            );
        }
        assert!(matches!(asked("echo active"), HealthFact::Unknown(why) if !why.contains("systemctl")));
    }
}
