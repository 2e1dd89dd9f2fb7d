//! The kinds of settings: what each accepts, how it is stored and how it is shown.

use super::duration::{go_duration, parse_interval};
use super::value::{Literal, Shown};
use crate::cli::value::bytes;

/// What a setting's value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A length of time, not negative.
    Duration,
    /// A number of bytes.
    ByteSize,
    /// One of these words, stored as its number from 0 on.
    Enum(&'static [&'static str]),
    /// Any text.
    Text,
    /// The cluster version.
    Version,
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// SQLSTATE.
    pub code: &'static str,
    /// Words.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// SQLSTATE of errors that the real program gives no other.
pub(crate) const UNCATEGORIZED: &str = "XXUUU";
const INVALID_TEXT: &str = "22P02";
const DATATYPE_MISMATCH: &str = "42804";

impl Rejection {
    /// One without a hint.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }
}

impl Kind {
    /// The letter in the column `setting_type`.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Bool => "b",
            Self::Int => "i",
            Self::Float => "f",
            Self::Duration => "d",
            Self::ByteSize => "z",
            Self::Enum(_) => "e",
            Self::Text => "s",
            Self::Version => "m",
        }
    }

    const fn sql_type(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Duration => "interval",
            Self::ByteSize | Self::Enum(_) | Self::Text | Self::Version => "string",
        }
    }

    /// Reads a value into the form in which it is stored.
    ///
    /// # Errors
    /// In the real program's words.
    pub fn read(self, name: &str, literal: &Literal) -> Result<String, Rejection> {
        let invalid = |message: String| Rejection::new(INVALID_TEXT, message);
        let plain = |message: String| Rejection::new(UNCATEGORIZED, message);
        let unlike = || {
            Rejection::new(
                DATATYPE_MISMATCH,
                format!(
                    "argument of SET CLUSTER SETTING {name} must be type {}, not type {}",
                    self.sql_type(),
                    literal.type_name()
                ),
            )
        };
        match (self, literal) {
            (Self::Bool, Literal::Bool(value)) => Ok(value.to_string()),
            (Self::Bool, Literal::Text(text)) => match text.to_lowercase().as_str() {
                "t" | "true" | "y" | "yes" | "on" | "1" => Ok("true".to_owned()),
                "f" | "false" | "n" | "no" | "off" | "0" => Ok("false".to_owned()),
                _ => Err(invalid(format!("could not parse {text:?} as type bool: invalid bool value"))),
            },
            (Self::Int, Literal::Int(text) | Literal::Text(text)) => {
                text.parse::<i64>().map(|value| value.to_string()).map_err(|_| {
                    invalid(format!(
                        "could not parse {text:?} as type int: strconv.ParseInt: parsing {text:?}: invalid syntax"
                    ))
                })
            }
            (Self::Float, Literal::Int(text) | Literal::Decimal(text) | Literal::Text(text)) => {
                match text.parse::<f64>() {
                    Ok(value) if value.is_finite() => Ok(value.to_string()),
                    _ => Err(invalid(format!(
                        "could not parse {text:?} as type float: strconv.ParseFloat: parsing {text:?}: invalid syntax"
                    ))),
                }
            }
            (Self::Duration, Literal::Text(text) | Literal::Int(text) | Literal::Decimal(text)) => {
                let nanos = parse_interval(text).map_err(|why| {
                    if why.starts_with("cannot use") { plain(why) } else { invalid(why) }
                })?;
                match nanos {
                    0.. => Ok(nanos.to_string()),
                    _ => Err(plain(format!(
                        "cannot be set to a negative duration: {}",
                        go_duration(nanos)
                    ))),
                }
            }
            (Self::ByteSize, Literal::Text(text)) => bytes(text).map(|size| size.to_string()).map_err(|_| {
                plain(format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
            }),
            (Self::Enum(words), Literal::Text(text)) => {
                match words.iter().position(|word| word.eq_ignore_ascii_case(text)) {
                    Some(at) => Ok(at.to_string()),
                    None => Err(not_of(words, &format!("invalid string value '{text}' for enum setting"))),
                }
            }
            (Self::Enum(words), Literal::Int(text)) => match text.parse::<usize>() {
                Ok(at) if at < words.len() => Ok(at.to_string()),
                _ => Err(not_of(words, &format!("invalid integer value '{text}' for enum setting"))),
            },
            (Self::Text | Self::Version, Literal::Text(text)) => Ok(text.clone()),
            _ => Err(unlike()),
        }
    }

    /// What `SHOW CLUSTER SETTING` returns for a stored value: durations are intervals there.
    #[must_use]
    pub fn shown(self, stored: &str) -> Shown {
        match self {
            Self::Bool => Shown::Bool(stored == "true"),
            Self::Int => Shown::Int(stored.parse().unwrap_or(0)),
            Self::Float => Shown::Float(stored.parse().unwrap_or(0.0)),
            Self::Duration => Shown::Interval(stored.parse().unwrap_or(0)),
            Self::ByteSize | Self::Enum(_) | Self::Text | Self::Version => Shown::Text(self.listed(stored)),
        }
    }

    /// The text in the column `value` of `SHOW ALL CLUSTER SETTINGS`: `5m0s`, `32 MiB`, `true`.
    #[must_use]
    pub fn listed(self, stored: &str) -> String {
        match self {
            Self::Duration => go_duration(stored.parse().unwrap_or(0)),
            Self::ByteSize => binary_size(stored.parse().unwrap_or(0)),
            Self::Enum(words) => {
                let word = stored.parse::<usize>().ok().and_then(|at| words.get(at));
                word.map_or_else(|| stored.to_owned(), |word| (*word).to_owned())
            }
            Self::Bool | Self::Int | Self::Float | Self::Text | Self::Version => stored.to_owned(),
        }
    }
}

