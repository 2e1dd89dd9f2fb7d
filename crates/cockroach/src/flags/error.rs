use super::FlagShape;
use crate::{Series, Version};

/// Why a flag cannot stand in a manifest under `cockroach.flags`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("flag `{flag}`: {kind}")]
pub struct FlagError {
    /// The name as it was given.
    pub flag: String,
    /// What is wrong with it.
    pub kind: FlagErrorKind,
}

/// What is wrong with a flag, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlagErrorKind {
    /// No version that is known has it.
    #[error("`cockroach start` has no such flag{}", did_you_mean(.suggestion))]
    Unknown {
        /// The flag that was most likely meant.
        suggestion: Option<&'static str>,
    },
    /// The version is too old for it.
    #[error("cockroach {version} does not have it yet; it came with {since}")]
    NotYet {
        /// The version that was asked about.
        version: Version,
        /// The first series that has it.
        since: Series,
    },
    /// The version is too new for it.
    #[error("cockroach {version} no longer has it; it went with {until}")]
    Gone {
        /// The version that was asked about.
        version: Version,
        /// The first series that lacks it.
        until: Series,
    },
    /// crdbctl sets it itself, or never sets it.
    #[error("it cannot be set here: {}{why}", alias_note(.alias_of))]
    Managed {
        /// The flag that this one is an old name of.
        alias_of: Option<&'static str>,
        /// Which field to use instead, and why.
        why: &'static str,
    },
    /// The value does not have the flag's shape.
    #[error("`{value}` does not fit: expected {expected}")]
    Value {
        /// The value as it was given.
        value: String,
        /// What the flag takes.
        expected: FlagShape,
    },
    /// A value with `%`, which systemd reads as a specifier in a unit.
    #[error("`{value}` has a %, which systemd reads as a specifier: write `{instead}`")]
    Percent {
        /// The value as it was given.
        value: String,
        /// The same part as a decimal.
        instead: String,
    },
    /// A part outside of what cockroach takes.
    #[error("`{value}` is out of range: cockroach takes parts from .01 to .99")]
    PartOutOfRange {
        /// The value as it was given.
        value: String,
    },
    /// A number of bytes so small that a part was surely meant.
    #[error("`{value}` means {value} bytes; for a part write it as in `.25`, for a size as in `8GiB`")]
    TooSmall {
        /// The value as it was given.
        value: String,
    },
    /// More than one value for a flag that takes one.
    #[error("it takes one value, and {count} were given")]
    NotRepeated {
        /// How many values were given.
        count: usize,
    },
    /// A list without values.
    #[error("no value was given; leave the flag out instead")]
    NoValue,
}

fn did_you_mean(suggestion: &Option<&'static str>) -> String {
    suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn alias_note(alias_of: &Option<&'static str>) -> String {
    alias_of.map(|name| format!("it is an old name of `{name}`; ")).unwrap_or_default()
}
