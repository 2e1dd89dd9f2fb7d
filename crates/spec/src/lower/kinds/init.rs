use std::collections::BTreeSet;

use crdbctl_model::{Desired, DesiredInit, Presence, Resource, ResourceAddr, ResourceKind, ResourceName};

use crate::lower::context::{authority_addr, origin};
use crate::manifest::Manifest;

/// Returns the initialisation of the cluster, `cluster/init.<name>`: after every service.
pub(in crate::lower) fn lower(manifest: &Manifest) -> Option<Resource> {
    let through = manifest.join().first()?.name.value.clone();
    let service = ResourceName::encode(manifest.service.name.as_str().as_bytes());
    let services = manifest
        .present()
        .map(|node| ResourceAddr::on_node(node.name.value.clone(), ResourceKind::Service, service.clone()));
    let depends_on: BTreeSet<ResourceAddr> = services.chain([authority_addr()]).collect();
    let nodes = manifest.present().map(|node| node.name.value.clone()).collect();
    Some(Resource {
        addr: init_addr(manifest),
        desired: Desired::Init(DesiredInit { nodes, through }),
        presence: Presence::Present,
        depends_on,
        origin: origin(manifest, manifest.name.span),
    })
}

/// Returns the address of the initialisation.
pub(super) fn init_addr(manifest: &Manifest) -> ResourceAddr {
    ResourceAddr::of_cluster(ResourceKind::Init, ResourceName::encode(manifest.name.as_str().as_bytes()))
}
