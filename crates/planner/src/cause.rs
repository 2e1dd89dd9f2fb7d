use crdbctl_model::{Cause, Digest, Fact, Resource};

use crate::comparison::Difference;
use crate::context::Context;
use crate::own_work::{OwnWork, fits};

/// Returns why a resource differs, and more words about it where there are any: what its kind knows comes first, then what an
/// interrupted apply noted, then what the record tells.
pub(crate) fn cause(
    resource: &Resource,
    difference: &Difference,
    found: Option<&Fact>,
    context: &Context<'_>,
) -> (Cause, Option<String>) {
    if let Some(cause) = difference.cause {
        return (cause, None);
    }
    let applied = context.applied(&resource.addr);
    let desired = Digest::of_json(&resource.desired);
    let work = OwnWork::on(resource, context);
    if let Some(note) = work.made(found) {
        let run = &note.run;
        let reason = if note.desired == Some(desired) {
            format!("run {run} was at work on it")
        } else if applied == Some(desired) {
            format!("run {run} had changed it, and the manifest is what it was before that run")
        } else {
            format!("run {run} had changed it, and the manifest has changed since")
        };
        return (Cause::Unfinished, Some(reason));
    }
    let cause = match applied {
        Some(applied) if applied == desired => Cause::Drift,
        Some(_) if moved_too(resource, found, &work, context) => Cause::ManifestAndDrift,
        Some(_) => Cause::Manifest,
        None if found.is_none() => Cause::Missing,
        None => Cause::Differs,
    };
    (cause, None)
}

/// Whether something of which the manifest changed was changed on the host as well: crdbctl knows what it wrote there.
fn moved_too(resource: &Resource, found: Option<&Fact>, work: &OwnWork<'_>, context: &Context<'_>) -> bool {
    let addr = &resource.addr;
    let entry = addr
        .node()
        .and_then(|node| context.record(node))
        .and_then(|record| record.resources.get(&addr.local()));
    let Some((entry, found)) = entry.zip(found).filter(|(entry, _)| entry.paths == resource.desired.paths())
    else {
        return false;
    };
    if work.has_other_access(found) {
        return true;
    }
    let is_as_recorded = entry.mark.as_ref().and_then(|mark| fits(mark, found));
    is_as_recorded == Some(false) && !work.marks().any(|mark| fits(mark, found) == Some(true))
}
