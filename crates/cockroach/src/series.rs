use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A series of CockroachDB releases, such as `v24.1`: what CockroachDB calls a major version.
///
/// Binaries of one series read and write the same data format; going from one series to another is an
/// upgrade with rules of its own (see [`crate::upgrade`]). Source: <https://www.cockroachlabs.com/docs/releases/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Series {
    major: u16,
    minor: u16,
}

impl Series {
    /// Returns the series `v<major>.<minor>`.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Returns the first number: the year from 2019 on (24 for `v24.1`).
    #[must_use]
    pub const fn major(self) -> u16 {
        self.major
    }

    /// Returns the second number: 1 for `v24.1`.
    #[must_use]
    pub const fn minor(self) -> u16 {
        self.minor
    }

    /// Returns the series as the cluster setting `version` shows it, without a `v`: `24.1`.
    ///
    /// Source: <https://www.cockroachlabs.com/docs/stable/upgrade-cockroach-version> (finalization).
    #[must_use]
    pub fn setting(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("v{}.{}", self.major, self.minor))
    }
}

/// Why a text is not a [`Series`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a CockroachDB series: write it as in `v24.1`")]
pub struct SeriesError {
    /// What was given.
    pub text: String,
}

impl FromStr for Series {
    type Err = SeriesError;

    /// Parses `v24.1`, and `24.1` as the cluster setting `version` has it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || SeriesError { text: text.to_owned() };
        let (major, minor) = text.strip_prefix('v').unwrap_or(text).split_once('.').ok_or_else(fail)?;
        match (number(major), number(minor)) {
            (Some(major), Some(minor)) => Ok(Self { major, minor }),
            _ => Err(fail()),
        }
    }
}

/// Returns a decimal number without sign, blanks or leading zeros, all of which `u16::from_str` or readers let pass.
fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

impl TryFrom<String> for Series {
    type Error = SeriesError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Series> for String {
    fn from(series: Series) -> Self {
        series.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn round_trips_with_and_without_v() {
        let series: Series = "v24.1".parse().unwrap();
        assert_eq!(series.to_string(), "v24.1");
        assert_eq!(series.setting(), "24.1");
        assert_eq!("24.1".parse(), Ok(series));
    }

    #[test]
    fn orders_by_number() {
        assert!(Series::new(2, 1) < Series::new(19, 1));
        assert!(Series::new(9, 9) < Series::new(10, 0));
    }

    #[test]
    fn refuses_other_texts() {
        for text in [
            "",
            "v",
            "24",
            "v24.",
            "v.1",
            "v24.1.0",
            "v24.1-2",
            "v+24.1",
            "v024.1",
            "v24.01",
            "vv24.1",
            "24.1-upgrading",
        ] {
            assert!(text.parse::<Series>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(major: u16, minor: u16) {
            let series = Series::new(major, minor);
            prop_assert_eq!(series.to_string().parse(), Ok(series));
            prop_assert_eq!(series.setting().parse(), Ok(series));
        }
    }
}
