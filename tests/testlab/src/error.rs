use std::{fmt, io};

/// What the lab was doing when something failed, and what failed.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {kind}")]
pub struct LabError {
    doing: String,
    #[source]
    kind: Box<LabErrorKind>,
}

/// What failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabErrorKind {
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A program ran and reported failure.
    #[error("`{program}` ended with {status}\n{output}")]
    Program {
        /// Program and arguments, for reading.
        program: String,
        /// Exit status, for reading.
        status: String,
        /// What it wrote to standard error, or the end of its log.
        output: String,
    },
    /// Something did not happen in time.
    #[error("not done after {seconds} s; last seen: {last_seen}")]
    Timeout {
        /// Seconds waited.
        seconds: u64,
        /// What was seen instead.
        last_seen: String,
    },
    /// This machine cannot boot hosts.
    #[error("{0}")]
    Unavailable(String),
    /// The host has no power.
    #[error("the host is off; power_on() boots it")]
    Off,
    /// A file of the lab, or what a program printed, does not read as it should.
    #[error("{0}")]
    Malformed(String),
    /// The caller asked for something that cannot be.
    #[error("{0}")]
    Impossible(String),
}

impl LabError {
    pub(crate) fn new(doing: impl fmt::Display, kind: impl Into<LabErrorKind>) -> Self {
        Self { doing: doing.to_string(), kind: Box::new(kind.into()) }
    }

    /// Returns what failed.
    #[must_use]
    pub fn kind(&self) -> &LabErrorKind {
        &self.kind
    }
}

/// Adds to an error what was being done.
pub(crate) trait Doing<T> {
    /// Returns the value, or the error with `doing` in front.
    fn doing<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T, LabError>;
}

impl<T, E: Into<LabErrorKind>> Doing<T> for Result<T, E> {
    fn doing<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T, LabError> {
        self.map_err(|kind| LabError::new(doing(), kind))
    }
}
