use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// What a file's status says that changes when the file does (inode(7)).
///
/// Times are seconds and nanoseconds since 1970. The change time cannot be set back by a program as the
/// modification time can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Returns whether the last change was so long before `moment` that any later one shows in the times.
    pub(crate) fn settled(&self, moment: SystemTime, doubt: Duration) -> bool {
        let Ok(moment) = moment.duration_since(UNIX_EPOCH) else { return false };
        let (seconds, nanoseconds) = self.changed.max(self.modified);
        let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(seconds), u32::try_from(nanoseconds)) else {
            return false;
        };
        Duration::new(seconds, nanoseconds).checked_add(doubt).is_some_and(|safe| safe <= moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changed_just_now_is_in_doubt() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = Stamp::of(&file.as_file().metadata().unwrap());
        let doubt = Duration::from_secs(2);
        assert!(!stamp.settled(SystemTime::now(), doubt));
        assert!(stamp.settled(SystemTime::now() + doubt, doubt));
        assert!(!stamp.settled(UNIX_EPOCH, doubt));
    }
}
