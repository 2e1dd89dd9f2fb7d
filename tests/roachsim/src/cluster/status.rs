//! The rows behind `cockroach node status`.

use serde::{Deserialize, Serialize};

use super::heartbeat::Heartbeats;
use super::ids::NodeId;
use super::liveness::View;
use super::member::{Descriptor, Membership};
use super::ranges::RangeCounts;
use super::state::State;

/// One node as the asked node knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRow {
    /// Its id.
    pub id: NodeId,
    /// What it said of itself; nothing once it has left and its gossip is gone.
    pub descriptor: Option<Descriptor>,
    /// Its last beat, Unix microseconds.
    pub updated_at: Option<i64>,
    /// Its liveness record has not run out.
    pub is_available: bool,
    /// Gossip says it is there.
    pub is_live: bool,
    /// Its figures, when it is known to gossip.
    pub ranges: Option<RangeCounts>,
    /// Whether it belongs to the cluster.
    pub membership: Membership,
    /// It is on its way out.
    pub is_draining: bool,
}

/// Returns all nodes in order of their ids; those that left only when `decommissioned` asks for them.
#[must_use]
pub fn rows(state: &State, view: &View, beats: &Heartbeats, decommissioned: bool) -> Vec<StatusRow> {
    let mut rows = Vec::new();
    for (id, member) in &state.members {
        let membership = member.membership.value;
        let is_live = view.live.contains(id);
        // The query behind the command: active, or with an unexpired record.
        if !decommissioned && membership != Membership::Active && !view.is_available(*id) {
            continue;
        }
        let gone = membership == Membership::Decommissioned;
        let beat = beats.get(id);
        rows.push(StatusRow {
            id: *id,
            descriptor: member.descriptor.as_ref().filter(|_| !gone).map(|register| register.value.clone()),
            updated_at: beat.map(|beat| beat.updated_at),
            is_available: view.is_available(*id),
            is_live,
            ranges: beat.filter(|_| !gone).map(|beat| beat.summary.ranges),
            membership,
            is_draining: beat.is_some_and(|beat| beat.draining),
        });
    }
    rows
}
