use crdbctl_model::{Desired, DesiredPackage, Resource, ResourceKind};

use crate::lower::context::NodeContext;

/// Returns the unpacked release: `package.cockroach-<version>.<os>-<arch>`.
pub(in crate::lower) fn lower(context: &NodeContext<'_>) -> Resource {
    let version = &context.manifest.cockroach.version;
    let desired = Desired::Package(DesiredPackage {
        path: context.package(),
        version: version.to_string(),
        archive: context.archive.digest,
        archive_size: context.archive.size,
        members: if context.unknown.is_some() { Vec::new() } else { context.archive.members.clone() },
        unknown: context.unknown.clone(),
    });
    context.resource((ResourceKind::Package, &context.package_name()), desired, [], version.span)
}
