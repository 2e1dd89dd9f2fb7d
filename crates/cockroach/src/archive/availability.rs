use super::Arch;
use crate::{Series, Version, releases};

/// Why an archive was never published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CockroachDB {version} has no archive for {arch}; the first that has one is {since}")]
pub struct Unavailable {
    /// The version that was asked for.
    pub version: Version,
    /// The processor that it was asked for.
    pub arch: Arch,
    /// The first version with an archive for it.
    pub since: Version,
}

/// Checks that a version was published for a processor: arm64 from v22.2.14 on, amd64 always.
///
/// Source: <https://www.cockroachlabs.com/docs/releases/v22.2>.
///
/// # Errors
/// When it was not.
pub fn availability(version: &Version, arch: Arch) -> Result<(), Unavailable> {
    let since = Version::new(22, 2, 14);
    if arch == Arch::Arm64 && *version < since {
        return Err(Unavailable { version: version.clone(), arch, since });
    }
    Ok(())
}

/// Whether the download server has a `.sha256sum` beside an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishedChecksum {
    /// It has one.
    Yes,
    /// It has none: the manifest must give the SHA-256.
    No,
    /// Not known: it is so for testing releases.
    Unknown,
}

/// Returns whether a version has a published checksum: production releases have one from v21.1 on.
///
/// Source: <https://www.cockroachlabs.com/docs/releases/>.
#[must_use]
pub fn published_checksum(version: &Version) -> PublishedChecksum {
    if version.series() < Series::new(21, 1) {
        PublishedChecksum::No
    } else if version.is_production() {
        PublishedChecksum::Yes
    } else {
        PublishedChecksum::Unknown
    }
}

/// Returns a sentence for an archive that could not be downloaded, when its series is one that is withdrawn.
///
/// There is no clock here: the sentence names the day and leaves it to the reader whether that is past.
#[must_use]
pub fn withdrawal_note(version: &Version) -> Option<String> {
    let release = releases::find(version.series())?;
    let day = release.withdrawn?;
    Some(format!(
        "Archives of {} are withdrawn from binaries.cockroachdb.com from {day} on; \
         take this one from a mirror or a file of your own (`cockroach.archive`).",
        release.series
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn arm_came_late() {
        assert!(availability(&v("v22.2.14"), Arch::Arm64).is_ok());
        assert!(availability(&v("v23.1.0"), Arch::Arm64).is_ok());
        assert!(availability(&v("v2.0.0"), Arch::Amd64).is_ok());
        insta::assert_snapshot!(availability(&v("v22.2.13"), Arch::Arm64).unwrap_err(), @"CockroachDB v22.2.13 has no archive for arm64; the first that has one is v22.2.14");
    }

    #[test]
    fn checksums_came_with_v21_1() {
        assert_eq!(published_checksum(&v("v20.2.19")), PublishedChecksum::No);
        assert_eq!(published_checksum(&v("v21.1.0")), PublishedChecksum::Yes);
        assert_eq!(published_checksum(&v("v99.1.0")), PublishedChecksum::Yes);
        assert_eq!(published_checksum(&v("v24.1.0-rc.1")), PublishedChecksum::Unknown);
    }

    #[test]
    fn old_archives_are_withdrawn() {
        insta::assert_snapshot!(withdrawal_note(&v("v20.2.19")).unwrap(), @"Archives of v20.2 are withdrawn from binaries.cockroachdb.com from 2025-05-12 on; take this one from a mirror or a file of your own (`cockroach.archive`).");
        assert_eq!(withdrawal_note(&v("v24.1.0")), None);
        assert_eq!(withdrawal_note(&v("v99.1.0")), None);
    }
}
