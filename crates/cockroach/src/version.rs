use std::fmt;
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease};
use serde::{Deserialize, Serialize};

use crate::Series;

/// The version of a CockroachDB binary, such as `v24.1.0` or `v24.1.0-rc.1`.
///
/// Written as CockroachDB writes it in `cockroach version --build-tag`, in the `build` column of
/// `cockroach node status` and in the names of its archives: a `v`, three numbers, and for a testing
/// release a suffix (`-alpha.N`, `-beta.N`, `-rc.N`). `Display` and `FromStr` are inverse to each other.
///
/// Ordered by age: testing releases come before the production release that they lead to.
///
/// Source: <https://www.cockroachlabs.com/docs/releases/> (naming of releases).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Version(semver::Version);

impl Version {
    /// Returns the production release `v<major>.<minor>.<patch>`.
    #[must_use]
    pub fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self(semver::Version::new(major.into(), minor.into(), patch.into()))
    }

    /// Returns the series (major version) that this release belongs to: `v24.1` for `v24.1.3`.
    #[must_use]
    pub fn series(&self) -> Series {
        // FromStr and new() admit no number above u16::MAX.
        Series::new(narrow(self.0.major), narrow(self.0.minor))
    }

    /// Returns the number of the patch release: 3 for `v24.1.3`.
    #[must_use]
    pub fn patch(&self) -> u16 {
        narrow(self.0.patch)
    }

    /// Returns the suffix of a testing release without its dash, such as `rc.1`, and `None` for a production release.
    #[must_use]
    pub fn pre_release(&self) -> Option<&str> {
        (!self.0.pre.is_empty()).then(|| self.0.pre.as_str())
    }

    /// Returns true for a production release, false for an alpha, beta, release candidate or custom build.
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.0.pre.is_empty()
    }

    /// Returns the build tag: what `cockroach version --build-tag` prints for this version.
    ///
    /// Source: <https://www.cockroachlabs.com/docs/stable/cockroach-version>.
    #[must_use]
    pub fn build_tag(&self) -> String {
        self.to_string()
    }
}

fn narrow(n: u64) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("v{}", self.0))
    }
}

/// Why a text is not a [`Version`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a CockroachDB version: {kind}")]
pub struct VersionError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub kind: VersionErrorKind,
}

/// What is wrong with the text of a version, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionErrorKind {
    /// The leading `v` is missing; the rest is right.
    #[error("write it with a leading v, `v{0}`")]
    NoV(String),
    /// Only the series was given.
    #[error("all three numbers are needed, such as `{0}.0`")]
    SeriesOnly(Series),
    /// Build metadata (`+…`) was given; CockroachDB's releases have none.
    #[error("nothing may follow a `+`")]
    Metadata,
    /// Anything else.
    #[error("write it as in `v24.1.0` or `v24.1.0-rc.1`")]
    Shape,
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |kind| Err(VersionError { text: text.to_owned(), kind });
        let Some(rest) = text.strip_prefix('v') else {
            return match format!("v{text}").parse::<Self>() {
                Ok(_) => fail(VersionErrorKind::NoV(text.to_owned())),
                Err(VersionError { kind, .. }) => fail(kind),
            };
        };
        // A second v would let "vv1.2.3" recurse; semver refuses it below.
        match semver::Version::parse(rest) {
            Ok(v) if v.build != BuildMetadata::EMPTY => fail(VersionErrorKind::Metadata),
            Ok(v) if [v.major, v.minor, v.patch].iter().any(|n| *n > u64::from(u16::MAX)) => {
                fail(VersionErrorKind::Shape)
            }
            Ok(v) => Ok(Self(v)),
            Err(_) => match text.parse::<Series>() {
                Ok(series) => fail(VersionErrorKind::SeriesOnly(series)),
                Err(_) => fail(VersionErrorKind::Shape),
            },
        }
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl From<Series> for Version {
    /// Returns the first production release of the series.
    fn from(series: Series) -> Self {
        Self(semver::Version {
            major: series.major().into(),
            minor: series.minor().into(),
            patch: 0,
            pre: Prerelease::EMPTY,
            build: BuildMetadata::EMPTY,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn round_trips_what_cockroach_writes() {
        for text in [
            "v2.0.5",
            "v2.1.0-beta.20180910",
            "v19.2.12",
            "v20.2.0-rc.4",
            "v23.1.0-alpha.9",
            "v22.2.13-cloudonly.1",
            "v24.1.0",
            "v26.2.0-beta.1",
        ] {
            assert_eq!(v(text).to_string(), text);
            assert_eq!(v(text).build_tag(), text);
        }
    }

    #[test]
    fn orders_by_age_and_not_by_letters() {
        let ordered = [
            "v2.0.7",
            "v2.1.0",
            "v19.2.0",
            "v20.1.0",
            "v24.1.0-alpha.5",
            "v24.1.0-beta.1",
            "v24.1.0-rc.1",
            "v24.1.0-rc.10",
            "v24.1.0",
            "v24.1.9",
            "v24.1.10",
            "v24.2.0",
            "v24.10.0",
        ];
        for pair in ordered.windows(2) {
            assert!(v(pair[0]) < v(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn says_what_to_write_instead() {
        let said = |text: &str| text.parse::<Version>().unwrap_err().to_string();
        insta::assert_snapshot!(said("24.1.0"), @"`24.1.0` is not a CockroachDB version: write it with a leading v, `v24.1.0`");
        insta::assert_snapshot!(said("v24.1"), @"`v24.1` is not a CockroachDB version: all three numbers are needed, such as `v24.1.0`");
        insta::assert_snapshot!(said("24.1"), @"`24.1` is not a CockroachDB version: all three numbers are needed, such as `v24.1.0`");
        insta::assert_snapshot!(said("latest"), @"`latest` is not a CockroachDB version: write it as in `v24.1.0` or `v24.1.0-rc.1`");
        insta::assert_snapshot!(said("v24.1.0+x"), @"`v24.1.0+x` is not a CockroachDB version: nothing may follow a `+`");
    }

    #[test]
    fn refuses_what_could_reach_a_path_or_a_shell() {
        for text in [
            "",
            "v",
            "vv24.1.0",
            "v24.1.0/../x",
            "v24.1.0 ",
            " v24.1.0",
            "v24.1.0\n",
            "v24.1.0-$(x)",
            "v24.1.0;",
            "v024.1.0",
            "v24.1.99999",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn knows_its_series() {
        assert_eq!(v("v24.1.3-rc.1").series(), Series::new(24, 1));
        assert_eq!(v("v24.1.3-rc.1").patch(), 3);
        assert_eq!(v("v24.1.3-rc.1").pre_release(), Some("rc.1"));
        assert!(v("v24.1.3").is_production() && !v("v24.1.3-rc.1").is_production());
        assert_eq!(Version::from(Series::new(24, 1)), v("v24.1.0"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,30}") {
            if let Ok(version) = text.parse::<Version>() {
                prop_assert_eq!(version.to_string(), text);
            }
        }

        #[test]
        fn numbers_round_trip(major: u16, minor: u16, patch: u16, pre in proptest::option::of("(alpha|beta|rc)\\.(0|[1-9][0-9]{0,4})")) {
            let text = format!("v{major}.{minor}.{patch}{}", pre.map(|p| format!("-{p}")).unwrap_or_default());
            let version: Version = text.parse().unwrap();
            prop_assert_eq!(version.to_string(), text);
            prop_assert_eq!(version.series(), Series::new(major, minor));
        }
    }
}
