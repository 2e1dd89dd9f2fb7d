use std::collections::BTreeSet;

use crdbctl_model::{Desired, DesiredVersion, Presence, Resource, ResourceAddr, ResourceKind, ResourceName};

use super::init::init_addr;
use crate::lower::context::origin;
use crate::manifest::Manifest;

/// Returns the version of the cluster as a whole, `cluster/version.<name>`: after every service, and after the nodes
/// that run an older one have left.
pub(in crate::lower) fn lower(manifest: &Manifest) -> Resource {
    let name = ResourceName::encode(manifest.name.as_str().as_bytes());
    let members = ResourceAddr::of_cluster(ResourceKind::Members, name.clone());
    Resource {
        addr: ResourceAddr::of_cluster(ResourceKind::Version, name),
        desired: Desired::Version(DesiredVersion {
            version: manifest.cockroach.version.to_string(),
            finalize: manifest.cockroach.finalize.value,
        }),
        presence: Presence::Present,
        depends_on: BTreeSet::from([init_addr(manifest), members]),
        origin: origin(manifest, manifest.cockroach.version.span),
    }
}
