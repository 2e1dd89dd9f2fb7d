use crdbctl_model::{Cause, Desired, DesiredFile, Digest, Fact, Mark, PathFact, Resource};

use crate::comparison::Difference;
use crate::context::Context;

/// Returns why a resource differs: what its kind knows comes first, then what the record tells.
pub(crate) fn cause(
    resource: &Resource,
    difference: &Difference,
    is_absent: bool,
    context: &Context<'_>,
) -> Cause {
    if let Some(cause) = difference.cause {
        return cause;
    }
    match context.applied(&resource.addr) {
        Some(applied) if applied == Digest::of_json(&resource.desired) => Cause::Drift,
        Some(_) => Cause::Manifest,
        None if is_absent => Cause::Missing,
        None => Cause::Differs,
    }
}

/// Whether something of which the manifest changed was changed on the host as well: crdbctl knows what it wrote there.
pub(crate) fn moved_too(resource: &Resource, found: Option<&Fact>, context: &Context<'_>) -> bool {
    let addr = &resource.addr;
    let entry = addr
        .node()
        .and_then(|node| context.record(node))
        .and_then(|record| record.resources.get(&addr.local()));
    let Some((entry, found)) = entry.zip(found).filter(|(entry, _)| entry.paths == resource.desired.paths())
    else {
        return false;
    };
    if has_other_access(&resource.desired, found) {
        return true;
    }
    match (&entry.mark, found) {
        (Some(Mark::Content(made)), Fact::File(file)) => file.digest != Some(*made),
        (Some(Mark::Content(made)), Fact::Unit(unit)) => unit.file.digest != Some(*made),
        (Some(Mark::Target(made)), Fact::Link(link)) => link.target.as_deref() != Some(made.as_str()),
        _ => false,
    }
}

/// Whether something is accessible to others than crdbctl left it to. A manifest has no word for modes, nor for the owners of files.
fn has_other_access(desired: &Desired, found: &Fact) -> bool {
    let of_file = |desired: &DesiredFile, found: &PathFact| {
        found.mode != desired.mode
            || found.owner != desired.owner.as_str()
            || found.group != desired.group.as_str()
    };
    match (desired, found) {
        (Desired::File(desired), Fact::File(found)) => of_file(desired, &found.path),
        (Desired::Unit(desired), Fact::Unit(found)) => of_file(&desired.file, &found.file.path),
        (Desired::Directory(desired), Fact::Directory(found)) => found.mode != desired.mode,
        _ => false,
    }
}
