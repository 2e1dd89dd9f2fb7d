//! The durable part of what a cluster knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ids::{ClusterId, NodeId, RangeId, StoreUuid};
use super::member::{Descriptor, Member, Membership};
use super::register::{Register, Stamp};
use crate::release::Series;

/// Ranges of a fresh cluster; about as many as the real program starts with.
const RANGES: u32 = 60;

/// Everything that nodes store and exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Which cluster this is.
    pub cluster_id: ClusterId,
    /// The cluster version that is in force.
    pub version: Register<Series>,
    /// The version to which it is being raised at this moment.
    pub upgrading: Register<Option<Series>>,
    /// Settings that were changed or reset, by key; a reset one has no value.
    #[serde(default)]
    pub settings: BTreeMap<String, Register<Option<String>>>,
    /// Every node that ever was in it.
    pub members: BTreeMap<NodeId, Member>,
    /// Where each range has its replicas.
    pub ranges: BTreeMap<RangeId, Register<BTreeSet<NodeId>>>,
}

impl State {
    /// A cluster of one node, as `cockroach init` makes it.
    #[must_use]
    pub fn bootstrap(cluster_id: ClusterId, store: StoreUuid, version: Series, time: u64) -> Self {
        let stamp = Stamp { time, node: NodeId::FIRST };
        let first =
            Member { store, descriptor: None, membership: Register { stamp, value: Membership::Active } };
        let replicas = Register { stamp, value: BTreeSet::from([NodeId::FIRST]) };
        Self {
            cluster_id,
            version: Register { stamp, value: version },
            upgrading: Register { stamp, value: None },
            settings: BTreeMap::new(),
            members: BTreeMap::from([(NodeId::FIRST, first)]),
            ranges: (1..=RANGES).map(|id| (RangeId(id), replicas.clone())).collect(),
        }
    }

    /// Takes over what the other side knows later; says whether anything changed.
    ///
    /// States of different clusters are never merged: the caller compares their ids first.
    pub fn merge(&mut self, other: &Self) -> bool {
        let mut changed = self.version.merge(&other.version);
        changed |= self.upgrading.merge(&other.upgrading);
        for (key, theirs) in &other.settings {
            changed |= match self.settings.get_mut(key) {
                Some(mine) => mine.merge(theirs),
                None => self.settings.insert(key.clone(), theirs.clone()).is_none(),
            };
        }
        for (id, theirs) in &other.members {
            changed |= match self.members.get_mut(id) {
                Some(mine) => mine.merge(theirs),
                None => self.members.insert(*id, theirs.clone()).is_none(),
            };
        }
        for (id, theirs) in &other.ranges {
            changed |= match self.ranges.get_mut(id) {
                Some(mine) => mine.merge(theirs),
                None => self.ranges.insert(*id, theirs.clone()).is_none(),
            };
        }
        changed
    }

    /// A stamp for something that `node` writes at its clock's `time`, later than everything known.
    #[must_use]
    pub fn stamp(&self, node: NodeId, time: u64) -> Stamp {
        let members = self.members.values().flat_map(|member| {
            [Some(member.membership.stamp), member.descriptor.as_ref().map(|descriptor| descriptor.stamp)]
        });
        let stamps = members
            .flatten()
            .chain(self.ranges.values().map(|range| range.stamp))
            .chain(self.settings.values().map(|setting| setting.stamp))
            .chain([self.version.stamp, self.upgrading.stamp]);
        let latest = stamps.map(|stamp| stamp.time).max().unwrap_or(0);
        Stamp { time: time.max(latest + 1), node }
    }

    /// The value of a setting, unless it has its default.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key)?.value.as_deref()
    }

    /// Gives a setting a value, or its default.
    pub fn set(&mut self, key: &str, value: Option<String>, by: NodeId, time: u64) {
        let stamp = self.stamp(by, time);
        self.settings.insert(key.to_owned(), Register { stamp, value });
    }

    /// Sets what a node says of itself.
    pub fn describe(&mut self, node: NodeId, descriptor: Descriptor, time: u64) {
        let stamp = self.stamp(node, time);
        if let Some(member) = self.members.get_mut(&node) {
            member.descriptor = Some(Register { stamp, value: descriptor });
        }
    }

    /// Enters a node whose id was granted.
    pub fn admit(&mut self, node: NodeId, store: StoreUuid, by: NodeId, time: u64) {
        let stamp = self.stamp(by, time);
        let membership = Register { stamp, value: Membership::Active };
        self.members.entry(node).or_insert(Member { store, descriptor: None, membership });
    }

    /// The node to which a store belongs.
    #[must_use]
    pub fn node_of(&self, store: StoreUuid) -> Option<NodeId> {
        self.members.iter().find(|(_, member)| member.store == store).map(|(node, _)| *node)
    }

    /// Addresses of all members that have said where they are.
    #[must_use]
    pub fn addresses(&self) -> BTreeMap<NodeId, String> {
        let described = self.members.iter().filter(|(_, member)| member.is_member());
        described
            .filter_map(|(node, member)| Some((*node, member.descriptor.as_ref()?.value.address.clone())))
            .collect()
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
