use std::fmt;
use std::str::FromStr;

use crate::Series;

/// The version of a cluster as `SHOW CLUSTER SETTING version` tells it.
///
/// It follows the nodes' versions only when an upgrade is finalised: `24.1` before and long after the first node of
/// v24.3 has started, `24.1-upgrading-to-24.3-step-004` meanwhile (older versions: `23.1-8`), `24.3` at the end.
/// Source: `pkg/roachpb/version.go` of <https://github.com/cockroachdb/cockroach>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterVersion {
    /// Its data is of this series, and nothing is in progress.
    Final(Series),
    /// An upgrade is being finalised: there is no way back.
    Upgrading {
        /// The series that it comes from.
        from: Series,
        /// The series that it goes to, where the text says it.
        to: Option<Series>,
        /// The text.
        text: String,
    },
}

/// Why a text is not a [`ClusterVersion`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the version of a cluster: it should begin as `24.1` does")]
pub struct ClusterVersionError {
    /// What was given.
    pub text: String,
}

impl ClusterVersion {
    /// Returns the series that the cluster's data is of, as far as that is certain.
    #[must_use]
    pub const fn series(&self) -> Series {
        match self {
            Self::Final(series) => *series,
            Self::Upgrading { from, .. } => *from,
        }
    }

    /// Returns whether nothing is in progress and the data is of `series`.
    #[must_use]
    pub fn is_final(&self, series: Series) -> bool {
        *self == Self::Final(series)
    }
}

impl FromStr for ClusterVersion {
    type Err = ClusterVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let fail = || ClusterVersionError { text: text.chars().take(80).collect() };
        let (series, rest) = text.split_at(text.find('-').unwrap_or(text.len()));
        // A series may have a v, the setting never has.
        if !series.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(fail());
        }
        let from: Series = series.parse().map_err(|_| fail())?;
        if rest.is_empty() {
            return Ok(Self::Final(from));
        }
        let to = rest.strip_prefix("-upgrading-to-").and_then(|to| to.split('-').next()?.parse().ok());
        Ok(Self::Upgrading { from, to, text: text.chars().take(80).collect() })
    }
}

impl fmt::Display for ClusterVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final(series) => f.pad(&series.setting()),
            Self::Upgrading { text, .. } => f.pad(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_two_numbers_are_final() {
        let series = Series::new(24, 1);
        assert_eq!("24.1".parse(), Ok(ClusterVersion::Final(series)));
        assert_eq!("24.1\n".parse(), Ok(ClusterVersion::Final(series)));
        let to = |text: &str| match text.parse() {
            Ok(ClusterVersion::Upgrading { from, to, .. }) => {
                (from.setting(), to.map(Series::setting).unwrap_or_default())
            }
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(to("23.2-upgrading-to-24.1-step-004"), ("23.2".to_owned(), "24.1".to_owned()));
        assert_eq!(to("23.1-8"), ("23.1".to_owned(), String::new()));
        assert_eq!(to("24.1-upgrading-final-step"), ("24.1".to_owned(), String::new()));
        for text in ["", "v24.1", "24", "24.1.0", "NULL", "1000024.1-2", "24.1 upgrading"] {
            assert!(text.parse::<ClusterVersion>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9.v-]{0,12}\\PC{0,12}") {
            if let Ok(version) = text.parse::<ClusterVersion>() {
                prop_assert!(text.trim().starts_with(&version.series().setting()));
            }
        }
    }
}
