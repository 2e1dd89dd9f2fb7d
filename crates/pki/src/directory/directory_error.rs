use std::io;
use std::path::PathBuf;

use crdbctl_model::Mode;

use crate::LoadError;

/// Something that went wrong with the authority's directory.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", .path.display())]
pub struct DirectoryError {
    /// The file or directory.
    pub path: PathBuf,
    /// What went wrong.
    pub kind: DirectoryErrorKind,
}

/// What went wrong with the authority's directory.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryErrorKind {
    /// Group or others may do something with it.
    #[error("mode {mode} lets others at the authority's key; run: chmod {remedy} {path}")]
    TooOpen {
        /// Its mode.
        mode: Mode,
        /// The mode that it should have.
        remedy: Mode,
        /// Itself, quoted for a shell.
        path: String,
    },
    /// It is not a directory.
    #[error("is not a directory")]
    NotADirectory,
    /// It is not a regular file.
    #[error("is not a regular file")]
    NotAFile,
    /// It is larger than anything that belongs there.
    #[error("is larger than 1 MiB, which no certificate or key is")]
    TooLarge,
    /// A key is not text.
    #[error("is not a PEM text")]
    NotText,
    /// There is a key whose certificate is gone.
    #[error(
        "the key is here and ca.crt is not; put ca.crt back, or move the key away to begin a new authority"
    )]
    KeyWithoutCertificate,
    /// The authority cannot be used.
    #[error(transparent)]
    Authority(#[from] LoadError),
    /// A key or a certificate is there already, and is not overwritten.
    #[error("is there already and is not overwritten")]
    Exists,
    /// An older key is there already under the name that this one would be kept under.
    #[error("another key is there already: move it away, it is not overwritten")]
    OldKeyInTheWay,
    /// An authority without a key was to be written.
    #[error("an authority without its key cannot be stored")]
    NoKey,
    /// The system refused.
    #[error("cannot {action}: {error}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// What came back.
        error: io::Error,
    },
}

impl DirectoryError {
    pub(super) fn new(path: impl Into<PathBuf>, kind: DirectoryErrorKind) -> Self {
        Self { path: path.into(), kind }
    }

    pub(super) fn io(path: impl Into<PathBuf>, action: &'static str, error: io::Error) -> Self {
        Self::new(path, DirectoryErrorKind::Io { action, error })
    }
}
