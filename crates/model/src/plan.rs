use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Action, Change, ClusterName, Digest, Impact, LeftOut, NodeName, Part, Removal, ResourceAddr};

/// What a plan rests on: it is stale when any of this has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of what was found of cluster-wide resources.
    pub cluster: Digest,
    /// The digest of each node's answer, for the nodes that answered.
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

    /// Returns the nodes that this plan stops for good, in its order.
    pub fn stops(&self) -> impl Iterator<Item = &NodeName> {
        self.changes
            .iter()
            .filter(|change| change.removal.as_ref().is_some_and(Removal::stops))
            .filter_map(|change| change.addr.node())
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
