use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    AddrPattern, Impact, LeftOutWhy, NodeName, Note, Observations, Plan, ResourceAddr, ResourceGraph,
    ResourceKind, RolloutStep, Selection,
};

use super::unseen::Unseen;
use super::{SelectionError, order};
use crate::PlanOptions;
use crate::context::Context;
use crate::part::{leave_out, left_out};

/// Returns the selected part of a whole plan, which was made of `graph`, `observations` and `options`.
///
/// What is not selected is in [`Plan::left_out`]. Order of disruption and transfers are those of the part. Of what could not be read
/// the part has what it rests on; the rest is a note. It rests on the nodes that the selection reaches, and on all of them when it
/// has a cluster-wide change other than a setting.
///
/// # Errors
/// When the selection means nothing, or when a change of it depends on one that is not selected.
pub fn select(
    whole: Plan,
    selection: &Selection,
    graph: &ResourceGraph,
    observations: &Observations,
    options: &PlanOptions,
) -> Result<Plan, SelectionError> {
    let in_order = |whole: &Plan| {
        order::check(whole, selection, &Context::new(graph, observations, options.now, options.shard))
    };
    part(whole, selection, graph, observations, options, in_order)
}

/// Returns the selected part of a whole plan as [`select`] does, for somebody who only looks: of what nobody will do, no order can break.
///
/// # Errors
/// When the selection means nothing.
pub fn look_at(
    whole: Plan,
    selection: &Selection,
    graph: &ResourceGraph,
    observations: &Observations,
    options: &PlanOptions,
) -> Result<Plan, SelectionError> {
    part(whole, selection, graph, observations, options, |_| Ok(()))
}

fn part(
    whole: Plan,
    selection: &Selection,
    graph: &ResourceGraph,
    observations: &Observations,
    options: &PlanOptions,
    check: impl FnOnce(&Plan) -> Result<(), SelectionError>,
) -> Result<Plan, SelectionError> {
    if selection.is_whole() {
        return Ok(whole);
    }
    known_nodes(selection, graph)?;
    known_targets(&whole, selection, graph)?;
    check(&whole)?;
    Ok(restrict(whole, selection, graph, observations, options))
}

fn restrict(
    whole: Plan,
    selection: &Selection,
    graph: &ResourceGraph,
    observations: &Observations,
    options: &PlanOptions,
) -> Plan {
    let unseen = Unseen::of(&whole, selection, graph, observations, options);
    let impacts: BTreeMap<ResourceAddr, Impact> =
        whole.changes.iter().map(|change| (change.addr.clone(), change.impact)).collect();
    let mut plan = leave_out(whole, graph, observations, |change| {
        let is_selected = selection.contains(&change.addr);
        let why = || left_out(change, Vec::new(), LeftOutWhy::Selection);
        if is_selected { Vec::new() } else { vec![why()] }
    });
    plan.part.selection = selection.clone();
    let left: BTreeSet<&ResourceAddr> = plan.left_out.iter().map(|left| &left.addr).collect();
    let is_unknown = |addr: &ResourceAddr| unseen.within.iter().any(|it| it.addr.as_ref() == Some(addr));
    plan.compared.retain(|addr, _| selection.contains(addr) || left.contains(addr) || is_unknown(addr));
    plan.notes.retain(|note| {
        let node = note.addr.as_ref().and_then(ResourceAddr::node);
        node.is_none_or(|node| selection.reaches(node))
    });
    let halves = plan.rollout.iter().filter(|step| step.impact == Impact::Restart);
    plan.notes.extend(halves.flat_map(|step| of_half_a_restart(step, &left, &impacts)));
    plan.notes.extend(unseen.notes());
    plan.unknown = unseen.within;
    let rests_on_all =
        plan.changes.iter().any(|it| it.addr.node().is_none() && it.addr.kind != ResourceKind::Setting);
    plan.basis.nodes.retain(|node, _| rests_on_all || selection.reaches(node));
    plan
}

/// Sees that the nodes of a selection are of the graph. Needs no host.
///
/// # Errors
/// The first that is not.
pub fn known_nodes(selection: &Selection, graph: &ResourceGraph) -> Result<(), SelectionError> {
    match selection.nodes.iter().find(|node| !graph.nodes.contains_key(*node)) {
        None => Ok(()),
        Some(node) => Err(SelectionError::UnknownNode {
            node: node.clone(),
            cluster: graph.cluster.clone(),
            known: graph.nodes.keys().cloned().collect(),
        }),
    }
}

fn known_targets(whole: &Plan, selection: &Selection, graph: &ResourceGraph) -> Result<(), SelectionError> {
    let changes = whole.changes.iter().map(|change| &change.addr);
    let known = graph.resources.keys().chain(whole.compared.keys()).chain(changes);
    let of_nodes = Selection { nodes: selection.nodes.clone(), ..Selection::default() };
    let known: BTreeSet<&ResourceAddr> = known.filter(|addr| of_nodes.contains(addr)).collect();
    let means = |target: &AddrPattern| known.iter().any(|addr| target.matches(addr));
    let Some(target) = selection.targets.iter().find(|target| !means(target)) else { return Ok(()) };
    let names: Vec<&str> = selection.nodes.iter().map(NodeName::as_str).collect();
    let within = if names.is_empty() { format!("the cluster {}", graph.cluster) } else { names.join(", ") };
    let known = known.into_iter().cloned().collect();
    Err(SelectionError::UnknownTarget { target: target.clone(), within, known })
}

/// What to tell of a node that is restarted while a part of what its start rests on is left out.
fn of_half_a_restart(
    step: &RolloutStep,
    left: &BTreeSet<&ResourceAddr>,
    impacts: &BTreeMap<ResourceAddr, Impact>,
) -> Vec<Note> {
    let node = &step.node;
    let of_node = left.iter().filter(|addr| addr.node() == Some(node));
    let (mut again, mut as_it_is, mut mended) = (Vec::new(), Vec::new(), Vec::new());
    for addr in of_node {
        let restarts = impacts.get(*addr) == Some(&Impact::Restart);
        match addr.kind {
            ResourceKind::Service => mended.push(addr.to_string()),
            _ if restarts => again.push(addr.to_string()),
            ResourceKind::Unit
            | ResourceKind::DropIn
            | ResourceKind::Link
            | ResourceKind::Package
            | ResourceKind::Certificate => as_it_is.push(addr.to_string()),
            _ => {}
        }
    }
    let told = |of: &[String], text: &str| {
        let note = || Note { addr: None, text: text.replace("{}", &of.join(", ")) };
        (!of.is_empty()).then(note)
    };
    let notes = [
        told(
            &again,
            &format!(
                "{node} is restarted without {{}}, left out: it is restarted again when that is applied"
            ),
        ),
        told(
            &as_it_is,
            &format!("{node} is restarted with {{}} as found on the host: what differs is left out"),
        ),
        told(&mended, &format!("{node} is restarted: that may settle {{}}, too, which is left out")),
    ];
    notes.into_iter().flatten().collect()
}
