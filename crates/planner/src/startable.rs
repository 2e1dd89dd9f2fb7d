//! Nodes that would not start: they are not stopped for anything, and not started to wait for their health.

use std::collections::BTreeMap;

use crdbctl_model::{HealthWay, Impact, NodeName, ResourceAddr, StartBlocker};

use crate::carriers::of_node;
use crate::comparison::Difference;
use crate::context::Context;

/// Whether some differences of a node have its service started or restarted.
pub(crate) fn starts(
    node: &NodeName,
    service: &ResourceAddr,
    differences: &BTreeMap<ResourceAddr, Difference>,
) -> bool {
    of_node(differences, node).filter_map(|addr| Some((addr, differences.get(addr)?))).any(
        |(addr, difference)| {
            difference.attributes.iter().any(|attribute| {
                attribute.impact == Impact::Restart || (addr == service && attribute.name == "active")
            })
        },
    )
}

/// Returns why no apply could see whether a node becomes ready, and what to do about it; `None` when it can be asked.
pub(crate) fn unseen(node: &NodeName, context: &Context<'_>) -> Option<(String, String)> {
    match &context.service(node)?.health_way {
        HealthWay::None(why) => Some((
            format!("no apply could see whether the node becomes ready: {why}"),
            HealthWay::remedy(&context.graph.service(node)?.http_address),
        )),
        HealthWay::OnHost | HealthWay::ThroughSsh => None,
    }
}

/// Returns what keeps CockroachDB from starting, and what to do about it; `None` when nothing does for certain.
pub(crate) fn refusal(blockers: &[StartBlocker]) -> Option<(String, String)> {
    let certain: Vec<&StartBlocker> = blockers.iter().filter(|blocker| blocker.blocks()).collect();
    if certain.is_empty() {
        return None;
    }
    let reasons: Vec<String> = certain.iter().map(ToString::to_string).collect();
    let mut hints: Vec<String> = Vec::new();
    for hint in certain.iter().map(|blocker| blocker.hint()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    Some((reasons.join("; "), hints.join("; ")))
}
