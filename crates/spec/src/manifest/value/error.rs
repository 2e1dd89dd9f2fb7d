/// Why a text is not a value of its kind, with what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} {problem}: {advice}")]
pub struct ValueError {
    text: String,
    problem: String,
    advice: &'static str,
}

impl ValueError {
    /// Returns the error `"text" problem: advice`; `advice` begins with use, write or leave out.
    pub(super) fn new(text: &str, problem: impl Into<String>, advice: &'static str) -> Self {
        Self { text: text.chars().take(120).collect(), problem: problem.into(), advice }
    }
}

/// Implements what every text newtype of this module shares.
macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// Returns the value as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
pub(super) use text_type;
