use std::path::PathBuf;

use crdbctl_model::ArchiveInfo;

use crate::ChecksumSource;

/// An archive on this machine, verified and indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalArchive {
    /// Where it is: the file that the manifest names, or the downloaded one in the cache.
    pub path: PathBuf,
    /// Its digest, its size and its members.
    pub info: ArchiveInfo,
    /// What said that its digest is the right one.
    pub checksum: ChecksumSource,
}
