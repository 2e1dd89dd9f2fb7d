use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Desired, DesiredMembers, NodeName, Presence, Resource, ResourceAddr, ResourceGraph, ResourceKind,
    ResourceName,
};

use super::init::init_addr;
use crate::lower::context::origin;
use crate::lower::{LowerError, LowerErrorKind};
use crate::manifest::{Manifest, Node};
use crate::unit::render_unit;

/// Returns who belongs to the cluster, `cluster/members.<name>`: after the initialisation.
pub(in crate::lower) fn lower(manifest: &Manifest) -> Result<Resource, LowerError> {
    let address = |node: &Node| -> Result<(NodeName, String), LowerError> {
        let name = node.name.value.clone();
        match render_unit(manifest, node) {
            Ok(unit) => Ok((name, unit.endpoints.advertised)),
            Err(error) => Err(LowerError { node: name, kind: LowerErrorKind::Template(error.to_string()) }),
        }
    };
    let staying: BTreeMap<_, _> = manifest.present().map(address).collect::<Result<_, _>>()?;
    let leaving: BTreeMap<_, _> = manifest.decommissioned().map(address).collect::<Result<_, _>>()?;
    let span = manifest.decommissioned().next().map_or(manifest.name.span, |node| node.state.span);
    Ok(Resource {
        addr: ResourceAddr::of_cluster(
            ResourceKind::Members,
            ResourceName::encode(manifest.name.as_str().as_bytes()),
        ),
        desired: Desired::Members(DesiredMembers { staying, leaving, replaced: BTreeMap::new() }),
        presence: Presence::Present,
        depends_on: BTreeSet::from([init_addr(manifest)]),
        origin: origin(manifest, span),
    })
}

/// Has the services of leaving nodes wait until their nodes have left: what still holds data is never stopped.
pub(in crate::lower) fn before_services_go(graph: &mut ResourceGraph) {
    let Some(members) = graph.of_cluster(ResourceKind::Members).next().map(|members| members.addr.clone())
    else {
        return;
    };
    let leaving = graph.resources.values_mut().filter(|resource| resource.presence == Presence::Absent);
    for service in leaving.filter(|resource| resource.addr.kind == ResourceKind::Service) {
        service.depends_on.insert(members.clone());
    }
}
