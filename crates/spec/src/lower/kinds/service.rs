use std::collections::BTreeSet;

use crdbctl_model::{Desired, DesiredService, HostPath, Presence, Resource, ResourceAddr, ResourceKind};

use super::super::LowerError;
use crate::lower::LowerErrorKind;
use crate::lower::context::{NodeContext, authority_addr, join, origin};

/// Returns the running service, `service.<name>`: after everything else of its node.
pub(in crate::lower) fn lower(
    context: &NodeContext<'_>,
    mut everything: BTreeSet<ResourceAddr>,
) -> Result<Resource, LowerError> {
    let manifest = context.manifest;
    let service = &manifest.service;
    let binary = context.archive.members.iter().find(|member| member.path == "cockroach");
    let binary = binary.ok_or_else(|| context.fail(LowerErrorKind::NoBinary(context.arch)))?;
    let unit = &context.unit;
    let program = unit.argv.first().cloned().unwrap_or_default();
    let program =
        HostPath::new(program).map_err(|error| context.fail(LowerErrorKind::Template(error.to_string())))?;
    let desired = Desired::Service(DesiredService {
        unit: service.name.value.clone(),
        user: context.user(),
        argv: unit.argv.clone(),
        environment: unit.environment.clone(),
        nofile: unit.nofile,
        binary: join(&context.package(), "cockroach"),
        binary_digest: context.unknown.is_none().then_some(binary.digest),
        program,
        http_address: unit.endpoints.http.clone(),
        sql_address: unit.endpoints.sql.clone(),
        rpc_address: unit.endpoints.rpc.clone(),
        certs: context.certs(),
        version: manifest.cockroach.version.to_string(),
        store: manifest.install.data.value.clone(),
    });
    everything.insert(authority_addr());
    Ok(Resource {
        addr: context.addr(ResourceKind::Service, service.name.as_str()),
        desired,
        presence: Presence::Present,
        depends_on: everything,
        origin: origin(manifest, service.span),
    })
}
