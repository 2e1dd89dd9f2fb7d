//! The series of CockroachDB that are known, with their kinds.
//!
//! Source: `_data/versions.csv` of <https://github.com/cockroachdb/docs> and
//! <https://www.cockroachlabs.com/docs/releases/>.

use crate::Series;

/// What is known of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// The series.
    pub series: Series,
    /// Its kind, which decides what may be skipped in an upgrade.
    pub kind: ReleaseKind,
    /// The month of its first production release, `2024-05`; `None` where it is not recorded here.
    pub released: Option<&'static str>,
    /// The day from which its archives are withdrawn from the download server, `2024-01-01`, as announced.
    pub withdrawn: Option<&'static str>,
}

/// The kind of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseKind {
    /// Supported for long, never skipped.
    Regular,
    /// Supported for a short time; may be skipped on the way from one regular series to the next.
    Innovation,
    /// Known to exist, its kind not confirmed: never skipped and never skipped to.
    Unconfirmed,
}

const fn regular(major: u16, minor: u16, released: &'static str) -> Release {
    Release {
        series: Series::new(major, minor),
        kind: ReleaseKind::Regular,
        released: if released.is_empty() { None } else { Some(released) },
        withdrawn: None,
    }
}

const fn innovation(major: u16, minor: u16, released: &'static str) -> Release {
    Release { kind: ReleaseKind::Innovation, ..regular(major, minor, released) }
}

const fn withdrawn(release: Release, day: &'static str) -> Release {
    Release { withdrawn: Some(day), ..release }
}

/// Every known series, the oldest first.
static RELEASES: &[Release] = &[
    withdrawn(regular(2, 0, "2018-04"), "2024-01-01"),
    withdrawn(regular(2, 1, "2018-10"), "2024-01-01"),
    withdrawn(regular(19, 1, ""), "2024-01-01"),
    withdrawn(regular(19, 2, ""), "2024-01-01"),
    withdrawn(regular(20, 1, ""), "2025-05-12"),
    withdrawn(regular(20, 2, ""), "2025-05-12"),
    withdrawn(regular(21, 1, ""), "2025-05-18"),
    withdrawn(regular(21, 2, ""), "2025-11-16"),
    withdrawn(regular(22, 1, ""), "2026-05-24"),
    withdrawn(regular(22, 2, ""), "2026-12-05"),
    withdrawn(regular(23, 1, ""), "2027-05-15"),
    withdrawn(regular(23, 2, "2024-02"), "2028-02-05"),
    regular(24, 1, "2024-05"),
    innovation(24, 2, "2024-08"),
    regular(24, 3, "2024-11"),
    innovation(25, 1, "2025-02"),
    regular(25, 2, "2025-05"),
    innovation(25, 3, "2025-08"),
    regular(25, 4, "2025-11"),
    innovation(26, 1, "2026-02"),
    regular(26, 2, "2026-04"),
    Release { kind: ReleaseKind::Unconfirmed, ..regular(26, 3, "") },
];

/// Returns every known series, the oldest first, each the next one after the one before it.
#[must_use]
pub fn all() -> &'static [Release] {
    RELEASES
}

/// Returns what is known of a series, `None` for one that is not known.
#[must_use]
pub fn find(series: Series) -> Option<&'static Release> {
    place(series).and_then(|at| RELEASES.get(at))
}

/// Returns the newest known series.
#[must_use]
pub fn newest() -> Series {
    RELEASES.last().map_or(Series::new(26, 3), |release| release.series)
}

/// Returns the place of a series in [`all`].
pub(crate) fn place(series: Series) -> Option<usize> {
    RELEASES.binary_search_by_key(&series, |release| release.series).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_in_order() {
        assert!(RELEASES.windows(2).all(|pair| pair[0].series < pair[1].series));
        assert_eq!(newest(), Series::new(26, 3));
    }

    #[test]
    fn an_innovation_release_stands_between_regular_ones() {
        for three in RELEASES.windows(3) {
            if three[1].kind == ReleaseKind::Innovation {
                assert_eq!((three[0].kind, three[2].kind), (ReleaseKind::Regular, ReleaseKind::Regular));
            }
        }
    }
}