fn not_of(words: &[&str], message: &str) -> Rejection {
    let numbered: Vec<String> = words.iter().enumerate().map(|(at, word)| format!("{at}: {word}")).collect();
    let mut rejection = Rejection::new(UNCATEGORIZED, message);
    rejection.hint = Some(format!("Available values: {}", numbered.join(", ")));
    rejection
}

/// As go-humanize's `IBytes`: one decimal below ten, none above.
fn binary_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes, 0);
    while value >= 1024 * 1024 {
        value /= 1024;
        unit += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "below 2^20 after the loop")]
    let value = (value as f64 / 1024.0 * 10.0 + 0.5).floor() / 10.0;
    if value < 10.0 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Literal {
        Literal::Text(text.to_owned())
    }

    #[test]
    fn spellings_of_one_value_are_stored_and_shown_alike() {
        for (kind, literals, listed) in [
            (Kind::Bool, vec![text("on"), text("TRUE"), Literal::Bool(true)], "true"),
            (Kind::Duration, vec![text("5m"), text("300s"), text("00:05:00")], "5m0s"),
            (Kind::ByteSize, vec![text("32MiB"), text("32 MiB"), text("33554432")], "32 MiB"),
            (Kind::ByteSize, vec![text("8MiB"), text("8388608B")], "8.0 MiB"),
            (Kind::Int, vec![Literal::Int("7".to_owned()), text("7")], "7"),
            (Kind::Enum(&["off", "auto"]), vec![text("auto"), Literal::Int("1".to_owned())], "auto"),
        ] {
            for literal in literals {
                let stored = kind.read("x", &literal).unwrap();
                assert_eq!(kind.listed(&stored), listed, "{literal:?}");
            }
        }
    }

    #[test]
    fn refusals_have_a_code_and_words() {
        let said = |kind: Kind, literal| {
            let why = kind.read("x.y", &literal).unwrap_err();
            format!("{} {why}", why.code)
        };
        assert_eq!(
            said(Kind::Bool, Literal::Int("1".to_owned())),
            "42804 argument of SET CLUSTER SETTING x.y must be type bool, not type int"
        );
        assert_eq!(
            said(Kind::Bool, text("maybe")),
            "22P02 could not parse \"maybe\" as type bool: invalid bool value"
        );
        assert!(said(Kind::Duration, text("-1s")).starts_with("XXUUU cannot be set to a negative duration"));
        assert!(said(Kind::Duration, text("1 day")).starts_with("XXUUU cannot use day or month specifiers"));
        assert!(said(Kind::ByteSize, text("lots")).starts_with("XXUUU"));
        let why = Kind::Enum(&["off", "auto"]).read("x", &text("blue")).unwrap_err();
        assert_eq!(why.message, "invalid string value 'blue' for enum setting");
        assert_eq!(why.hint.as_deref(), Some("Available values: 0: off, 1: auto"));
    }

    #[test]
    fn durations_are_intervals_when_shown_alone() {
        assert_eq!(Kind::Duration.shown("300000000000"), Shown::Interval(300_000_000_000));
    }
}
