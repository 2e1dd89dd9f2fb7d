//! Errors as clients see them.

use crate::settings::Rejection;

/// An error of a statement or a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// `ERROR`, or `FATAL` when the connection ends with it.
    pub severity: &'static str,
    /// SQLSTATE.
    pub code: String,
    /// Words.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl SqlError {
    /// An error that leaves the connection as it is.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { severity: "ERROR", code: code.to_owned(), message: message.into(), hint: None }
    }

    /// An error that ends the connection.
    #[must_use]
    pub fn fatal(code: &str, message: impl Into<String>) -> Self {
        Self { severity: "FATAL", ..Self::new(code, message) }
    }

    /// A statement that the real program would understand, perhaps, and the stand-in does not.
    #[must_use]
    pub fn not_played(statement: &str) -> Self {
        Self::new(
            "42601",
            format!("roachsim: at or near {statement:?}: syntax error: not played by this stand-in"),
        )
    }
}

impl From<Rejection> for SqlError {
    fn from(why: Rejection) -> Self {
        Self { hint: why.hint, ..Self::new(why.code, why.message) }
    }
}
