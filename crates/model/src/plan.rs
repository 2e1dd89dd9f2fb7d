use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Action, Change, ClusterName, Digest, Impact, LeftOut, NodeName, Part, Removal, ResourceAddr, ResourceKind,
};

/// What a plan rests on: it is stale when any of this has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of what was found of cluster-wide resources.
    pub cluster: Digest,
    /// The digest of each node's answer, for the nodes that answered; of a part, for those that it rests on.
    pub nodes: BTreeMap<NodeName, Digest>,
}

/// A resource, or all of a node, that could not be planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownResource {
    /// The node; `None` for a cluster-wide resource.
    pub node: Option<NodeName>,
    /// The resource; `None` when the whole node could not be read.
    pub addr: Option<ResourceAddr>,
    /// Why, with what was tried and what came back.
    pub reason: String,
    /// What to do next.
    pub hint: String,
}

/// A node that a plan stops or reloads, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutStep {
    /// Which node.
    pub node: NodeName,
    /// Its place in the order, from 1. Nodes of one number go together.
    pub batch: usize,
    /// What happens to it.
    pub impact: Impact,
    /// The changes that bring it about.
    pub because: Vec<ResourceAddr>,
}

/// What a rollout waits for whatever the hosts do, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Between a restarted node and the next node that is disrupted.
    pub settle: u64,
    /// Between the two looks at the ranges before the first restart and after each; `None` where it is not sure that there are two, because the
    /// cluster is not initialised or not every node is ready.
    pub ranges_pause: Option<u64>,
}

/// Bytes that travel to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Which node.
    pub node: NodeName,
    /// What travels.
    pub addr: ResourceAddr,
    /// How many bytes.
    pub bytes: u64,
}

/// Something that readers of a plan should know and that is no change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it is about.
    pub addr: Option<ResourceAddr>,
    /// The sentence.
    pub text: String,
}

/// What the comparison of a resource came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as it shall be.
    Same,
    /// It is not, and the plan changes it.
    Differs,
    /// It is not, and this plan leaves it alone: a note says why.
    PutOff,
    /// It is not, and changes of other resources mend it: the flags of a process, by its unit.
    Carried,
    /// It could not be told: it could not be read, or what it is compared with could not.
    Unknown,
}

/// What apply would do. Data only: equal inputs give equal plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this document's form.
    pub format_version: u32,
    /// The cluster.
    pub cluster: ClusterName,
    /// What it rests on.
    pub basis: Basis,
    /// The changes, each after those that it depends on.
    pub changes: Vec<Change>,
    /// The nodes that are stopped or reloaded, in order.
    pub rollout: Vec<RolloutStep>,
    /// What it waits for on its way.
    #[serde(default)]
    pub pace: Pace,
    /// What travels.
    pub transfers: Vec<Transfer>,
    /// What could not be planned.
    pub unknown: Vec<UnknownResource>,
    /// What else to know.
    pub notes: Vec<Note>,
    /// The resources that were compared, with what it came to. Those of a node that could not be read are not among
    /// them.
    pub compared: BTreeMap<ResourceAddr, Verdict>,
    /// Which part of the whole this is.
    #[serde(default)]
    pub part: Part,
    /// What this part leaves out.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// The numbers of a plan's summary line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Resources to create.
    pub create: usize,
    /// Resources to update.
    pub update: usize,
    /// Resources to replace.
    pub replace: usize,
    /// Resources to delete or set aside.
    pub delete: usize,
    /// Nodes to restart.
    pub restart: usize,
    /// Nodes to reload.
    pub reload: usize,
    /// Nodes to stop for good.
    pub stop: usize,
    /// Bytes to send.
    pub bytes: u64,
}

impl Plan {
    /// The form that this crdbctl writes and reads.
    pub const FORMAT_VERSION: u32 = 1;

    /// Returns whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns whether everything that was asked for could be read.
    pub fn is_complete(&self) -> bool {
        self.unknown.is_empty()
    }

    /// Returns whether what was found of a resource must be the same when the plan is applied: that it stays so on the nodes of
    /// the [basis](Basis::nodes), and of what is cluster-wide. Of settings a part of a plan rests on those alone that it has.
    pub fn rests_on(&self, addr: &ResourceAddr) -> bool {
        match addr.node() {
            Some(node) => self.basis.nodes.contains_key(node),
            None => addr.kind != ResourceKind::Setting || self.part.selection.contains(addr),
        }
    }

