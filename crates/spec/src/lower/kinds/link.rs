use crdbctl_model::{Desired, DesiredLink, Resource, ResourceKind};

use crate::lower::context::{NodeContext, join};

/// Returns the links of a node: `link.data`, `link.cockroach`, and `link.unit` when the unit's file lies
/// where systemd does not look.
pub(in crate::lower) fn lower(context: &NodeContext<'_>) -> Vec<Resource> {
    let manifest = context.manifest;
    let install = &manifest.install;
    let kind = ResourceKind::Link;
    let link = |path, target| Desired::Link(DesiredLink { path, target });
    let root = || context.directory_addr("root");
    let data = link(join(&install.root, "data"), install.data.value.clone());
    let cockroach = link(join(&install.root, "cockroach"), join(&context.package(), "cockroach"));
    let package = Some(context.addr(ResourceKind::Package, &context.package_name()));
    let mut links = vec![
        context.resource((kind, "data"), data, [root(), context.directory_addr("data")], install.data.span),
        context.resource((kind, "cockroach"), cockroach, [root(), package], manifest.cockroach.version.span),
    ];
    if let Some(path) = manifest.service.link() {
        let unit = link(path, manifest.service.unit_path.value.clone());
        let file = Some(context.addr(ResourceKind::Unit, manifest.service.name.as_str()));
        links.push(context.resource((kind, "unit"), unit, [file], manifest.service.unit_path.span));
    }
    links
}
