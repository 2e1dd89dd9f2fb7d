use std::fmt::Debug;

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The program behaved in another way.
    #[error("expected {expected}\nfound    {found}")]
    Differs {
        /// What crdbctl relies on.
        expected: String,
        /// What the program did or said.
        found: String,
    },
    /// It could not be tried: nothing is known of the program's behaviour.
    #[error("could not be tried: {0}")]
    Untried(String),
}

impl Trouble {
    /// Returns the difference between what was expected and what was found.
    pub(crate) fn differs(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Differs { expected: expected.into(), found: found.into() }
    }

    /// Returns a closure that says what could not be done.
    pub(crate) fn untried<E: std::fmt::Display>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |error| Self::Untried(format!("{what}: {error}"))
    }
}

/// Checks that something is so.
///
/// # Errors
/// With what was found.
pub(crate) fn expect(so: bool, expected: &str, found: impl Debug) -> Result<(), Trouble> {
    if so { Ok(()) } else { Err(Trouble::differs(expected, format!("{found:?}"))) }
}

/// Checks that two values are the same.
///
/// # Errors
/// With both.
pub(crate) fn expect_eq<T: Debug + PartialEq>(what: &str, found: T, expected: T) -> Result<(), Trouble> {
    expect(found == expected, &format!("{what} {expected:?}"), found)
}
