use std::fs::{File, TryLockError};
use std::io;

use crdbctl_model::Digest;

use super::{Cache, CacheError};

/// The right to download one archive, held by one thread of one process at a time.
///
/// It is a flock(2): the system lets go of it when the process ends, however it ends. The lock's file stays, for
/// removing it would let two hold it.
#[derive(Debug)]
pub(crate) struct DownloadLock {
    held: Option<File>,
}

impl DownloadLock {
    /// Waits for the lock; `waiting` is called first when another holds it.
    pub(crate) fn take(cache: &Cache, digest: &Digest, waiting: impl FnOnce()) -> Result<Self, CacheError> {
        let path = cache.archives().join(format!("{digest}.lock"));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(CacheError::io("open", &path))?;
        let locked = match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock()
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        match locked {
            Ok(()) => Ok(Self { held: Some(file) }),
            // Some network file systems have no locks. Two then download, each into a file of its own.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Self { held: None }),
            Err(error) => Err(CacheError::io("lock", path)(error)),
        }
    }

    /// Removes what downloads of this archive left behind that were cut off; only the lock's holder may.
    pub(crate) fn sweep(&self, cache: &Cache, digest: &Digest) -> Result<(), CacheError> {
        if self.held.is_none() {
            return Ok(());
        }
        let directory = cache.archives();
        let prefix = super::incoming::prefix(digest);
        let entries = std::fs::read_dir(&directory).map_err(CacheError::io("list", &directory))?;
        for entry in entries {
            let entry = entry.map_err(CacheError::io("list", &directory))?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                let path = entry.path();
                match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(CacheError::io("remove", path)(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
