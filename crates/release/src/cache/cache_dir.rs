use std::fs::{self, DirBuilder, File};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crdbctl_model::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CacheError, CacheErrorKind};

/// Most bytes of a record: an archive may have 10,000 members, and real ones have five.
const RECORD: u64 = 16 << 20;

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

    /// Returns a record; `None` when there is none, or none that can be read and understood, for all can be made again.
    pub(super) fn recall<T: DeserializeOwned>(&self, part: &str, key: &Digest) -> Option<T> {
        let path = self.root.join(part).join(format!("{key}.json"));
        // Opening a pipe would wait for its writer.
        if !fs::metadata(&path).is_ok_and(|found| found.is_file()) {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(&path).ok()?.take(RECORD + 1).read_to_end(&mut bytes).ok()?;
        if bytes.len() as u64 > RECORD { None } else { serde_json::from_slice(&bytes).ok() }
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
