use crdbctl_model::{Desired, DesiredUnit, NodeName, UnitFact};

use super::file;
use crate::comparison::Comparison;
use crate::context::Context;
use crate::removal::Fate;

pub(super) fn create(desired: &DesiredUnit) -> Comparison {
    file::create(&desired.file)
}

pub(super) fn compare(desired: &DesiredUnit, found: &UnitFact) -> Comparison {
    file::compare(&desired.file, &found.file)
}

/// Returns the text of the unit that `node` is to have.
pub(super) fn text<'a>(node: &'a NodeName, context: &Context<'a>) -> Option<&'a str> {
    context.graph.of_node(node).find_map(|resource| match &resource.desired {
        Desired::Unit(unit) => Some(unit.file.content.as_str()),
        _ => None,
    })
}

pub(super) fn remove(desired: &DesiredUnit, found: &UnitFact) -> Fate {
    file::remove(&desired.file, &found.file, Some(desired.name.clone()))
}
