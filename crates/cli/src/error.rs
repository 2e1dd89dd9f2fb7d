use std::error::Error;
use std::fmt;
use std::io;

use crate::ExitCode;

/// Why a command did not end well: what happened, what to do, and the exit code.
#[derive(Debug)]
pub(crate) struct CliError {
    /// The code that the process ends with.
    pub(crate) code: ExitCode,
    /// What was tried and what came back. Empty when everything has been said already.
    pub(crate) message: String,
    /// What to do next, a sentence each.
    pub(crate) hints: Vec<String>,
}

impl CliError {
    /// Returns an error of `code` that says `message`.
    pub(crate) fn new(code: ExitCode, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string(), hints: Vec::new() }
    }

    /// Returns an ordinary error with the whole chain of its sources.
    pub(crate) fn from_error(error: &dyn Error) -> Self {
        Self::new(ExitCode::Error, chain(error))
    }

    /// Returns an ordinary error: `what`, then the chain of `error`.
    pub(crate) fn failed(what: impl fmt::Display, error: &dyn Error) -> Self {
        Self::new(ExitCode::Error, format!("{what}: {}", chain(error)))
    }

    /// Returns an end that needs no words: they have been printed, or nobody reads them.
    pub(crate) fn silent(code: ExitCode) -> Self {
        Self::new(code, "")
    }

    /// Returns the error with a hint.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }
}

/// Writing results can fail in two ways: the reader left, which is no error worth words, or the disk is full.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::silent(ExitCode::Error)
        } else {
            Self::failed("writing to standard output failed", &error)
        }
    }
}

/// Returns the messages of an error and its sources, those left out that the one before already ends with.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read x")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("no such file")]
    struct Inner;

    #[derive(Debug, thiserror::Error)]
    #[error("says it all: no such file")]
    struct Telling(#[source] Inner);

    #[test]
    fn every_cause_is_said_once() {
        assert_eq!(chain(&Outer(Inner)), "cannot read x: no such file");
        assert_eq!(chain(&Telling(Inner)), "says it all: no such file");
    }

    #[test]
    fn a_reader_who_left_needs_no_words() {
        assert_eq!(CliError::from(io::Error::from(io::ErrorKind::BrokenPipe)).message, "");
        assert!(!CliError::from(io::Error::from(io::ErrorKind::StorageFull)).message.is_empty());
    }
}
