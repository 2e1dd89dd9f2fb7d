use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Digest, DropInFact, Fact, Footprint, InitFact, NodeName, Record, ResourceAddr, Room, StartBlocker,
    Timestamp,
};

/// What was found for a resource. Unknown is never absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observed {
    /// Something is there.
    Present(Box<Fact>),
    /// Nothing is there, and that was seen.
    Absent,
    /// CockroachDB alone can tell, and no node is ready to be asked: nothing is amiss with the reading.
    Deferred {
        /// Why, as a sentence without the address.
        reason: String,
    },
    /// It could not be read.
    Unknown {
        /// Why, as a sentence without the address.
        reason: String,
    },
}

impl Observed {
    /// Returns what was found without what changes by itself: two such that are equal mean that nothing moved.
    #[must_use]
    pub fn at_rest(&self) -> Self {
        match self {
            Self::Present(fact) => match fact.as_ref() {
                Fact::Members(members) => Self::Present(Box::new(Fact::Members(members.at_rest()))),
                Fact::Service(service) => Self::Present(Box::new(Fact::Service(service.at_rest()))),
                // Which node told of it is no matter.
                Fact::Init(_) => Self::Present(Box::new(Fact::Init(InitFact { because: String::new() }))),
                _ => self.clone(),
            },
            // Another attempt may fail in other words.
            Self::Unknown { .. } => Self::Unknown { reason: String::new() },
            Self::Deferred { .. } => Self::Deferred { reason: String::new() },
            Self::Absent => Self::Absent,
        }
    }
}

/// The host itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFact {
    /// `uname -m`.
    pub machine: String,
    /// `uname -r`.
    pub kernel: String,
    /// `ID` and `VERSION_ID` of os-release(5), such as `debian 12`.
    pub os: String,
    /// The host's own name.
    pub hostname: String,
    /// The digest of /etc/machine-id; `None` when it is empty or missing.
    pub machine_id: Option<Digest>,
    /// The host's clock when it was read.
    pub clock: Timestamp,
    /// The milliseconds beyond that.
    #[serde(default)]
    pub clock_millis: u16,
}

/// What one node answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The host.
    pub host: HostFact,
    /// Every resource that was asked for.
    pub resources: BTreeMap<ResourceAddr, Observed>,
    /// The drop-ins of the unit.
    pub drop_ins: Vec<DropInFact>,
    /// The ownership record.
    pub record: Option<Record>,
    /// What stands around the resources.
    #[serde(default)]
    pub footprint: Footprint,
    /// What keeps CockroachDB from starting there as the manifest says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start_blockers: Vec<StartBlocker>,
    /// What is free where the package goes, while it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Room>,
    /// The digest of the answer's lasting part: equal answers mean an unchanged host.
    pub digest: Digest,
}

/// The class of reason why a node could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnreadableKind {
    /// No connection: name, network, port.
    Unreachable,
    /// The host key is unknown or changed.
    HostKey,
    /// ssh login was refused.
    Login,
    /// Root was refused.
    Privilege,
    /// The connection was lost while reading.
    Lost,
    /// The answer was cut off, late or not in the form expected.
    Answer,
    /// The host is not what the manifest says: another architecture, two names for one machine.
    Host,
}

/// A node that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The class.
    pub kind: UnreadableKind,
    /// What was tried and what came back.
    pub reason: String,
    /// What to do next.
    pub hint: String,
}

/// A node, read or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeObservation {
    /// It answered.
    Read(Box<Reading>),
    /// It did not.
    Unreadable(Unreadable),
}

/// All that was found, once, by one probe of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observations {
    /// The version of this document's form.
    pub format_version: u32,
    /// The control host's clock when the probe began.
    pub taken_at: Timestamp,
    /// Cluster-wide resources that live on the control host.
    pub cluster: BTreeMap<ResourceAddr, Observed>,
    /// The nodes, by name.
    pub nodes: BTreeMap<NodeName, NodeObservation>,
}

impl Observations {
    /// The form that this crdbctl writes and reads.
    pub const FORMAT_VERSION: u32 = 1;

    /// Returns what was found at `addr`; unknown when its node was not read or nobody asked.
    pub fn of(&self, addr: &ResourceAddr) -> Observed {
        let found = match addr.node() {
            None => self.cluster.get(addr).cloned(),
            Some(node) => match self.nodes.get(node) {
                Some(NodeObservation::Read(reading)) => reading.resources.get(addr).cloned(),
                Some(NodeObservation::Unreadable(unreadable)) => {
                    Some(Observed::Unknown { reason: unreadable.reason.clone() })
                }
                None => None,
            },
        };
        found.unwrap_or_else(|| Observed::Unknown { reason: "it was not asked for".to_owned() })
    }

    /// Returns the digest of what was found of cluster-wide resources, without what changes by itself.
    pub fn cluster_digest(&self) -> Digest {
        let at_rest: BTreeMap<&ResourceAddr, Observed> =
            self.cluster.iter().map(|(addr, observed)| (addr, observed.at_rest())).collect();
        Digest::of_json(&at_rest)
    }

    /// Returns the reading of `node`, when it answered.
    pub fn reading(&self, node: &NodeName) -> Option<&Reading> {
        match self.nodes.get(node) {
            Some(NodeObservation::Read(reading)) => Some(reading),
            _ => None,
        }
    }
}
