use crdbctl_model::{Cause, Digest, Resource};

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
