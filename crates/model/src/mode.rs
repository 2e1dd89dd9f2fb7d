use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The permission bits of a file (0 to 07777), shown as four octal digits: `0750`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mode(u32);

/// Text that is not a file mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a file mode: write octal digits such as 0750")]
pub struct ParseModeError {
    text: String,
}

impl Mode {
    /// Returns the mode with the permission bits of `bits`; the file type bits are dropped.
    pub const fn new(bits: u32) -> Self {
        Self(bits & 0o7777)
    }

    /// Returns the permission bits.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl FromStr for Mode {
    type Err = ParseModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match u32::from_str_radix(text, 8) {
            Ok(bits) if bits <= 0o7777 && !text.starts_with('+') => Ok(Self(bits)),
            _ => Err(ParseModeError { text: text.chars().take(80).collect() }),
        }
    }
}

impl TryFrom<String> for Mode {
    type Error = ParseModeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        mode.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_in_octal() {
        for (text, bits) in [("0750", 0o750), ("0", 0), ("7777", 0o7777), ("1777", 0o1777)] {
            let mode: Mode = text.parse().unwrap();
            assert_eq!(mode.bits(), bits);
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        for bad in ["", "8", "0o750", "10000", "+750", "-1", "rwx"] {
            assert!(bad.parse::<Mode>().is_err(), "{bad}");
        }
        assert_eq!(Mode::new(0o100_644).to_string(), "0644");
    }
}
