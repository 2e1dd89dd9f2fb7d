use crdbctl_model::Timestamp;

/// Who applies, when: the name that locks, records and set-aside places bear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The command, without the name of the program: `apply`, `destroy`, `certs rotate-ca`.
    pub command: &'static str,
    /// Unique, sorts by time, safe in a file name: `20261204-101500-1a2b3c`.
    pub id: String,
    /// User and host of the control side.
    pub by: String,
    /// When it began.
    pub started: Timestamp,
}
