//! Taking nodes out of the cluster, and back in before it is over.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::heartbeat::Heartbeats;
use super::ids::{NodeId, RangeId};
use super::liveness::View;
use super::member::Membership;
use super::register::Register;
use super::state::State;

/// Where one node stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecommissionStatus {
    /// The node.
    pub node: NodeId,
    /// It beats.
    pub is_live: bool,
    /// Replicas that it has left.
    pub replicas: u32,
    /// Whether it belongs to the cluster.
    pub membership: Membership,
    /// It is on its way out.
    pub draining: bool,
    /// Some of the ranges that it still holds, when they were asked for.
    pub reported: Vec<RangeId>,
}

/// What keeps a node from changing its membership.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// There is no such node.
    #[error("node does not exist")]
    NotFound,
    /// Its membership does not lead there.
    #[error("can only recommission a decommissioning node; n{node} found to be {}", found.word())]
    Recommission {
        /// The node.
        node: NodeId,
        /// What it is.
        found: Membership,
    },
    /// Its membership does not lead there.
    #[error("can only fully decommission an already decommissioning node; n{node} found to be {}", found.word())]
    Decommission {
        /// The node.
        node: NodeId,
        /// What it is.
        found: Membership,
    },
}

/// Whether replicas of a node can go elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Readiness {
    /// They can.
    Ready,
    /// It has left already.
    AlreadyDecommissioned,
    /// Some cannot.
    AllocationErrors,
}

impl Readiness {
    /// The words in the column `readiness`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::AlreadyDecommissioned => "already decommissioned",
            Self::AllocationErrors => "allocation errors",
        }
    }
}

/// The check of one node before it is decommissioned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreCheck {
    /// The node.
    pub node: NodeId,
    /// The outcome.
    pub readiness: Readiness,
    /// How many ranges are blocked, by what blocks them.
    pub blocked: BTreeMap<String, u32>,
}

impl PreCheck {
    /// Number of ranges that are blocked.
    #[must_use]
    pub fn blocking_ranges(&self) -> u32 {
        self.blocked.values().sum()
    }

    /// Whether the node may leave.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.readiness != Readiness::AllocationErrors
    }
}

/// Returns where nodes stand, with up to `report` ranges each that they still hold.
///
/// # Errors
/// When one of them does not exist.
pub fn decommission_status(
    state: &State,
    view: &View,
    beats: &Heartbeats,
    nodes: &[NodeId],
    report: usize,
) -> Result<Vec<DecommissionStatus>, TransitionError> {
    let status = |node: &NodeId| {
        let member = state.members.get(node).ok_or(TransitionError::NotFound)?;
        let held = state.ranges.iter().filter(|(_, range)| range.value.contains(node));
        Ok(DecommissionStatus {
            node: *node,
            is_live: view.live.contains(node),
            replicas: u32::try_from(held.clone().count()).unwrap_or(u32::MAX),
            membership: member.membership.value,
            draining: beats.get(node).is_some_and(|beat| beat.draining),
            reported: held.take(report).map(|(id, _)| *id).collect(),
        })
    };
    let nodes: BTreeSet<NodeId> = nodes.iter().copied().collect();
    nodes.iter().map(status).collect()
}

/// Checks for each node that its replicas can go to a live node that stays and lacks the range.
///
/// # Errors
/// When one of them does not exist.
pub fn pre_check(state: &State, view: &View, nodes: &[NodeId]) -> Result<Vec<PreCheck>, TransitionError> {
    let nodes: BTreeSet<NodeId> = nodes.iter().copied().collect();
    let stays = |node: &&NodeId| {
        let active =
            state.members.get(node).is_some_and(|member| member.membership.value == Membership::Active);
        active && !nodes.contains(node)
    };
    let targets: BTreeSet<NodeId> = view.live.iter().filter(stays).copied().collect();
    let mut checks = Vec::new();
    for node in &nodes {
        let member = state.members.get(node).ok_or(TransitionError::NotFound)?;
        let mut check = PreCheck { node: *node, readiness: Readiness::Ready, blocked: BTreeMap::new() };
        if !member.is_member() {
            check.readiness = Readiness::AlreadyDecommissioned;
        }
        for range in state.ranges.values().filter(|range| range.value.contains(node)) {
            let holding = targets.intersection(&range.value).count();
            if holding < targets.len() {
                continue;
            }
            let words = format!(
                "0 of {} live stores are able to take a new replica for the range ({holding} already have a voter, \
                 0 already have a non-voter); likely not enough nodes in cluster",
                targets.len()
            );
            *check.blocked.entry(words).or_insert(0) += 1;
            check.readiness = Readiness::AllocationErrors;
        }
        checks.push(check);
    }
    Ok(checks)
}

