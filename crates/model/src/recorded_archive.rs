use serde::{Deserialize, Deserializer, Serialize};

use crate::{ArchiveInfo, Digest};

/// The index of the archive that a node's package is from, as the node's record keeps it: a plan that has nothing to send
/// needs no archive then.
///
/// It speaks for its own node. Whoever can write the record is root there, and can change the package itself as well, so
/// believing it gives nobody more than they have. It never decides what is sent: an archive is verified before it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedArchive {
    /// The digest of where the manifest had the archive from, its placeholders filled in.
    pub source: Digest,
    /// The name of the package's directory, such as `cockroach-v24.1.0.linux-amd64`.
    pub package: String,
    /// What is in the archive.
    pub archive: ArchiveInfo,
    /// The digest of all of the above: an entry that was edited or damaged is not used.
    pub check: Digest,
}

impl RecordedArchive {
    /// The most files of an archive that a record keeps the index of; a release has five.
    pub const MOST_MEMBERS: usize = 64;

    /// Returns an entry; `None` for an archive with so many files that a record would be too large to read.
    pub fn new(source: Digest, package: &str, archive: &ArchiveInfo) -> Option<Self> {
        (archive.members.len() <= Self::MOST_MEMBERS).then(|| Self {
            source,
            package: package.to_owned(),
            archive: archive.clone(),
            check: check(source, package, archive),
        })
    }

    /// Returns whether it is as crdbctl wrote it, and of a form that an archive's index can have.
    pub fn is_intact(&self) -> bool {
        self.archive.members.len() <= Self::MOST_MEMBERS
            && self.check == check(self.source, &self.package, &self.archive)
            && self.archive.is_proper()
    }
}

fn check(source: Digest, package: &str, archive: &ArchiveInfo) -> Digest {
    Digest::of_json(&(source, package, archive))
}

/// Reads an entry of a record. One that cannot be understood is none: the rest of the record must not be lost for it.
pub(crate) fn if_understood<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<RecordedArchive>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, PackageMember};

    fn archive(path: &str) -> ArchiveInfo {
        let member = |path: &str| PackageMember {
            path: path.to_owned(),
            mode: Mode::new(0o755),
            size: 1,
            digest: Digest::of(path),
        };
        let mut members = vec![member("cockroach"), member(path)];
        members.sort_by(|one, other| one.path.cmp(&other.path));
        ArchiveInfo { digest: Digest::of("archive"), size: 9, members }
    }

    #[test]
    fn an_entry_that_was_edited_is_not_used() {
        let entry = RecordedArchive::new(Digest::of("url"), "cockroach-v1", &archive("lib/x.so")).unwrap();
        assert!(entry.is_intact());
        let mut other = entry.clone();
        other.archive.members[0].digest = Digest::of("another program");
        assert!(!other.is_intact());
        let other = RecordedArchive { source: Digest::of("another url"), ..entry.clone() };
        assert!(!other.is_intact());
        let other = RecordedArchive { package: "cockroach-v2".to_owned(), ..entry };
        assert!(!other.is_intact());
    }

    #[test]
    fn an_index_that_no_archive_can_have_is_not_used_whatever_its_check() {
        for path in ["../x", "/etc/passwd", "a//b", "x y", "", "cockroach"] {
            let entry = RecordedArchive::new(Digest::of("url"), "cockroach-v1", &archive(path)).unwrap();
            assert!(!entry.is_intact(), "{path}");
        }
        let none = ArchiveInfo { members: Vec::new(), ..archive("x") };
        assert!(!RecordedArchive::new(Digest::of("url"), "cockroach-v1", &none).unwrap().is_intact());
        let many = ArchiveInfo { members: vec![archive("x").members[0].clone(); 65], ..archive("x") };
        assert!(RecordedArchive::new(Digest::of("url"), "cockroach-v1", &many).is_none());
    }
}
