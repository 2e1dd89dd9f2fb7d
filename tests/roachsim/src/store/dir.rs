//! Reads and writes a store directory, and keeps other processes out of it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::contents::{Contents, UnfitStore};
use crate::cluster::StoreUuid;
use crate::release::Release;

const FILE: &str = "roachsim.json";
const LOCK: &str = "LOCK";

/// A store directory that this process holds.
#[derive(Debug)]
pub struct StoreDir {
    path: PathBuf,
    /// Locked as long as the process lives.
    _lock: File,
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("lock {}: resource temporarily unavailable", .0.display())]
    Locked(PathBuf),
    /// A file could not be read or written.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What came back.
        source: io::Error,
    },
    /// This release may not open it.
    #[error(transparent)]
    Unfit(#[from] UnfitStore),
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { what, path, source }
}

impl StoreDir {
    /// Opens a directory, which is made when missing, for a release.
    ///
    /// # Errors
    /// When another process has it, its files cannot be used, or the release does not fit its data.
    pub fn open(path: &Path, release: Release) -> Result<(Self, Contents), StoreError> {
        fs::create_dir_all(path).map_err(failed("mkdir", path))?;
        let lock_path = path.join(LOCK);
        let open = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock = open.map_err(failed("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked(lock_path)),
            Err(TryLockError::Error(error)) => return Err(failed("lock", &lock_path)(error)),
        }
        let dir = Self { path: path.to_owned(), _lock: lock };
        let file = path.join(FILE);
        let contents = match fs::read(&file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| failed("parse", &file)(error.into()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Contents::new(StoreUuid::random(), release)
            }
            Err(error) => return Err(failed("open", &file)(error)),
        };
        contents.fits(release)?;
        Ok((dir, contents))
    }

    /// Replaces what is stored. A killed process leaves the old or the new contents, never a part.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn save(&self, contents: &Contents) -> Result<(), StoreError> {
        let file = self.path.join(FILE);
        let temporary = self.path.join("roachsim.json.new");
        let bytes = serde_json::to_vec(contents).map_err(|error| failed("encode", &file)(error.into()))?;
        let write = || {
            let mut out = File::create(&temporary)?;
            out.write_all(&bytes)?;
            fs::rename(&temporary, &file)
        };
        write().map_err(failed("write", &file))
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::NodeId;

    #[test]
    fn contents_survive_and_a_second_process_is_kept_out() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        let release = "v24.1.0".parse().unwrap();
        let (dir, mut contents) = StoreDir::open(&path, release).unwrap();
        contents.grants.insert(NodeId(4), StoreUuid::numbered(7));
        dir.save(&contents).unwrap();
        let second = StoreDir::open(&path, release).unwrap_err();
        assert!(second.to_string().ends_with("LOCK: resource temporarily unavailable"), "{second}");
        drop(dir);
        assert_eq!(StoreDir::open(&path, release).unwrap().1, contents);
    }

    #[test]
    fn a_damaged_store_is_no_empty_store() {
        let temporary = tempfile::tempdir().unwrap();
        fs::write(temporary.path().join(FILE), b"{").unwrap();
        let error = StoreDir::open(temporary.path(), "v24.1.0".parse().unwrap()).unwrap_err();
        assert!(error.to_string().starts_with("parse "), "{error}");
    }
}