impl State {
    /// Changes the membership of nodes, all or none; what is already so stays so.
    ///
    /// # Errors
    /// When one of them does not exist or its membership does not lead there (`ValidateTransition`).
    pub fn change_membership(
        &mut self,
        nodes: &[NodeId],
        to: Membership,
        by: NodeId,
        time: u64,
    ) -> Result<bool, TransitionError> {
        let mut changes = BTreeSet::new();
        for node in nodes {
            let found = self.members.get(node).ok_or(TransitionError::NotFound)?.membership.value;
            match (found, to) {
                (Membership::Active, Membership::Active)
                | (Membership::Decommissioning, Membership::Decommissioning)
                // Nothing leads back from there.
                | (Membership::Decommissioned, Membership::Decommissioning | Membership::Decommissioned) => {}
                (Membership::Decommissioned, Membership::Active) => {
                    return Err(TransitionError::Recommission { node: *node, found });
                }
                (Membership::Active, Membership::Decommissioned) => {
                    return Err(TransitionError::Decommission { node: *node, found });
                }
                (Membership::Active, Membership::Decommissioning)
                | (Membership::Decommissioning, Membership::Active | Membership::Decommissioned) => {
                    changes.insert(*node);
                }
            }
        }
        let stamp = self.stamp(by, time);
        for node in &changes {
            if let Some(member) = self.members.get_mut(node) {
                member.membership = Register { stamp, value: to };
            }
        }
        Ok(!changes.is_empty())
    }

    /// Words for a node that has left for good, in Unix milliseconds' UTC; none for others.
    #[must_use]
    pub fn removed(&self, node: NodeId) -> Option<String> {
        let membership = &self.members.get(&node)?.membership;
        (membership.value == Membership::Decommissioned).then(|| {
            let micros = i64::try_from(membership.stamp.time).unwrap_or(i64::MAX).saturating_mul(1000);
            format!(
                "n{node} was permanently removed from the cluster at {}; it is not allowed to rejoin the cluster",
                crate::clock::timestamp(micros)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{ClusterId, StoreUuid};
    use crate::release::Series;

    /// Nodes 1 to `size`, all live, every range on the first three.
    fn cluster(size: u32) -> (State, View) {
        let mut state = State::bootstrap(ClusterId::random(), StoreUuid::numbered(1), Series::new(24, 1), 1);
        for node in 2..=size {
            state.admit(NodeId(node), StoreUuid::numbered(node.into()), NodeId(1), 2);
        }
        for range in state.ranges.values_mut() {
            range.value = (1..=size.min(3)).map(NodeId).collect();
        }
        let live = (1..=size).map(NodeId).collect();
        (state, View { live, has_quorum: true, ..View::default() })
    }

    fn ids(ids: &[u32]) -> Vec<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    #[test]
    fn three_nodes_cannot_lose_one() {
        let (state, view) = cluster(3);
        let checks = pre_check(&state, &view, &ids(&[3])).unwrap();
        assert_eq!((checks[0].readiness, checks[0].blocking_ranges()), (Readiness::AllocationErrors, 60));
        assert_eq!(
            checks[0].blocked.keys().next().unwrap(),
            "0 of 2 live stores are able to take a new replica for the range (2 already have a voter, 0 already have a non-voter); likely not enough nodes in cluster"
        );
    }

    #[test]
    fn four_nodes_can_lose_one_and_not_two() {
        let (state, view) = cluster(4);
        assert!(pre_check(&state, &view, &ids(&[3])).unwrap()[0].is_ready());
        assert!(pre_check(&state, &view, &ids(&[4])).unwrap()[0].is_ready(), "it holds nothing");
        let both = pre_check(&state, &view, &ids(&[3, 4])).unwrap();
        assert_eq!(both.iter().map(PreCheck::is_ready).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn a_dead_node_takes_no_replica() {
        let (state, mut view) = cluster(4);
        view.live.remove(&NodeId(4));
        assert!(!pre_check(&state, &view, &ids(&[3])).unwrap()[0].is_ready());
    }

    #[test]
    fn memberships_lead_where_they_may() {
        let (mut state, _) = cluster(3);
        let mut change = |to| state.change_membership(&ids(&[2]), to, NodeId(1), 50);
        assert_eq!(
            change(Membership::Decommissioned).unwrap_err().to_string(),
            "can only fully decommission an already decommissioning node; n2 found to be active"
        );
        assert_eq!(change(Membership::Active), Ok(false), "already so");
        assert_eq!(change(Membership::Decommissioning), Ok(true));
        assert_eq!(change(Membership::Active), Ok(true));
        assert_eq!(change(Membership::Decommissioning), Ok(true));
        assert_eq!(change(Membership::Decommissioned), Ok(true));
        assert_eq!(change(Membership::Decommissioning), Ok(false), "no way back");
        assert_eq!(
            change(Membership::Active).unwrap_err().to_string(),
            "can only recommission a decommissioning node; n2 found to be decommissioned"
        );
        assert_eq!(
            state.change_membership(&ids(&[1, 9]), Membership::Decommissioning, NodeId(1), 60),
            Err(TransitionError::NotFound)
        );
        assert_eq!(state.members[&NodeId(1)].membership.value, Membership::Active, "all or none");
        assert!(
            state.removed(NodeId(2)).unwrap().starts_with("n2 was permanently removed from the cluster at ")
        );
        assert_eq!(state.removed(NodeId(1)), None);
    }
}
