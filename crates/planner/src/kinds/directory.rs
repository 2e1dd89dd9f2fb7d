use crdbctl_model::{Action, AttributeDiff, DesiredDirectory, FileKind, PathFact};

use crate::comparison::{Comparison, Difference, unknown};

pub(super) fn create(desired: &DesiredDirectory) -> Comparison {
    let mut difference = Difference::new(Action::Create);
    difference.attributes = vec![
        AttributeDiff::words("path", None::<&str>, Some(&desired.path)),
        AttributeDiff::words("owner", None::<&str>, Some(format!("{}:{}", desired.owner, desired.group))),
        AttributeDiff::words("mode", None::<&str>, Some(desired.mode)),
    ];
    Comparison::Differs(difference)
}

/// What is not a directory is never moved: a link here is somebody's choice of a disk, and a new empty
/// directory in its place would look like lost data.
pub(super) fn compare(desired: &DesiredDirectory, found: &PathFact) -> Comparison {
    match found.kind {
        FileKind::Directory => {
            let mut difference = Difference::new(Action::Update);
            difference.ownership(found, &desired.owner, &desired.group, desired.mode);
            difference.conclude()
        }
        FileKind::Link => unknown(
            format!("{} is a link where a directory shall be", desired.path),
            "put the link's target into the manifest, or replace the link by a directory by hand",
        ),
        FileKind::Regular | FileKind::Special => unknown(
            format!("{} is not a directory", desired.path),
            "move what stands there away by hand, then plan again",
        ),
    }
}
