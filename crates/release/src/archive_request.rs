use std::path::PathBuf;

use crdbctl_cockroach::Version;
use crdbctl_cockroach::archive::Arch;
use crdbctl_model::Digest;

/// The archive that a manifest asks for, for one processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveRequest {
    /// Where it is, as the manifest says it: a URL (`https://`, `http://`, `file:///`) or a path, with `{version}`,
    /// `{os}` and `{arch}` in it. [`DEFAULT_URL`](crdbctl_cockroach::archive::DEFAULT_URL) when the manifest says nothing.
    pub source: String,
    /// The directory that a relative path starts from: the manifest's.
    pub base: PathBuf,
    /// The version of CockroachDB.
    pub version: Version,
    /// The processor.
    pub arch: Arch,
    /// The SHA-256 that the manifest pins; without it the published `.sha256sum` decides.
    pub sha256: Option<Digest>,
    /// The cache directory; made when missing, with mode 0700.
    pub cache: PathBuf,
}
