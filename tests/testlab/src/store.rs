use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::{env, io};

use crate::error::{Doing as _, LabError};
use crate::subnet::Subnet;

/// Where labs keep their files: base trees, labs, locks.
///
/// `/var/cache/crdbctl-lab`, or what the environment variable `CRDBCTL_LAB_DIR` names. It must lie on a
/// file system that an overlay can write to, which another overlay is not.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    root: PathBuf,
}

impl Store {
    pub(crate) fn open() -> Result<Self, LabError> {
        let root = env::var_os("CRDBCTL_LAB_DIR")
            .map_or_else(|| PathBuf::from("/var/cache/crdbctl-lab"), PathBuf::from);
        let store = Self { root };
        for directory in [store.bases(), store.labs(), store.trash()] {
            fs::create_dir_all(&directory).doing(|| format!("creating {}", directory.display()))?;
        }
        Ok(store)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn bases(&self) -> PathBuf {
        self.root.join("bases")
    }

    pub(crate) fn labs(&self) -> PathBuf {
        self.root.join("labs")
    }

    pub(crate) fn lab(&self, subnet: Subnet) -> PathBuf {
        self.labs().join(u16::from(subnet).to_string())
    }

    pub(crate) fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    /// Returns the lock `name` once no other process holds it. Dropping it, or dying, gives it back.
    pub(crate) fn lock(&self, name: &str) -> Result<File, LabError> {
        let path = self.root.join(format!("{name}.lock"));
        let doing = || format!("locking {}", path.display());
        let file = open_lock(&path).doing(doing)?;
        file.lock().doing(doing)?;
        Ok(file)
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Returns the lock at `path`, or `None` if another process holds it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<File>, LabError> {
    let doing = || format!("locking {}", path.display());
    let file = open_lock(path).doing(doing)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).doing(doing),
    }
}
