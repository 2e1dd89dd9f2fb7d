use crdbctl_model::{Desired, DesiredUser, Resource, ResourceKind};

use crate::lower::context::NodeContext;

/// Returns the user of the service, when it is made: `user.<name>`.
pub(in crate::lower) fn lower(context: &NodeContext<'_>) -> Option<Resource> {
    let install = &context.manifest.install;
    let home = install.data.value.clone();
    let desired = Desired::User(DesiredUser { name: context.user(), group: context.group(), home });
    let name = (ResourceKind::User, install.user.as_str());
    install
        .create_user
        .value
        .then(|| context.resource(name, desired, [context.group_addr()], install.user.span))
}
