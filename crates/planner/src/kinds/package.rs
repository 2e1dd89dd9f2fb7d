use crdbctl_model::{Action, AttributeDiff, DesiredPackage, FileKind, Mode, NodeName, PackageFact};

use crate::comparison::{Comparison, Difference, unknown};
use crate::context::Context;

const DIRECTORY_MODE: Mode = Mode::new(0o755);

/// A package that has no room is not sent: the node is left as it is, and the others do not begin an upgrade without it.
pub(super) fn create(desired: &DesiredPackage, node: Option<&NodeName>, context: &Context<'_>) -> Comparison {
    let room = node.and_then(|node| context.observations.reading(node)?.room.as_ref());
    if let (Some(node), Some(room)) = (node, room)
        && room.path == desired.path.parent()
        && let Some(lacks) = room.lacks(desired)
    {
        return unknown(
            format!("{} on {node} {} {lacks}", room.path, room.file_system()),
            "free some there, or give `install.packages` another file system, then plan again",
        );
    }
    let mut difference = Difference::new(Action::Create);
    difference.attributes = vec![
        AttributeDiff::words("path", None::<&str>, Some(&desired.path)),
        AttributeDiff::words("archive", None::<&str>, Some(format!("sha256 {}", desired.archive.short()))),
    ];
    difference.bytes = desired.archive_size;
    Comparison::Differs(difference)
}

/// Wrong or missing files are replaced by unpacking the whole archive again; owners and modes are mended in place.
pub(super) fn compare(desired: &DesiredPackage, found: &PackageFact) -> Comparison {
    if found.path.kind != FileKind::Directory {
        return unknown(
            format!("{} is not a directory", desired.path),
            "move what stands there away by hand, then plan again",
        );
    }
    let mut contents = Difference::new(Action::Replace);
    let mut attributes = Difference::new(Action::Update);
    attributes.ownership(&found.path, "root", "root", DIRECTORY_MODE);
    for member in &desired.members {
        let wanted = format!("sha256 {}", member.digest.short());
        let Some(file) = found.files.get(&member.path) else {
            contents.attributes.push(AttributeDiff::words(&member.path, None::<&str>, Some(wanted)));
            continue;
        };
        match (file.path.kind, file.digest) {
            (FileKind::Regular, Some(digest)) if digest == member.digest => contents.unchanged += 1,
            (FileKind::Regular, Some(digest)) => {
                let before = format!("sha256 {}", digest.short());
                contents.attributes.push(AttributeDiff::words(&member.path, Some(before), Some(wanted)));
            }
            _ => {
                let before = "not a regular file";
                contents.attributes.push(AttributeDiff::words(&member.path, Some(before), Some(wanted)));
            }
        }
        attributes.attribute(&format!("{} owner", member.path), &file.path.owner, "root");
        attributes.attribute(&format!("{} group", member.path), &file.path.group, "root");
        attributes.attribute(&format!("{} mode", member.path), file.path.mode, member.mode);
    }
    if contents.attributes.is_empty() {
        attributes.unchanged += contents.unchanged;
        return attributes.conclude();
    }
    contents.bytes = desired.archive_size;
    contents.unchanged += attributes.unchanged;
    contents.attributes.extend(attributes.attributes);
    contents.conclude()
}