    /// Returns the nodes that this plan stops for good, in its order.
    pub fn stops(&self) -> impl Iterator<Item = &NodeName> {
        self.changes
            .iter()
            .filter(|change| change.removal.as_ref().is_some_and(Removal::stops))
            .filter_map(|change| change.addr.node())
    }

    /// Returns how many seconds the pauses of the rollout take together: it lasts longer by whatever drains, starts and
    /// transfers take, which is not known beforehand. `None` when nothing restarts.
    pub fn least_seconds(&self) -> Option<u64> {
        let batches: Vec<&[RolloutStep]> =
            self.rollout.chunk_by(|one, next| one.batch == next.batch).collect();
        let restarts = |batch: &&&[RolloutStep]| batch.iter().any(|step| step.impact == Impact::Restart);
        let restarted = batches.iter().filter(restarts).count() as u64;
        // Nobody waits behind the last batch for a next one.
        let followed = batches[..batches.len().saturating_sub(1)].iter().filter(restarts).count() as u64;
        let Pace { settle, ranges_pause } = self.pace;
        // The gate before the first restart looks twice as well; what the gate after one restart saw counts for the next.
        // A gate before all nodes at once has nobody to look at.
        let first = batches.iter().find(|batch| batch.iter().any(|step| step.impact == Impact::Restart));
        let has_gate_before = first.is_some_and(|batch| batch.len() < self.basis.nodes.len());
        let looks = restarted.saturating_add(u64::from(has_gate_before));
        let pauses = ranges_pause.unwrap_or(0).saturating_mul(looks);
        (restarted > 0).then(|| settle.saturating_mul(followed).saturating_add(pauses))
    }

    /// Returns the numbers of the summary line.
    pub fn counts(&self) -> Counts {
        let of = |action| self.changes.iter().filter(|change| change.action == action).count();
        let nodes = |impact| self.rollout.iter().filter(|step| step.impact == impact).count();
        Counts {
            create: of(Action::Create),
            update: of(Action::Update),
            replace: of(Action::Replace),
            delete: of(Action::Delete),
            restart: nodes(Impact::Restart),
            reload: nodes(Impact::Reload),
            stop: self.stops().count(),
            bytes: self.transfers.iter().map(|transfer| transfer.bytes).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pace: Pace, rollout: &[(&str, usize, Impact)]) -> Plan {
        let digest = Digest::of("basis");
        let step = |(name, batch, impact): &(&str, usize, Impact)| RolloutStep {
            node: NodeName::new(*name).unwrap(),
            batch: *batch,
            impact: *impact,
            because: Vec::new(),
        };
        Plan {
            format_version: Plan::FORMAT_VERSION,
            cluster: ClusterName::new("store").unwrap(),
            basis: Basis {
                manifest: digest,
                cluster: digest,
                nodes: ["a", "b", "c"].map(|name| (NodeName::new(name).unwrap(), digest)).into(),
            },
            changes: Vec::new(),
            rollout: rollout.iter().map(step).collect(),
            pace,
            transfers: Vec::new(),
            unknown: Vec::new(),
            notes: Vec::new(),
            compared: BTreeMap::new(),
            part: Part::default(),
            left_out: Vec::new(),
        }
    }

    #[test]
    fn pauses_are_counted_by_batch_and_the_last_one_does_not_settle() {
        use Impact::{Reload, Restart};
        let pace = Pace { settle: 60, ranges_pause: Some(22) };
        let least = |rollout: &[(&str, usize, Impact)]| plan(pace, rollout).least_seconds();
        assert_eq!(least(&[]), None);
        assert_eq!(least(&[("a", 1, Reload), ("b", 2, Reload)]), None);
        // One look more: that of the gate before the first.
        assert_eq!(least(&[("a", 1, Restart)]), Some(2 * 22));
        assert_eq!(least(&[("a", 1, Restart), ("b", 2, Restart), ("c", 3, Restart)]), Some(4 * 22 + 2 * 60));
        assert_eq!(least(&[("a", 1, Restart), ("b", 1, Restart), ("c", 1, Restart)]), Some(22));
        // Two that go together are one wait; a reload behind a restart waits for it to settle.
        assert_eq!(least(&[("a", 1, Restart), ("b", 1, Restart), ("c", 2, Reload)]), Some(2 * 22 + 60));
        let unsure = Pace { ranges_pause: None, ..pace };
        assert_eq!(plan(unsure, &[("a", 1, Restart), ("b", 2, Restart)]).least_seconds(), Some(60));
    }
}
