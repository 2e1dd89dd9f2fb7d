//! Releases and series of the program that is played.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A release series such as `v24.1`, ordered by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Series {
    /// Year of the release, or 2 for `v2.0` and `v2.1`.
    pub year: u16,
    /// Ordinal within the year.
    pub ordinal: u16,
}

impl Series {
    /// Names a series without checking that it was ever published.
    #[must_use]
    pub const fn new(year: u16, ordinal: u16) -> Self {
        Self { year, ordinal }
    }

    /// Returns the oldest cluster version whose data this series can open.
    ///
    /// A series opens its predecessor's data. The series after an Innovation release also opens the
    /// Regular release before that one (upgrade overview in the CockroachDB documentation). A series
    /// that is not in the table opens only its own data.
    #[must_use]
    pub fn oldest_data(self) -> Self {
        let Some(at) = KNOWN.iter().position(|(series, _)| *series == self) else {
            return self;
        };
        let Some(previous) = at.checked_sub(1) else {
            return self;
        };
        match (KNOWN[previous].1, previous.checked_sub(1)) {
            (Kind::Innovation, Some(before)) => KNOWN[before].0,
            _ => KNOWN[previous].0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Regular,
    Innovation,
}

/// Every series in order of publication; which ones are Innovation releases decides which jumps work.
const KNOWN: &[(Series, Kind)] = &[
    (Series::new(2, 0), Kind::Regular),
    (Series::new(2, 1), Kind::Regular),
    (Series::new(19, 1), Kind::Regular),
    (Series::new(19, 2), Kind::Regular),
    (Series::new(20, 1), Kind::Regular),
    (Series::new(20, 2), Kind::Regular),
    (Series::new(21, 1), Kind::Regular),
    (Series::new(21, 2), Kind::Regular),
    (Series::new(22, 1), Kind::Regular),
    (Series::new(22, 2), Kind::Regular),
    (Series::new(23, 1), Kind::Regular),
    (Series::new(23, 2), Kind::Regular),
    (Series::new(24, 1), Kind::Regular),
    (Series::new(24, 2), Kind::Innovation),
    (Series::new(24, 3), Kind::Regular),
    (Series::new(25, 1), Kind::Innovation),
    (Series::new(25, 2), Kind::Regular),
    (Series::new(25, 3), Kind::Innovation),
    (Series::new(25, 4), Kind::Regular),
    (Series::new(26, 1), Kind::Innovation),
    (Series::new(26, 2), Kind::Regular),
    (Series::new(26, 3), Kind::Innovation),
];

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.year, self.ordinal)
    }
}

impl From<Series> for String {
    fn from(series: Series) -> Self {
        series.to_string()
    }
}

impl TryFrom<String> for Series {
    type Error = BadRelease;

    fn try_from(text: String) -> Result<Self, BadRelease> {
        text.parse()
    }
}

impl FromStr for Series {
    type Err = BadRelease;

    fn from_str(text: &str) -> Result<Self, BadRelease> {
        let bad = || BadRelease(text.to_owned());
        let (year, ordinal) = text.strip_prefix('v').and_then(|rest| rest.split_once('.')).ok_or_else(bad)?;
        Ok(Self { year: number(year).ok_or_else(bad)?, ordinal: number(ordinal).ok_or_else(bad)? })
    }
}

/// A production release such as `v24.1.0`; the whole of a build tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Release {
    /// The series it belongs to.
    pub series: Series,
    /// Patch number within the series.
    pub patch: u16,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.series, self.patch)
    }
}

impl From<Release> for String {
    fn from(release: Release) -> Self {
        release.to_string()
    }
}

impl TryFrom<String> for Release {
    type Error = BadRelease;

    fn try_from(text: String) -> Result<Self, BadRelease> {
        text.parse()
    }
}

impl FromStr for Release {
    type Err = BadRelease;

    fn from_str(text: &str) -> Result<Self, BadRelease> {
        let bad = || BadRelease(text.to_owned());
        let (series, patch) = text.rsplit_once('.').ok_or_else(bad)?;
        Ok(Self { series: series.parse().map_err(|_| bad())?, patch: number(patch).ok_or_else(bad)? })
    }
}

/// Digits only, no sign and no superfluous zero, so that a release has one spelling.
fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// Text that is no production release; pre-releases are not played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a release such as v24.1.0")]
pub struct BadRelease(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_round_trip() {
        for text in ["v2.0.5", "v24.1.0", "v26.2.11"] {
            assert_eq!(text.parse::<Release>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["24.1.0", "v24.1", "v24.01.0", "v24.1.0-rc.1", "v24.1.+1", "v24.1.", "v..", ""] {
            assert!(text.parse::<Release>().is_err(), "{text}");
        }
    }

    #[test]
    fn releases_order_by_number_not_by_text() {
        assert!("v24.1.10".parse::<Release>().unwrap() > "v24.1.9".parse::<Release>().unwrap());
        assert!("v19.2.0".parse::<Release>().unwrap() > "v2.1.9".parse::<Release>().unwrap());
    }

    #[test]
    fn an_innovation_release_may_be_skipped_and_nothing_else() {
        for (series, oldest) in [
            ("v24.1", "v23.2"),
            ("v24.2", "v24.1"),
            ("v24.3", "v24.1"),
            ("v25.1", "v24.3"),
            ("v25.2", "v24.3"),
            ("v26.2", "v25.4"),
        ] {
            assert_eq!(series.parse::<Series>().unwrap().oldest_data().to_string(), oldest, "{series}");
        }
    }
}
