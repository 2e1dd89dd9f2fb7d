use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crdbctl_model::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CacheError, CacheErrorKind};

/// The cache directory, made and checked.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Makes the directory when it is missing, and checks that nobody else can write there: what it holds is believed.
    pub(crate) fn open(root: &Path) -> Result<Self, CacheError> {
        let make = |path: &Path| {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(CacheError::io("make the directory", path))
        };
        make(root)?;
        let found = fs::metadata(root).map_err(CacheError::io("look at the directory", root))?;
        let refuse = |kind| Err(CacheError { path: root.to_owned(), kind });
        let user = rustix::process::geteuid().as_raw();
        if found.uid() != user && found.uid() != 0 {
            return refuse(CacheErrorKind::Foreign { owner: found.uid(), user });
        }
        if found.mode() & 0o022 != 0 {
            return refuse(CacheErrorKind::Writable { mode: found.mode() & 0o7777 });
        }
        for part in ["archives", "index", "seen", "urls"] {
            make(&root.join(part))?;
        }
        Ok(Self { root: root.to_owned() })
    }

    /// Returns where downloaded archives are.
    pub(crate) fn archives(&self) -> PathBuf {
        self.root.join("archives")
    }

    /// Returns where the archive with this digest is, or shall be.
    pub(crate) fn archive(&self, digest: &Digest) -> PathBuf {
        self.archives().join(format!("{digest}.tgz"))
    }

    /// Returns a record; `None` when there is none or none that can be understood, for all can be made again.
    pub(super) fn recall<T: DeserializeOwned>(
        &self,
        part: &str,
        key: &Digest,
    ) -> Result<Option<T>, CacheError> {
        let path = self.root.join(part).join(format!("{key}.json"));
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CacheError::io("read", path)(error)),
        }
    }

    /// Writes a record; a reader sees the old one or the new one, whole.
    pub(super) fn remember<T: Serialize>(
        &self,
        part: &str,
        key: &Digest,
        value: &T,
    ) -> Result<(), CacheError> {
        let directory = self.root.join(part);
        let path = directory.join(format!("{key}.json"));
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&directory)?;
            file.write_all(&serde_json::to_vec(value)?)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            File::open(&directory)?.sync_all()
        };
        write().map_err(CacheError::io("write", path))
    }
}
