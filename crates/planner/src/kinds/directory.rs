use crdbctl_model::{Action, AttributeDiff, DesiredDirectory, FileKind, Impact, NodeName, PathFact};

use crate::comparison::{Comparison, Difference, unknown};
use crate::context::Context;

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
///
/// A process of another user than the wanted one loses the way to its files when the directory changes hands, so that
/// goes with its restart. Data of another user are for a person: the directory is theirs, not all that is in it.
pub(super) fn compare(
    desired: &DesiredDirectory,
    found: &PathFact,
    node: Option<&NodeName>,
    context: &Context<'_>,
) -> Comparison {
    match found.kind {
        FileKind::Directory => {
            let service = node.and_then(|node| Some((context.graph.service(node)?, context.service(node)?)));
            if let Some((wanted, service)) = service
                && wanted.store == desired.path
                && service.store_used == Some(true)
                && service.process.is_none()
                && found.owner != desired.owner.as_str()
            {
                return unknown(
                    format!(
                        "{} belongs to {}, and so may the data in it, which {} could not open",
                        desired.path, found.owner, desired.owner
                    ),
                    format!(
                        "run `chown -R {}:{} {}` on it if the data shall be theirs, or write `install: {{user: {}}}`",
                        desired.owner, desired.group, desired.path, found.owner
                    ),
                );
            }
            let mut difference = Difference::new(Action::Update);
            difference.ownership(found, &desired.owner, &desired.group, desired.mode);
            let process = service.and_then(|(_, service)| service.process.as_ref());
            if process.is_some_and(|process| process.user != desired.owner.as_str()) {
                for attribute in &mut difference.attributes {
                    attribute.impact = Impact::Restart;
                }
            }
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
