use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{Digest, Mode, PackageMember};

use super::{Limit, MemberErrorKind};

/// The members read so far, by path.
#[derive(Debug)]
pub(super) struct Members {
    most: usize,
    files: BTreeMap<String, PackageMember>,
    directories: BTreeSet<String>,
}

impl Members {
    pub(super) fn new(most: usize) -> Self {
        Self { most, files: BTreeMap::new(), directories: BTreeSet::new() }
    }

    /// Takes note of a directory; the package's own has the empty path.
    pub(super) fn directory(&mut self, path: String) -> Result<(), MemberErrorKind> {
        self.room(&path)?;
        self.directories.insert(path);
        Ok(())
    }

    /// Checks that a file may have this path: before its data is read.
    pub(super) fn room(&self, path: &str) -> Result<(), MemberErrorKind> {
        if self.files.len() + self.directories.len() >= self.most {
            return Err(MemberErrorKind::TooMuch(Limit::Members(self.most)));
        }
        if self.files.contains_key(path) || self.directories.contains(path) {
            return Err(MemberErrorKind::Duplicate);
        }
        let mut parent = path;
        while let Some((above, _)) = parent.rsplit_once('/') {
            if self.files.contains_key(above) {
                return Err(MemberErrorKind::BelowFile(above.to_owned()));
            }
            parent = above;
        }
        Ok(())
    }

    /// Takes note of a file whose path [`Self::room`] has checked.
    pub(super) fn file(&mut self, path: String, header_mode: u32, size: u64, digest: Digest) {
        let mode = Mode::new(if header_mode & 0o100 != 0 { 0o755 } else { 0o644 });
        self.files.insert(path.clone(), PackageMember { path, mode, size, digest });
    }

    /// Returns the files, sorted by path.
    pub(super) fn finish(self) -> Result<Vec<PackageMember>, (String, MemberErrorKind)> {
        // A file may have come after what lies below it.
        for path in self.files.keys().chain(&self.directories) {
            let mut parent = path.as_str();
            while let Some((above, _)) = parent.rsplit_once('/') {
                if self.files.contains_key(above) {
                    return Err((path.clone(), MemberErrorKind::BelowFile(above.to_owned())));
                }
                parent = above;
            }
        }
        Ok(self.files.into_values().collect())
    }
}
