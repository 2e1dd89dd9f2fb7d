//! Where replicas go.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::{NodeId, RangeId};
use super::liveness::View;
use super::member::Membership;
use super::ranges::REPLICATION_FACTOR;
use super::register::Register;
use super::state::State;

/// How fast and how soon replicas are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Ranges changed in one step.
    pub changes: usize,
    /// Milliseconds of silence after which a node counts as dead and its replicas are replaced.
    pub dead_after: u64,
}

/// Takes one step as `node`, the leader, at its clock's `time`; returns how many ranges it changed.
///
/// Ranges that have lost their majority are left alone: nothing can be decided for them.
pub fn allocate(state: &mut State, view: &View, budget: Budget, node: NodeId, time: u64) -> usize {
    let targets: BTreeSet<NodeId> = state
        .members
        .iter()
        .filter(|(id, member)| member.membership.value == Membership::Active && view.live.contains(id))
        .map(|(id, _)| *id)
        .filter(|id| !view.draining.contains(id))
        .collect();
    let leaving: BTreeSet<NodeId> = state
        .members
        .iter()
        .filter(|(id, member)| {
            let silent = view.silent_for.get(id).is_none_or(|silent| *silent >= budget.dead_after);
            member.membership.value != Membership::Active || (silent && !view.live.contains(id))
        })
        .map(|(id, _)| *id)
        .collect();

    let mut load: BTreeMap<NodeId, usize> = targets.iter().map(|id| (*id, 0)).collect();
    for replica in state.ranges.values().flat_map(|range| &range.value) {
        if let Some(count) = load.get_mut(replica) {
            *count += 1;
        }
    }
    let mut moves: Vec<(RangeId, BTreeSet<NodeId>)> = Vec::new();
    for (id, range) in &state.ranges {
        if moves.len() == budget.changes {
            break;
        }
        let live = range.value.iter().filter(|id| view.live.contains(id)).count();
        if live * 2 <= range.value.len() {
            continue;
        }
        if let Some(replicas) = better(&range.value, &leaving, &load) {
            shift(&mut load, &range.value, &replicas);
            moves.push((*id, replicas));
        }
    }
    if moves.is_empty() {
        moves.extend(rebalance(state, &load));
    }
    let stamp = state.stamp(node, time);
    let changed = moves.len();
    for (id, value) in moves {
        state.ranges.insert(id, Register { stamp, value });
    }
    changed
}

/// Replicas of one range after one improvement: a missing one added, or a leaving one replaced.
fn better(
    replicas: &BTreeSet<NodeId>,
    leaving: &BTreeSet<NodeId>,
    load: &BTreeMap<NodeId, usize>,
) -> Option<BTreeSet<NodeId>> {
    let free = load.iter().filter(|(id, _)| !replicas.contains(id));
    let target = free.min_by_key(|(id, count)| (**count, **id)).map(|(id, _)| *id)?;
    let mut replicas = replicas.clone();
    if let Some(gone) = replicas.iter().find(|id| leaving.contains(id)).copied() {
        replicas.remove(&gone);
    } else if replicas.len() >= REPLICATION_FACTOR {
        return None;
    }
    replicas.insert(target);
    Some(replicas)
}

/// Moves one replica from the fullest node to the emptiest, when that evens them out.
fn rebalance(state: &State, load: &BTreeMap<NodeId, usize>) -> Option<(RangeId, BTreeSet<NodeId>)> {
    let (from, most) = load.iter().max_by_key(|(id, count)| (**count, **id))?;
    let (to, least) = load.iter().min_by_key(|(id, count)| (**count, **id))?;
    if most - least < 2 {
        return None;
    }
    let mut ranges = state.ranges.iter();
    let (id, range) = ranges.find(|(_, range)| range.value.contains(from) && !range.value.contains(to))?;
    let mut replicas = range.value.clone();
    replicas.remove(from);
    replicas.insert(*to);
    Some((*id, replicas))
}

fn shift(load: &mut BTreeMap<NodeId, usize>, before: &BTreeSet<NodeId>, after: &BTreeSet<NodeId>) {
    for id in before.difference(after) {
        if let Some(count) = load.get_mut(id) {
            *count = count.saturating_sub(1);
        }
    }
    for id in after.difference(before) {
        if let Some(count) = load.get_mut(id) {
            *count += 1;
        }
    }
}
