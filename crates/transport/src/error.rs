use std::fmt;
use std::time::Duration;

use crdbctl_model::{NodeName, Unreadable, UnreadableKind};

use crate::not_run::NotRun;

/// A script that did not run, or of which nobody knows how it ended.
///
/// A script that ran and failed is no error here: it is an [`Output`](crate::Output) with its status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{node}: {tried}: {kind}{}", said_of(said))]
pub struct TransportError {
    /// The node.
    pub node: NodeName,
    /// What was tried: `ssh to azmin@store-1.example.com port 22`.
    pub tried: String,
    /// What came of it.
    pub kind: TransportErrorKind,
    /// What came back, without control characters; empty when nothing did.
    pub said: String,
}

fn said_of(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

/// The two outcomes that are no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportErrorKind {
    /// Nothing was run on the host.
    #[error("{0}")]
    NotRun(NotRun),
    /// The script may have run, in whole, in part or not at all.
    #[error("{0}")]
    Lost(Lost),
}

/// How the end of a script was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The connection broke.
    Disconnected,
    /// The time was up, and the node was cut off.
    TimedOut(Duration),
    /// The host said more than the limit in bytes, and was cut off.
    TooMuchOutput(usize),
    /// The shell on the host ended before the script did: killed, or out of memory.
    ShellGone,
    /// What was to be sent could not be read on this machine.
    PayloadUnread,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected => f.write_str("the connection was lost, the outcome is unknown"),
            Self::TimedOut(time) => {
                write!(f, "no end within {}, the outcome is unknown", crate::words::seconds(*time))
            }
            Self::TooMuchOutput(limit) => {
                write!(f, "more than {limit} bytes of output, cut off, the outcome is unknown")
            }
            Self::ShellGone => f.write_str("the shell on the host was killed, the outcome is unknown"),
            Self::PayloadUnread => f.write_str("a file to be sent could not be read, the outcome is unknown"),
        }
    }
}

impl TransportError {
    /// Returns whether nothing was run on the host; else the outcome is unknown.
    pub fn is_not_run(&self) -> bool {
        matches!(self.kind, TransportErrorKind::NotRun(_))
    }

    /// Returns why nothing was run, when that is so.
    pub fn not_run(&self) -> Option<&NotRun> {
        match &self.kind {
            TransportErrorKind::NotRun(why) => Some(why),
            TransportErrorKind::Lost(_) => None,
        }
    }

    /// Returns how the end was lost, when that is so.
    pub fn lost(&self) -> Option<&Lost> {
        match &self.kind {
            TransportErrorKind::NotRun(_) => None,
            TransportErrorKind::Lost(how) => Some(how),
        }
    }

    /// Returns what to do next, one sentence or two.
    pub fn hint(&self) -> String {
        match &self.kind {
            TransportErrorKind::NotRun(why) => why.hint(&self.tried),
            TransportErrorKind::Lost(Lost::PayloadUnread) => {
                "mend the file on this machine and run again: what was done is found by looking".to_owned()
            }
            TransportErrorKind::Lost(Lost::TooMuchOutput(_)) => {
                "look at the host: it says more than any sane one does".to_owned()
            }
            TransportErrorKind::Lost(_) => {
                "see that the host is up and run again: what was done is found by looking".to_owned()
            }
        }
    }

    /// Returns the node's entry among the observations: unknown, never absent.
    pub fn unreadable(&self) -> Unreadable {
        let kind = match &self.kind {
            TransportErrorKind::NotRun(why) => why.unreadable_kind(),
            TransportErrorKind::Lost(Lost::TooMuchOutput(_) | Lost::TimedOut(_)) => UnreadableKind::Answer,
            TransportErrorKind::Lost(_) => UnreadableKind::Lost,
        };
        Unreadable {
            kind,
            reason: format!("{}: {}{}", self.tried, self.kind, said_of(&self.said)),
            hint: self.hint(),
        }
    }
}
