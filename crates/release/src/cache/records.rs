use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crdbctl_model::{ArchiveInfo, Digest};
use serde::{Deserialize, Serialize};

use super::{Cache, CacheError, Stamp};

/// Goes up whenever a record's shape or the rules for members change: older records are then made again.
const FORMAT: u32 = 2;

/// The digest that a file had.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    format: u32,
    path: String,
    stamp: Stamp,
    digest: Digest,
}

/// What is inside an archive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Indexed {
    format: u32,
    package: String,
    archive: ArchiveInfo,
    /// The digest of the package and the archive: a file that was edited or damaged is as good as none.
    check: Digest,
}

/// The checksum that was published beside a URL, and that an archive from there has met.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Published {
    format: u32,
    digest: Digest,
}

impl Seen {
    /// Returns the digest of a file that has this stamp still.
    pub(crate) fn recall(cache: &Cache, path: &Path, stamp: &Stamp) -> Option<Digest> {
        let seen: Option<Self> = cache.recall("seen", &Digest::of(path.as_os_str().as_bytes()));
        seen.filter(|seen| seen.format == FORMAT && seen.stamp == *stamp).map(|seen| seen.digest)
    }

    /// Takes note of a file's digest, unless it changed so shortly before `moment` that it may change unseen.
    pub(crate) fn remember(
        cache: &Cache,
        path: &Path,
        stamp: &Stamp,
        digest: Digest,
        (moment, doubt): (SystemTime, Duration),
    ) -> Result<(), CacheError> {
        if !stamp.settled(moment, doubt) {
            return Ok(());
        }
        let seen = Self { format: FORMAT, path: path.display().to_string(), stamp: *stamp, digest };
        cache.remember("seen", &Digest::of(path.as_os_str().as_bytes()), &seen)
    }
}

impl Indexed {
    pub(crate) fn recall(cache: &Cache, digest: &Digest, package: &str) -> Option<ArchiveInfo> {
        let indexed: Option<Self> = cache.recall("index", digest);
        let fits = |found: &Self| {
            found.format == FORMAT
                && found.package == package
                && found.archive.digest == *digest
                && found.check == check(package, &found.archive)
                && found.archive.is_proper()
        };
        indexed.filter(fits).map(|found| found.archive)
    }

    pub(crate) fn remember(cache: &Cache, package: &str, archive: &ArchiveInfo) -> Result<(), CacheError> {
        let check = check(package, archive);
        let indexed = Self { format: FORMAT, package: package.to_owned(), archive: archive.clone(), check };
        cache.remember("index", &archive.digest, &indexed)
    }
}

fn check(package: &str, archive: &ArchiveInfo) -> Digest {
    Digest::of_json(&(package, archive))
}

impl Published {
    /// Returns the checksum; `url` may hold secrets: only its digest is kept.
    pub(crate) fn recall(cache: &Cache, url: &str) -> Option<Digest> {
        let published: Option<Self> = cache.recall("urls", &Digest::of(url));
        published.filter(|found| found.format == FORMAT).map(|found| found.digest)
    }

    pub(crate) fn remember(cache: &Cache, url: &str, digest: Digest) -> Result<(), CacheError> {
        cache.remember("urls", &Digest::of(url), &Self { format: FORMAT, digest })
    }
}
