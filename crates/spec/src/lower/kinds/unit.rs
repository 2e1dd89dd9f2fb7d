use crdbctl_model::{Desired, DesiredFile, DesiredUnit, Resource, ResourceKind};

use crate::lower::context::{MODE_0644, NodeContext, root_owner};
use crate::manifest::DropIns;

/// Returns the unit's file: `unit.<service name>`. It belongs to root wherever it lies, so that the
/// service user cannot edit what root runs.
pub(in crate::lower) fn lower(context: &NodeContext<'_>) -> Resource {
    let service = &context.manifest.service;
    let desired = Desired::Unit(DesiredUnit {
        name: service.name.value.clone(),
        file: DesiredFile {
            path: service.unit_path.value.clone(),
            content: context.unit.content.clone(),
            owner: root_owner(),
            group: root_owner(),
            mode: MODE_0644,
        },
        set_drop_ins_aside: service.drop_ins.value == DropIns::SetAside,
    });
    let is_in_root = service.unit_path.is_below(&context.manifest.install.root);
    let directory = if is_in_root { context.directory_addr("root") } else { None };
    context.resource((ResourceKind::Unit, service.name.as_str()), desired, [directory], service.span)
}
