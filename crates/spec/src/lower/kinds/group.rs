use crdbctl_model::{Desired, DesiredGroup, Resource, ResourceKind};

use crate::lower::context::NodeContext;

/// Returns the group of the service, when it is made: `group.<name>`.
pub(in crate::lower) fn lower(context: &NodeContext<'_>) -> Option<Resource> {
    let install = &context.manifest.install;
    let desired = Desired::Group(DesiredGroup { name: context.group() });
    let name = (ResourceKind::Group, install.group.as_str());
    install.create_user.value.then(|| context.resource(name, desired, [], install.group.span))
}
