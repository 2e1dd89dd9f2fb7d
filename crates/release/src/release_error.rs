use std::io;
use std::path::PathBuf;

use crdbctl_cockroach::archive::{ChecksumError, TemplateError, Unavailable};
use crdbctl_model::Digest;

use crate::{CacheError, ChecksumSource, FetchError, LocationError, MemberError};

/// Why an archive cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}{kind}", about(archive, kind))]
pub struct ReleaseError {
    /// The archive: its path, or its URL without secrets.
    pub archive: String,
    /// What is wrong with it, and what to do.
    pub kind: Box<ReleaseErrorKind>,
}

impl ReleaseError {
    /// Returns whether the archive could not be had, so that nothing is known of it; else it, or what the manifest says of it, is
    /// wrong.
    pub fn is_unavailable(&self) -> bool {
        matches!(*self.kind, ReleaseErrorKind::Missing | ReleaseErrorKind::Fetch(_))
    }
}

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseErrorKind {
    /// The template has a mistake.
    #[error("cockroach.archive cannot be read: {0}")]
    Template(TemplateError),
    /// The place is no place.
    #[error("cockroach.archive cannot be read: {0}")]
    Location(LocationError),
    /// This version was never published for this processor.
    #[error("{0}")]
    NeverPublished(Unavailable),
    /// Nothing says which SHA-256 it shall have.
    #[error(
        "nothing says which SHA-256 it shall have: {tried}. Take the digest from a source that you trust \
         and write it as cockroach.sha256"
    )]
    NoChecksum {
        /// Where it was looked for, and what came back.
        tried: String,
    },
    /// The checksum would come over plain http.
    #[error(
        "its checksum would come over plain http, where anyone on the way can change both: \
         use https, or write its SHA-256 as cockroach.sha256"
    )]
    InsecureChecksum,
    /// The URL has a query, so that no checksum can stand beside it.
    #[error(
        "a URL with a query has no .sha256sum beside it: write the archive's SHA-256 as cockroach.sha256"
    )]
    NoChecksumBesideQuery,
    /// What the `.sha256sum` holds is no checksum of this archive.
    #[error("its checksum at {place} cannot be read: {}", error.kind)]
    Checksum {
        /// The `.sha256sum`.
        place: String,
        /// What is wrong with it.
        error: ChecksumError,
    },
    /// Its bytes are other ones.
    #[error(
        "its SHA-256 is {actual}, and not {expected} as {by} says ({size} bytes): \
         it is damaged, incomplete or another archive; fetch it again, or correct the digest"
    )]
    Mismatch {
        /// What it shall have.
        expected: Digest,
        /// What it has.
        actual: Digest,
        /// What says so.
        by: ChecksumSource,
        /// How many bytes it has.
        size: u64,
    },
    /// A file of this machine cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What came back.
        error: io::Error,
    },
    /// There is no such file.
    #[error("there is no such file; a relative path starts from the manifest's directory")]
    Missing,
    /// It is a directory, a device or the like.
    #[error("it is not a regular file")]
    NotAFile,
    /// It changed while it was read.
    #[error("it changed while it was read: is it still being copied? Try again when it is whole")]
    Changed,
    /// It is larger than any archive.
    #[error("it has {size} bytes, more than the {limit} that an archive may have")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The most.
        limit: u64,
    },
    /// It cannot be downloaded.
    #[error("{0}")]
    Fetch(FetchError),
    /// The cache cannot be used.
    #[error("{0}")]
    Cache(CacheError),
    /// What is in it is not what an archive of CockroachDB holds.
    #[error("{0}")]
    Member(MemberError),
}

/// Names the archive, unless what follows begins with it.
fn about(archive: &str, kind: &ReleaseErrorKind) -> String {
    match kind {
        ReleaseErrorKind::Fetch(error) if error.url == archive => String::new(),
        _ => format!("{archive}: "),
    }
}

impl From<CacheError> for ReleaseErrorKind {
    fn from(error: CacheError) -> Self {
        Self::Cache(error)
    }
}

impl From<FetchError> for ReleaseErrorKind {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

impl From<MemberError> for ReleaseErrorKind {
    fn from(error: MemberError) -> Self {
        Self::Member(error)
    }
}
