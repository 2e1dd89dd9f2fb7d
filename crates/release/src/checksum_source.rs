use std::fmt;
use std::path::PathBuf;

/// What says which SHA-256 an archive shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChecksumSource {
    /// The manifest (`cockroach.sha256`).
    Manifest,
    /// A `.sha256sum` file beside the archive.
    File(PathBuf),
    /// A `.sha256sum` published beside the archive's URL, read over https; without user name and query.
    Url(String),
}

impl fmt::Display for ChecksumSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => f.write_str("cockroach.sha256 of the manifest"),
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => f.write_str(url),
        }
    }
}
