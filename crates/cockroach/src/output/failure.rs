use std::fmt;

use super::messages as m;

/// Why a `cockroach` command failed, from what it wrote to stderr.
///
/// The shape is `ERROR: <sentence>`, perhaps `HINT: <sentence>`, then `Failed running "<command>"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// The sentence, without `ERROR:`; the last line of stderr when there is none; empty when stderr was.
    pub message: String,
    /// The hint that cockroach gave.
    pub hint: Option<String>,
}

/// The failures of `cockroach` commands that crdbctl can say something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FailureKind {
    /// Nothing listens where the command dialled.
    CannotDial,
    /// A certificate was not accepted by the other side.
    Authentication,
    /// The server runs without TLS.
    InsecureServer,
    /// The server hung up.
    ServerClosed,
    /// It took too long.
    TimedOut,
    /// The connection broke: whether the command had its effect is not known.
    ConnectionLost,
    /// A key file may be read by others than cockroach allows.
    KeyPermissions,
    /// A certificate or key is missing or cannot be used.
    Certificates,
    /// `cockroach start` got no `--join`.
    NoJoin,
    /// The store was written by a version that is too old for the binary, or too new.
    StoreVersion,
    /// The node was removed from the cluster for good.
    Decommissioned,
    /// Something else already listens on the port.
    PortTaken,
    /// A flag that this version does not know, or cannot read.
    CommandLine,
    /// Anything else.
    Other,
}

/// Sentences and what they mean; the first that is found counts, so that the more telling ones come first.
///
/// Source: the files named in [`super::messages`], `pkg/storage/min_version.go`, and pflag's own messages.
static TABLE: &[(&str, FailureKind)] = &[
    (m::KEY_EXCEEDS, FailureKind::KeyPermissions),
    (m::CANNOT_LOAD_CERTIFICATES, FailureKind::Certificates),
    ("problem with CA certificate", FailureKind::Certificates),
    ("problem with node certificate", FailureKind::Certificates),
    ("problem with client cert", FailureKind::Certificates),
    ("could not stat key file", FailureKind::Certificates),
    (m::NO_JOIN, FailureKind::NoJoin),
    ("store last used with cockroach version", FailureKind::StoreVersion),
    ("is incompatible with data in store", FailureKind::StoreVersion),
    ("binary is incompatible with the cluster attempted to join", FailureKind::StoreVersion),
    ("was permanently removed from the cluster", FailureKind::Decommissioned),
    ("consider changing the port via", FailureKind::PortTaken),
    ("unknown flag:", FailureKind::CommandLine),
    ("unknown shorthand flag:", FailureKind::CommandLine),
    ("flag needs an argument:", FailureKind::CommandLine),
    ("invalid argument \"", FailureKind::CommandLine),
    (m::INSECURE_SERVER, FailureKind::InsecureServer),
    (m::SSL_AUTHENTICATION, FailureKind::Authentication),
    (m::CANNOT_DIAL, FailureKind::CannotDial),
    (m::SERVER_CLOSED, FailureKind::ServerClosed),
    (m::TIMED_OUT, FailureKind::TimedOut),
    (m::CONNECTION_LOST, FailureKind::ConnectionLost),
];

impl Failure {
    /// Returns why a command failed, from what it wrote to stderr.
    #[must_use]
    pub fn of(stderr: &str) -> Self {
        let kind = TABLE
            .iter()
            .find(|(text, _)| stderr.contains(text))
            .map_or(FailureKind::Other, |(_, kind)| *kind);
        let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let marked = |mark: &str| {
            lines.iter().find_map(|line| line.strip_prefix(mark)).map(|text| text.trim().to_owned())
        };
        let said = || {
            lines
                .iter()
                .rev()
                .find(|line| !line.starts_with("Failed running "))
                .map(|line| (*line).to_owned())
        };
        let message = marked("ERROR:").or_else(|| marked("Error:")).or_else(said).unwrap_or_default();
        Self { kind, message, hint: marked("HINT:") }
    }
}

impl FailureKind {
    /// Returns what to do about it, as a sentence; `None` where there is nothing to say in general.
    #[must_use]
    pub const fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::CannotDial => {
                "Check that cockroach runs and listens on the address, and that no firewall is between."
            }
            Self::Authentication => {
                "Check that the client's and the node's certificates are of the same authority and still valid."
            }
            Self::InsecureServer => "The node runs with --insecure; crdbctl manages secure clusters only.",
            Self::ServerClosed => {
                "Check that it is a CockroachDB node that listens there, and that it runs with certificates."
            }
            Self::TimedOut => {
                "Check that a majority of the nodes is up; without it no command comes to an end."
            }
            Self::ConnectionLost => {
                "It is not known whether the command had its effect: look before running it again."
            }
            Self::KeyPermissions => "Make the key file belong to the service's user with mode 0600.",
            Self::Certificates => {
                "Check the files in the certificates' directory and the service user's access to it."
            }
            Self::NoJoin => "Give --join; it is needed from v20.2 on.",
            Self::StoreVersion => {
                "Run the version that the store was last used with, and follow the upgrade's order."
            }
            Self::Decommissioned => {
                "Its data cannot come back to the cluster: the node needs an empty store."
            }
            Self::PortTaken => "Find what listens on the port (`ss -ltnp`), or choose another.",
            Self::CommandLine => "Check the flags against the version of the binary that runs.",
            Self::Other => return None,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.message.is_empty() { "nothing was said" } else { &self.message })?;
        if let Some(hint) = &self.hint {
            write!(f, " (hint: {hint})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(stderr: &str) -> String {
        let failure = Failure::of(stderr);
        format!("{:?}: {failure}", failure.kind)
    }

    #[test]
    fn tells_what_went_wrong() {
        insta::assert_snapshot!(shown("ERROR: no --join flags provided to 'cockroach start'\nHINT: Consider using 'cockroach init' or 'cockroach start-single-node' instead\nFailed running \"start\"\n"), @"NoJoin: no --join flags provided to 'cockroach start' (hint: Consider using 'cockroach init' or 'cockroach start-single-node' instead)");
        insta::assert_snapshot!(shown("ERROR: cannot load certificates.\nCheck your certificate settings, set --certs-dir, or use --insecure for insecure clusters.\n\nproblem with CA certificate: not found\nFailed running \"start\""), @"Certificates: cannot load certificates.");
        insta::assert_snapshot!(shown("ERROR: cannot load certificates.\n\nproblem with node certificate: key file /x/node.key has permissions -rw-r--r--, exceeds -rwx------"), @"KeyPermissions: cannot load certificates.");
        insta::assert_snapshot!(shown("ERROR: cannot dial server.\nIs the server running?\nIf the server is running, check --host client-side and --advertise server-side.\n\ndial tcp 10.0.0.1:26257: connect: connection refused\nFailed running \"init\""), @"CannotDial: cannot dial server.");
        insta::assert_snapshot!(shown("Error: unknown flag: --cahce\n"), @"CommandLine: unknown flag: --cahce");
        insta::assert_snapshot!(shown("bash: cockroach: command not found\n"), @"Other: bash: cockroach: command not found");
        insta::assert_snapshot!(shown(""), @"Other: nothing was said");
    }

    #[test]
    fn every_kind_but_the_last_has_advice() {
        for (_, kind) in TABLE {
            assert!(kind.advice().is_some_and(|advice| advice.ends_with('.')));
        }
        assert_eq!(FailureKind::Other.advice(), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in "(?s).{0,200}") {
            let _ = Failure::of(&text).to_string();
        }
    }
}
