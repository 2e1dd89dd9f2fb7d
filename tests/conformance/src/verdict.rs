use std::fmt;

use crate::Trouble;

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The program behaves so.
    Holds,
    /// It does not, or it could not be tried.
    Failed(Trouble),
    /// It says nothing about this program, for this reason.
    Skipped(String),
}

impl Verdict {
    /// Returns true for a check that did not pass.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Holds => "holds",
            Self::Failed(Trouble::Differs { .. }) => "DIFFERS",
            Self::Failed(Trouble::Untried(_)) => "UNTRIED",
            Self::Skipped(_) => "skipped",
        })
    }
}
