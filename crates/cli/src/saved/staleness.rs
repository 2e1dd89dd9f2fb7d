//! Whether a saved plan still is the plan. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Action, AttributeDiff, Change, Digest, Impact, NodeName, NodeObservation, Observations, Plan, Record,
    ResourceAddr, ResourceGraph, Value,
};

use super::saved_plan::desired;
use super::{SavedPlan, Seen, SeenNode};

/// What is no more as a saved plan found it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// What changed, a sentence each without final stop.
    pub(crate) changed: Vec<String>,
    /// What could be read then and cannot now, likewise.
    pub(crate) unread: Vec<String>,
}

/// Returns what the manifest, and what it draws in, now want otherwise; nothing when a plan still is theirs. Needs no host.
pub(crate) fn wanted(saved: &SavedPlan, graph: &ResourceGraph) -> Vec<String> {
    let plan = &saved.plan;
    if plan.cluster != graph.cluster {
        return vec![format!(
            "it is of the cluster {}, and the manifest is of {}: name its manifest with --file",
            plan.cluster, graph.cluster
        )];
    }
    if plan.basis.manifest != graph.manifest {
        let (then, now) = (plan.basis.manifest.short(), graph.manifest.short());
        return vec![format!("the manifest changed since: sha256 {then} then, {now} now")];
    }
    let now = desired(graph);
    let all: BTreeSet<&ResourceAddr> = saved.desired.keys().chain(now.keys()).collect();
    let differ = all.into_iter().filter(|addr| saved.desired.get(*addr) != now.get(*addr));
    let ours = env!("CARGO_PKG_VERSION");
    let why = if saved.crdbctl == ours {
        "what the manifest refers to changed, such as the release archive".to_owned()
    } else {
        format!("it was planned by crdbctl {}, and this is {ours}", saved.crdbctl)
    };
    differ.map(|addr| format!("{addr} shall be something else now: {why}")).collect()
}

/// Returns what was found otherwise than when the plan was made.
pub(crate) fn found(saved: &SavedPlan, observations: &Observations) -> Moved {
    let mut moved = Moved::default();
    let now = Seen::of(observations);
    for (node, then) in &saved.observed.nodes {
        match observations.nodes.get(node) {
            Some(NodeObservation::Read(reading)) => {
                if let Some(now) = now.nodes.get(node) {
                    on_node(node, then, now, reading.record.as_ref(), &mut moved);
                }
            }
            Some(NodeObservation::Unreadable(why)) => moved.unread.push(format!("{node}: {}", why.reason)),
            None => moved.unread.push(format!("{node}: it was not read")),
        }
    }
    let is_changed: BTreeSet<&ResourceAddr> = saved.plan.changes.iter().map(|change| &change.addr).collect();
    for (addr, then) in &saved.observed.cluster {
        match (then, now.cluster.get(addr).copied().flatten()) {
            (None, _) => {}
            (Some(then), Some(now)) if *then != now => moved.changed.push(format!("{addr} changed since")),
            // Little rests on what the plan leaves as it is.
            (Some(_), None) if is_changed.contains(addr) => {
                moved.unread.push(format!("{addr} cannot be read again"));
            }
            _ => {}
        }
    }
    moved
}

fn on_node(node: &NodeName, then: &SeenNode, now: &SeenNode, record: Option<&Record>, moved: &mut Moved) {
    if then.machine != now.machine {
        moved.changed.push(format!("{node} is another machine"));
        return;
    }
    let found = resources(&then.resources, &now.resources);
    moved.changed.extend(found.changed);
    moved.unread.extend(found.unread);
    if then.drop_ins != now.drop_ins {
        moved.changed.push(format!("{node}: the drop-ins of the unit changed since"));
    }
    if then.record != now.record {
        let who = record.map_or_else(
            || "its record is gone".to_owned(),
            |record| format!("by {}, run {}", record.applied_by, record.run),
        );
        moved.changed.push(format!("{node} was applied to since: {who}"));
    }
    if then.surroundings != now.surroundings {
        moved.changed.push(format!("{node}: packages, mounts or what an apply had begun changed since"));
    }
}

fn resources(
    then: &BTreeMap<ResourceAddr, Option<Digest>>,
    now: &BTreeMap<ResourceAddr, Option<Digest>>,
) -> Moved {
    let mut moved = Moved::default();
    for (addr, then) in then {
        match (then, now.get(addr).copied().flatten()) {
            (Some(_), None) => moved.unread.push(format!("{addr} cannot be read again")),
            (Some(then), Some(now)) if *then != now => moved.changed.push(format!("{addr} changed since")),
            _ => {}
        }
    }
    moved
}

/// Returns where the plan that would be made now is not the plan that was saved; both as of the same moment.
pub(crate) fn plans(saved: &Plan, now: &Plan) -> Vec<String> {
    let mut differ = Vec::new();
    let by_addr = |plan: &'_ Plan| -> BTreeMap<ResourceAddr, Change> {
        plan.changes.iter().map(|change| (change.addr.clone(), change.clone())).collect()
    };
    let (old, new) = (by_addr(saved), by_addr(now));
    for (addr, change) in &old {
        match new.get(addr) {
            None => differ.push(format!("{addr} need not be {} any more", done(change.action))),
            Some(other) if !is_same(change, other) => {
                differ.push(format!("{addr} would be changed in another way"));
            }
            Some(_) => {}
        }
    }
    for (addr, change) in new.iter().filter(|(addr, _)| !old.contains_key(*addr)) {
        differ.push(format!("{addr} would be {} now, which is not in the plan", done(change.action)));
    }
    let unknown = |plan: &Plan| -> BTreeSet<(Option<NodeName>, Option<ResourceAddr>)> {
        plan.unknown.iter().map(|unknown| (unknown.node.clone(), unknown.addr.clone())).collect()
    };
    if unknown(saved) != unknown(now) {
        differ.push("what can be read is not what could be read then".to_owned());
    }
    if differ.is_empty() {
        let order = |plan: &Plan| plan.changes.iter().map(|change| change.addr.clone()).collect::<Vec<_>>();
        if order(saved) != order(now) || saved.rollout != now.rollout {
            differ.push("the nodes, or changes, would go in another order".to_owned());
        }
        if saved.transfers != now.transfers {
            differ.push("other bytes would be sent".to_owned());
        }
    }
    differ
}

/// Returns what has come due between the moment of the plan and now, such as a certificate that nears its end: the plan as of
/// now has changes that the plan as of then has not.
pub(crate) fn come_due(then: &Plan, now: &Plan) -> Vec<String> {
    let planned: BTreeSet<_> = then.changes.iter().map(|change| (&change.addr, change.action)).collect();
    now.changes
        .iter()
        .filter(|change| !planned.contains(&(&change.addr, change.action)))
        .map(|change| {
            let why = change.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{} has come due to be {}{why}", change.addr, done(change.action))
        })
        .collect()
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
    }
}

/// Whether two changes do the same. What is found now is compared by itself ([`found`]), and looks another way at every look
/// where a service fails again and again.
fn is_same(one: &Change, other: &Change) -> bool {
    fn ends(attributes: &[AttributeDiff]) -> Vec<(&str, Option<&Value>, Impact)> {
        attributes.iter().map(|it| (it.name.as_str(), it.after.as_ref(), it.impact)).collect()
    }
    one.action == other.action
        && one.cause == other.cause
        && one.impact == other.impact
        && one.depends_on == other.depends_on
        && one.desired == other.desired
        && one.removal == other.removal
        && one.bytes == other.bytes
        && ends(&one.attributes) == ends(&other.attributes)
}
