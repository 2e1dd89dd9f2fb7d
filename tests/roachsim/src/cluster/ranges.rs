//! What a node counts of its ranges.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::{NodeId, RangeId};
use super::liveness::View;
use super::state::State;

/// Replicas that every range should have; also with fewer nodes, which are then short of them.
pub(super) const REPLICATION_FACTOR: usize = 3;

/// A node's ranges in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RangeCounts {
    /// Replicas on its store.
    pub replicas: u32,
    /// Ranges that it leads and holds the lease of.
    pub leaseholders: u32,
    /// Ranges it answers for that have fewer live replicas than they should.
    pub underreplicated: u32,
    /// Ranges it answers for that have no majority of replicas alive.
    pub unavailable: u32,
}

/// Counts as `node` sees it. A range is reported by its leaseholder alone, or by its first live replica when
/// there is none, so that sums over all nodes count nothing twice.
#[must_use]
pub fn count(state: &State, view: &View, node: NodeId) -> RangeCounts {
    let mut counts = RangeCounts::default();
    for (id, replicas) in &state.ranges {
        let replicas = &replicas.value;
        if !replicas.contains(&node) {
            continue;
        }
        counts.replicas += 1;
        let live: Vec<NodeId> = replicas.iter().filter(|node| view.live.contains(node)).copied().collect();
        let unavailable = live.len() * 2 <= replicas.len();
        let reporter = if unavailable { live.first().copied() } else { leaseholder(*id, &live, view) };
        if reporter != Some(node) {
            continue;
        }
        counts.leaseholders += u32::from(!unavailable);
        counts.unavailable += u32::from(unavailable);
        // A replica that lags behind does not count yet.
        let current = live.iter().filter(|node| !view.catching_up.contains(node)).count();
        counts.underreplicated += u32::from(current < REPLICATION_FACTOR);
    }
    counts
}

/// Leases are spread over the live replicas, away from draining nodes while there is another.
fn leaseholder(id: RangeId, live: &[NodeId], view: &View) -> Option<NodeId> {
    let staying: BTreeSet<NodeId> =
        live.iter().filter(|node| !view.draining.contains(node)).copied().collect();
    let among: Vec<NodeId> = if staying.is_empty() { live.to_vec() } else { staying.into_iter().collect() };
    among.get(id.0 as usize % among.len().max(1)).copied()
}
