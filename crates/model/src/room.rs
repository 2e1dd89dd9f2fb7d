use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DesiredPackage, HostPath};

/// What is free on the file system of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The directory, which may not be there yet.
    pub path: HostPath,
    /// The file system's device, as df(1) names it.
    pub device: String,
    /// Where that file system is mounted.
    pub mount: String,
    /// The bytes that are free; `None` where the file system keeps no count.
    pub bytes: Option<u64>,
    /// The inodes that are free; `None` where the file system keeps no count.
    pub inodes: Option<u64>,
}

impl Room {
    /// Returns what a package lacks here to be unpacked, as the end of the sentence "/opt (/dev/sdb1) has …"; `None` when
    /// there is room for it.
    pub fn lacks(&self, package: &DesiredPackage) -> Option<String> {
        let (bytes, inodes) = (package.needed_bytes(), package.needed_inodes());
        if let Some(free) = self.bytes.filter(|free| *free < bytes) {
            return Some(format!("has {} free; the package needs {}", megabytes(free), megabytes(bytes)));
        }
        let free = self.inodes.filter(|free| *free < inodes)?;
        Some(format!("has {free} inodes free; the package needs {inodes}"))
    }

    /// Returns the file system in brackets: `(/dev/sdb1)`, with the mount point where it is not the directory itself.
    pub fn file_system(&self) -> impl fmt::Display {
        if self.mount == self.path.as_str() {
            format!("({})", self.device)
        } else {
            format!("({}, mounted at {})", self.device, self.mount)
        }
    }
}

/// `4.1 MB`, and `410 MB` from 10 MB on.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    if tenths < 100 { format!("{}.{} MB", tenths / 10, tenths % 10) } else { format!("{} MB", tenths / 10) }
}
