use std::io;
use std::path::PathBuf;

/// Why the cache cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the cache at {}: {kind}", path.display())]
pub struct CacheError {
    /// The file or directory in question.
    pub path: PathBuf,
    /// What is wrong.
    pub kind: CacheErrorKind,
}

/// What is wrong with the cache.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheErrorKind {
    /// The system refused something.
    #[error("cannot {doing}: {error}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What came back.
        error: io::Error,
    },
    /// Others may write there, and so put other archives under a digest.
    #[error("others may write there (mode {mode:04o}): run chmod go-w on it, or use another directory")]
    Writable {
        /// Its mode.
        mode: u32,
    },
    /// It belongs to another user, who may put other archives under a digest.
    #[error(
        "it belongs to the user with the number {owner}, and crdbctl runs as {user}: use another directory"
    )]
    Foreign {
        /// Whose it is.
        owner: u32,
        /// Who runs.
        user: u32,
    },
}

impl CacheError {
    /// Returns a function that makes an error of what the system says.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |error| Self { path: path.into(), kind: CacheErrorKind::Io { doing, error } }
    }
}
