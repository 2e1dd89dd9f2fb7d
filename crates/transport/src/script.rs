use std::fmt;
use std::marker::PhantomData;

use crate::quote::NulInWord;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::ReadOnly {}
    impl Sealed for super::Mutating {}
}

/// What a script does to the host: [`ReadOnly`] or [`Mutating`].
pub trait Effect: sealed::Sealed + fmt::Debug + Clone + Copy + Send + Sync + 'static {
    /// The effect's name, for logs.
    const NAME: &'static str;
}

/// The effect of a script that changes nothing, not even a temporary file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOnly {}

/// The effect of a script that may change the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutating {}

impl Effect for ReadOnly {
    const NAME: &'static str = "read-only";
}

impl Effect for Mutating {
    const NAME: &'static str = "mutating";
}

/// The text of a POSIX shell script together with its effect.
///
/// It never holds a secret: it becomes an argument of a shell on the node and is written to the trace log. Values
/// enter it through [`quote`](crate::quote) alone; secrets travel as a [`Payload`](crate::Payload).
///
/// A here-document in it is a temporary file under some shells; a read-only script has none.
#[derive(Clone, PartialEq, Eq)]
pub struct Script<E: Effect> {
    text: String,
    effect: PhantomData<E>,
}

impl<E: Effect> Script<E> {
    /// Returns the text as a script of this effect; line ends after it fall away.
    ///
    /// # Errors
    /// [`NulInWord`] when the text has a NUL byte.
    pub fn new(text: impl Into<String>) -> Result<Self, NulInWord> {
        let mut text = text.into();
        if let Some(offset) = text.bytes().position(|byte| byte == 0) {
            return Err(NulInWord { offset });
        }
        // The shell on the node drops them from `$(…)`, and the length is checked there.
        text.truncate(text.trim_end_matches('\n').len());
        Ok(Self { text, effect: PhantomData })
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the name of the effect.
    pub fn effect(&self) -> &'static str {
        E::NAME
    }
}

impl<E: Effect> fmt::Debug for Script<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script<{}>({:?})", E::NAME, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_after_it_fall_away_and_nul_is_refused() {
        assert_eq!(Script::<ReadOnly>::new("id\n\n").unwrap().text(), "id");
        assert_eq!(Script::<Mutating>::new("a\0").unwrap_err().offset, 1);
    }
}
