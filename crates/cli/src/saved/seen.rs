use std::collections::BTreeMap;

use crdbctl_model::{
    Digest, Footprint, NodeName, NodeObservation, Observations, Observed, OtherCertificates, Plan, Reading,
    ResourceAddr,
};
use serde::{Deserialize, Serialize};

/// Digests of everything that was found, without what changes by itself. `None` stands for what could not be read: no plan
/// rests on that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// Cluster-wide resources.
    pub(crate) cluster: BTreeMap<ResourceAddr, Option<Digest>>,
    /// The nodes that could be read.
    pub(crate) nodes: BTreeMap<NodeName, SeenNode>,
}

/// Digests of what was found on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenNode {
    /// Of the machine's own identity.
    pub(crate) machine: Digest,
    /// Of the ownership record.
    pub(crate) record: Digest,
    /// Of the unit's drop-ins.
    pub(crate) drop_ins: Digest,
    /// Of what stands around the resources: packages, mount points, what an interrupted apply began.
    pub(crate) surroundings: Digest,
    /// Of each resource.
    pub(crate) resources: BTreeMap<ResourceAddr, Option<Digest>>,
}

impl Seen {
    /// Returns the digests of what a probe found.
    pub(crate) fn of(observations: &Observations) -> Self {
        let read = |(node, observation): (&NodeName, &NodeObservation)| match observation {
            NodeObservation::Read(reading) => Some((node.clone(), SeenNode::of(reading))),
            NodeObservation::Unreadable(_) => None,
        };
        Self {
            cluster: digests(&observations.cluster),
            nodes: observations.nodes.iter().filter_map(read).collect(),
        }
    }
}

impl Seen {
    /// Returns the digests without those of what a plan does not rest on, because it is a part of the whole.
    pub(crate) fn of_part(mut self, plan: &Plan) -> Self {
        self.cluster.retain(|addr, _| plan.rests_on(addr));
        self.nodes.retain(|node, _| plan.part.is_whole() || plan.basis.nodes.contains_key(node));
        self
    }
}

impl SeenNode {
    fn of(reading: &Reading) -> Self {
        let around = &reading.footprint;
        Self {
            machine: Digest::of_json(&(&reading.host.machine, reading.host.machine_id)),
            record: Digest::of_json(&reading.record),
            drop_ins: Digest::of_json(&reading.drop_ins),
            surroundings: surroundings(around),
            resources: digests(&reading.resources),
        }
    }
}

/// Of the other certificates, a plan rests on the one with which nodes dial each other, and on the authorities that verify clients.
fn surroundings(around: &Footprint) -> Digest {
    let (listings, mounts, begun) = (&around.listings, &around.mount_points, &around.begun);
    let found = |name| around.certificates.get(name).ok().flatten();
    match (found(OtherCertificates::NODE_CLIENT), found(OtherCertificates::CLIENT_AUTHORITIES)) {
        (None, None) => Digest::of_json(&(listings, mounts, begun)),
        (Some(certificate), None) => Digest::of_json(&(listings, mounts, begun, certificate)),
        (certificate, Some(authorities)) => {
            Digest::of_json(&(listings, mounts, begun, certificate, authorities))
        }
    }
}

fn digests(found: &BTreeMap<ResourceAddr, Observed>) -> BTreeMap<ResourceAddr, Option<Digest>> {
    let digest = |observed: &Observed| match observed {
        Observed::Unknown { .. } | Observed::Deferred { .. } => None,
        Observed::Present(_) | Observed::Absent => Some(Digest::of_json(&observed.at_rest())),
    };
    found.iter().map(|(addr, observed)| (addr.clone(), digest(observed))).collect()
}
