use std::fs::File;
use std::io::Write;

use crdbctl_model::Digest;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::{Cache, CacheError};

/// An archive that is being downloaded: it has its name only when it is whole and its digest the right one.
#[derive(Debug)]
pub(crate) struct Incoming {
    file: NamedTempFile,
    hasher: Sha256,
    size: u64,
}

/// Returns how the names of files begin that an archive is downloaded into.
pub(super) fn prefix(digest: &Digest) -> String {
    format!("{digest}.part-")
}

impl Incoming {
    pub(crate) fn new(cache: &Cache, digest: &Digest) -> Result<Self, CacheError> {
        let directory = cache.archives();
        let file = tempfile::Builder::new()
            .prefix(&prefix(digest))
            .tempfile_in(&directory)
            .map_err(CacheError::io("make a file in", directory))?;
        Ok(Self { file, hasher: Sha256::new(), size: 0 })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), CacheError> {
        self.file.write_all(bytes).map_err(CacheError::io("write", self.file.path()))?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Puts the archive under its name if its digest is the expected one; else removes it and returns the digest that it has.
    pub(crate) fn finish(self, cache: &Cache, expected: &Digest) -> Result<Result<(), Digest>, CacheError> {
        let actual = Digest::from_bytes(self.hasher.finalize().into());
        if actual != *expected {
            self.file.close().map_err(CacheError::io("remove a file from", cache.archives()))?;
            return Ok(Err(actual));
        }
        let path = cache.archive(expected);
        let keep = || -> std::io::Result<()> {
            self.file.as_file().sync_all()?;
            self.file.persist(&path)?;
            File::open(cache.archives())?.sync_all()
        };
        keep().map_err(CacheError::io("keep", path.clone()))?;
        Ok(Ok(()))
    }
}
