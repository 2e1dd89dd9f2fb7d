//! Nodes on which another run is at work: what it is about to change cannot be judged.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Cause, Change, LeftOutWhy, LockHolder, NodeName, Note, Observations, Plan, ResourceAddr, ResourceKind,
    UnknownResource, Verdict,
};

use crate::context::Context;
use crate::part::{leave_out, left_out};

/// Returns the plan without what a run that was at work on the hosts was about to change, which is unknown instead: it is neither
/// drift nor a change that waits for an apply. Who is at work is a note.
pub(crate) fn judge(plan: Plan, context: &Context<'_>) -> Plan {
    let holders = holders(context.observations, |node| context.view.has(node));
    if holders.is_empty() {
        return plan;
    }
    let mut unknown: BTreeMap<ResourceAddr, UnknownResource> = BTreeMap::new();
    let before = plan.left_out.len();
    let mut plan = leave_out(plan, context.graph, context.observations, |change| {
        let Some(holder) = in_hand(change, &holders) else { return Vec::new() };
        unknown.insert(
            change.addr.clone(),
            UnknownResource {
                node: change.addr.node().cloned(),
                addr: Some(change.addr.clone()),
                reason: reason(holder),
                hint: "look again when that run has ended".to_owned(),
            },
        );
        vec![left_out(change, Vec::new(), LeftOutWhy::Selection)]
    });
    plan.left_out.truncate(before);
    plan.compared.extend(unknown.keys().map(|addr| (addr.clone(), Verdict::Unknown)));
    plan.unknown.extend(unknown.into_values());
    let notes = sentences(&holders, context.observations.nodes.len());
    plan.notes.splice(0..0, notes.into_iter().map(|text| Note { addr: None, text }));
    plan
}

/// Returns a sentence for each run that held locks when the nodes were read: `an apply by ann@bastion has been running since …`.
pub fn running(observations: &Observations) -> Vec<String> {
    sentences(&holders(observations, |_| true), observations.nodes.len())
}

/// The runs that held locks of some nodes when these were read.
fn holders(
    observations: &Observations,
    is_told: impl Fn(&NodeName) -> bool,
) -> BTreeMap<&NodeName, &LockHolder> {
    let told = observations.nodes.keys().filter(|node| is_told(node));
    told.filter_map(|node| Some((node, observations.reading(node)?.footprint.lock.as_ref()?))).collect()
}

/// The run that was about to make a change, or whose work looks like one.
fn in_hand<'a>(change: &Change, holders: &BTreeMap<&'a NodeName, &'a LockHolder>) -> Option<&'a LockHolder> {
    let Some(node) = change.addr.node() else {
        return holders.values().copied().find(|holder| holder.changes(&change.addr));
    };
    let holder = *holders.get(node)?;
    // A service stops, starts and waits to be restarted because of other changes on its node.
    let is_of_node = |addr: &ResourceAddr| addr.node() == Some(node);
    let is_service = change.addr.kind == ResourceKind::Service
        && holder.changes.as_ref().is_some_and(|changes| changes.iter().any(is_of_node));
    // An older crdbctl does not tell what it changes.
    let is_unfinished = holder.changes.is_none() && change.cause == Cause::Unfinished;
    (holder.changes(&change.addr) || is_service || is_unfinished).then_some(holder)
}

fn reason(holder: &LockHolder) -> String {
    let run = holder.run.as_ref().map(|run| format!(" (run {run})")).unwrap_or_default();
    format!("cannot be judged while {} changes it{run}", who(holder))
}

/// `the apply by ann@bastion`.
fn who(holder: &LockHolder) -> String {
    let by = holder.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    format!("the {}{by}", holder.command)
}

/// A sentence for each run, with the nodes whose locks it holds. `all` is how many nodes there are.
fn sentences(holders: &BTreeMap<&NodeName, &LockHolder>, all: usize) -> Vec<String> {
    let mut runs: BTreeMap<String, BTreeSet<&NodeName>> = BTreeMap::new();
    for (node, holder) in holders {
        runs.entry(holder.to_string()).or_default().insert(node);
    }
    let sentence = |(holder, nodes): (String, BTreeSet<&NodeName>)| {
        let names: Vec<&str> = nodes.iter().take(5).map(|node| node.as_str()).collect();
        let places = match nodes.len() {
            count if count == all && count > 1 => format!("all {count} nodes"),
            count if count > names.len() => format!("{} and {} more", names.join(", "), count - names.len()),
            _ => names.join(", "),
        };
        format!("{holder} and holds the lock of {places}")
    };
    runs.into_iter().map(sentence).collect()
}
