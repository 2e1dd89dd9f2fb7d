use crdbctl_model::{Desired, DesiredDirectory, HostPath, Resource, ResourceKind};

use crate::lower::context::{MODE_0750, NodeContext};

/// Returns the directories of a node: `directory.root`, `directory.certs`, `directory.data`.
pub(in crate::lower) fn lower(context: &NodeContext<'_>) -> [Resource; 3] {
    let install = &context.manifest.install;
    let desired = |path: HostPath| {
        Desired::Directory(DesiredDirectory {
            path,
            owner: context.user(),
            group: context.group(),
            mode: MODE_0750,
        })
    };
    let kind = ResourceKind::Directory;
    let owners = || [context.user_addr(), context.group_addr()];
    let [user, group] = owners();
    let root = context.resource(
        (kind, "root"),
        desired(install.root.value.clone()),
        [user, group],
        install.root.span,
    );
    let [user, group] = owners();
    let in_root = [user, group, context.directory_addr("root")];
    let certs = context.resource((kind, "certs"), desired(context.certs()), in_root, install.root.span);
    let [user, group] = owners();
    let data_is_in_root = install.data.is_below(&install.root);
    let outer = if data_is_in_root { context.directory_addr("root") } else { None };
    let data = context.resource(
        (kind, "data"),
        desired(install.data.value.clone()),
        [user, group, outer],
        install.data.span,
    );
    [root, certs, data]
}
