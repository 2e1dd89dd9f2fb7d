use crdbctl_model::{
    Action, AttributeDiff, DesiredFile, Digest, FileFact, FileKind, HostPath, Removal, UnitName,
};

use crate::comparison::{Comparison, Difference, unknown};
use crate::removal::{Fate, delete};

pub(super) fn create(desired: &DesiredFile) -> Comparison {
    let mut difference = Difference::new(Action::Create);
    difference.attributes = vec![
        AttributeDiff::words("path", None::<&str>, Some(&desired.path)),
        AttributeDiff::words("owner", None::<&str>, Some(format!("{}:{}", desired.owner, desired.group))),
        AttributeDiff::words("mode", None::<&str>, Some(desired.mode)),
        AttributeDiff::texts("content", None::<&str>, Some(&*desired.content)),
    ];
    difference.bytes = desired.content.len() as u64;
    Comparison::Differs(difference)
}

pub(super) fn compare(desired: &DesiredFile, found: &FileFact) -> Comparison {
    match found.path.kind {
        FileKind::Directory => {
            return unknown(
                format!("{} is a directory where a file shall be", desired.path),
                "move it away by hand, then plan again",
            );
        }
        FileKind::Link | FileKind::Special => {
            let kind = if found.path.kind == FileKind::Link { "link" } else { "special file" };
            let mut difference = Difference::new(Action::Replace);
            difference.attributes = vec![
                AttributeDiff::words("type", Some(kind), Some("file"))
                    .with_remark("what stands there is set aside below /var/lib/crdbctl/set-aside"),
                AttributeDiff::texts("content", None::<&str>, Some(&*desired.content)),
            ];
            difference.bytes = desired.content.len() as u64;
            return Comparison::Differs(difference);
        }
        FileKind::Regular => {}
    }
    let mut difference = Difference::new(Action::Update);
    if found.digest == Some(Digest::of(&desired.content)) {
        difference.unchanged += 1;
    } else {
        let before = found.content.clone().unwrap_or_else(|| match found.digest {
            Some(digest) => format!("(more than 64 KiB, sha256 {digest})"),
            None => "(not read)".to_owned(),
        });
        difference.attributes.push(AttributeDiff::texts("content", Some(before), Some(&*desired.content)));
        difference.bytes = desired.content.len() as u64;
    }
    difference.ownership(&found.path, &desired.owner, &desired.group, desired.mode);
    difference.conclude()
}

/// A file that somebody edited since is set aside: what is in it may be wanted.
pub(super) fn remove(desired: &DesiredFile, found: &FileFact, unit: Option<UnitName>) -> Fate {
    drop(&desired.path, found, Some(Digest::of(&desired.content)), unit)
}

/// Returns how a file is removed of which crdbctl wrote what has the digest `made`; any other content is set aside, and so is
/// what it is not known to have written.
pub(crate) fn drop(path: &HostPath, found: &FileFact, made: Option<Digest>, unit: Option<UnitName>) -> Fate {
    if found.path.kind != FileKind::Regular {
        return Fate::Stays(format!("{path} is no longer a plain file"));
    }
    let aside = found.digest.is_none() || found.digest != made;
    Fate::Goes(delete(
        Removal::Files { paths: vec![path.clone()], aside, unit },
        vec![path_attribute(path, aside)],
    ))
}

/// Returns the attribute that tells of a file which goes, or is set aside.
pub(super) fn path_attribute(path: &HostPath, aside: bool) -> AttributeDiff {
    let attribute = AttributeDiff::words("path", Some(path), None::<&str>);
    if aside {
        attribute
            .with_remark("not as crdbctl wrote it: set aside below /var/lib/crdbctl/set-aside, not deleted")
    } else {
        attribute
    }
}
