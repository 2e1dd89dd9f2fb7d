use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Digest, NodeName, Observations, Plan, Resource, ResourceAddr, ResourceGraph, Selection, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::Seen;

/// What shapes a plan beside the manifest and the hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedOptions {
    /// Whether nodes of which anything is unknown are left alone.
    pub(crate) skip_unknown: bool,
    /// Whether the data of nodes that leave are deleted.
    pub(crate) delete_data: bool,
    /// The nodes whose gates are skipped.
    pub(crate) force_gates: BTreeSet<NodeName>,
    /// Which part of the whole the plan is.
    #[serde(default)]
    pub(crate) selection: Selection,
}

/// A plan with what it rests on, as it is kept in a file. Holds no secret: of what was found it has digests alone, and the
/// plan itself shows secrets as digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedPlan {
    /// The version of this document's form.
    pub(crate) format_version: u32,
    /// The version of the crdbctl that made it.
    pub(crate) crdbctl: String,
    /// The moment that counts for the plan: that of the probe.
    pub(crate) taken_at: Timestamp,
    /// Where it comes from, for people: `3 nodes probed in 0.9s`.
    pub(crate) origin: String,
    /// What shaped it.
    pub(crate) options: SavedOptions,
    /// The digest of each desired resource, the release archive's members included.
    pub(crate) desired: BTreeMap<ResourceAddr, Digest>,
    /// Digests of what was found.
    pub(crate) observed: Seen,
    /// The plan: `specs/plan.v1.schema.json`.
    pub(crate) plan: Plan,
}

impl SavedPlan {
    /// The form that this crdbctl writes and reads.
    pub(crate) const FORMAT_VERSION: u32 = 1;

    /// Returns a plan as it is kept, with digests of what it was made from.
    pub(crate) fn of(
        plan: Plan,
        graph: &ResourceGraph,
        observations: &Observations,
        options: SavedOptions,
        origin: &str,
    ) -> Self {
        Self {
            format_version: Self::FORMAT_VERSION,
            crdbctl: env!("CARGO_PKG_VERSION").to_owned(),
            taken_at: observations.taken_at,
            origin: origin.to_owned(),
            options,
            desired: desired(graph),
            observed: Seen::of(observations).of_part(&plan),
            plan,
        }
    }
}

/// Returns the digest of each desired resource. Where in the manifest it stands does not count, and needs not: the manifest
/// has a digest of its own.
pub(super) fn desired(graph: &ResourceGraph) -> BTreeMap<ResourceAddr, Digest> {
    let digest =
        |resource: &Resource| Digest::of_json(&(&resource.desired, resource.presence, &resource.depends_on));
    graph.resources.iter().map(|(addr, resource)| (addr.clone(), digest(resource))).collect()
}
