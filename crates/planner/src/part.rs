//! Parts of a plan: changes of the whole plan are left out of it, and told.

use std::collections::BTreeSet;

use crdbctl_model::{
    Change, Divergence, Impact, LeftOut, LeftOutWhy, NodeName, Observations, Plan, ResourceAddr,
    ResourceGraph, Verdict,
};

use crate::context::Context;
use crate::rollout;

/// Returns the part of a plan that comes from one side having moved: what is drift, or what the manifest is ahead by.
///
/// The order of disruption and what travels are those of what remains. What could not be read stays in the plan:
/// nobody knows of what kind it is.
pub fn only(
    mut plan: Plan,
    divergence: Divergence,
    graph: &ResourceGraph,
    observations: &Observations,
) -> Plan {
    plan.part.only = Some(divergence);
    leave_out(plan, graph, observations, |change| {
        if change.cause.is_of(divergence) {
            Vec::new()
        } else {
            vec![left_out(change, Vec::new(), LeftOutWhy::Only)]
        }
    })
}

/// Returns that a change, or those of its attributes that are named, is left out.
pub(crate) fn left_out(change: &Change, attributes: Vec<String>, why: LeftOutWhy) -> LeftOut {
    LeftOut { addr: change.addr.clone(), action: change.action, cause: change.cause, attributes, why }
}

/// Returns a plan without what `decide` leaves out of each change: all of it, when what it returns names no attribute or
/// all that the change has.
///
/// What remains is told whether or not it could be done without the rest: that is for [`select`](crate::select()) to see, whose parts
/// alone are applied.
pub(crate) fn leave_out(
    plan: Plan,
    graph: &ResourceGraph,
    observations: &Observations,
    mut decide: impl FnMut(&Change) -> Vec<LeftOut>,
) -> Plan {
    let context = Context::new(graph, observations, observations.taken_at, plan.part.shard);
    let Plan { changes, mut notes, mut compared, mut left_out, transfers, .. } = plan;
    let mut kept = Vec::with_capacity(changes.len());
    let mut gone: BTreeSet<ResourceAddr> = BTreeSet::new();
    // Nodes whose restart mends a process by what is left out now.
    let mut unrestarted: BTreeSet<NodeName> = BTreeSet::new();
    for mut change in changes {
        let without = decide(&change);
        let restarts = change.impact == Impact::Restart;
        let is_named = |name: &str| without.iter().any(|it| it.attributes.iter().any(|other| other == name));
        if !without.is_empty() {
            let all = without.iter().any(|it| it.attributes.is_empty());
            change.attributes.retain(|attribute| !all && !is_named(&attribute.name));
            change.impact = change.attributes.iter().map(|it| it.impact).max().unwrap_or(Impact::None);
        }
        let is_gone = !without.is_empty() && change.attributes.is_empty();
        if restarts && (is_gone || change.impact != Impact::Restart) {
            unrestarted.extend(change.addr.node().cloned());
        }
        left_out.extend(without);
        if is_gone {
            compared.insert(change.addr.clone(), Verdict::PutOff);
            gone.insert(change.addr.clone());
        } else {
            kept.push(change);
        }
    }
    compared.extend(gone.iter().map(|addr| (addr.clone(), Verdict::PutOff)));
    for change in &mut kept {
        change.depends_on.retain(|addr| !gone.contains(addr));
    }
    for (addr, verdict) in &mut compared {
        if *verdict == Verdict::Carried && addr.node().is_some_and(|node| unrestarted.contains(node)) {
            *verdict = Verdict::PutOff;
        }
    }
    let steps = rollout::steps(&kept, &context);
    // What is said of the disruption is said of what remains of it.
    let before = rollout::notes(&plan.rollout, &context);
    notes.retain(|note| !before.contains(note));
    notes.extend(rollout::notes(&steps, &context));
    Plan {
        transfers: transfers.into_iter().filter(|transfer| !gone.contains(&transfer.addr)).collect(),
        rollout: steps,
        changes: kept,
        notes,
        compared,
        left_out,
        ..plan
    }
}
