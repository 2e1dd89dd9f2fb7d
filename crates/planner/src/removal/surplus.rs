use std::collections::BTreeSet;

use crdbctl_model::{
    Desired, Fact, HostPath, Listing, NodeName, Observed, Reading, ResourceAddr, ResourceGraph, ResourceKind,
    ResourceName,
};

use super::{Fate, Ownership, Removals, package};

/// Returns the packages that a node which stays no longer needs: made by crdbctl, not the manifest's, not in use, and
/// more than are kept. What is in use counts among those kept; of the rest, the ones used last are.
///
/// They go after every other change of their node, so that what runs has changed over before.
pub(crate) fn surplus(graph: &ResourceGraph, node: &NodeName, reading: &Reading) -> Removals {
    let mut removals = Removals::default();
    let packages = Ownership::of(reading).packages(&graph.packages);
    let wanted: BTreeSet<&str> = graph
        .of_node(node)
        .filter(|resource| resource.addr.kind == ResourceKind::Package)
        .filter_map(|resource| match &resource.desired {
            Desired::Package(package) => Some(package.path.file_name()),
            _ => None,
        })
        .collect();
    let others = packages.into_iter().filter(|(name, _)| !wanted.contains(name));
    let entries = match reading.footprint.listing(&graph.packages) {
        Listing::Entries(entries) => entries,
        // Nothing is removed that was not seen; nothing else depends on it.
        Listing::Unknown { .. } => return removals,
    };
    let Some(in_use) = in_use(graph, node, reading) else { return removals };
    let (used, idle): (Vec<_>, Vec<_>) =
        others.filter(|(name, _)| entries.contains_key(*name)).partition(|(name, _)| in_use.contains(*name));
    let kept = graph.keep_packages.saturating_sub(used.len());
    for (name, paths) in idle.into_iter().skip(kept) {
        let addr = package_addr(node, name);
        match package::fate(&graph.packages, name, paths, &entries) {
            Fate::Goes(mut difference) => {
                let older = if graph.keep_packages == 1 { "package" } else { "packages" };
                difference.reason = Some(format!(
                    "beyond the {} older {older} that install.keep_packages keeps",
                    graph.keep_packages
                ));
                removals.differences.insert(addr.clone(), difference);
                removals.after.insert(addr, BTreeSet::new());
            }
            Fate::Gone | Fate::Stays(_) => {}
        }
    }
    removals
}

pub(super) fn package_addr(node: &NodeName, name: &str) -> ResourceAddr {
    ResourceAddr::on_node(node.clone(), ResourceKind::Package, ResourceName::encode(name.as_bytes()))
}

/// The packages that a process runs or a link leads to; `None` when that is not known.
fn in_use(graph: &ResourceGraph, node: &NodeName, reading: &Reading) -> Option<BTreeSet<String>> {
    let mut in_use = reading.footprint.packages_in_use.clone();
    let mut add = |path: &str| {
        let below = path.strip_prefix(graph.packages.as_str()).and_then(|rest| rest.strip_prefix('/'));
        in_use.extend(below.and_then(|below| below.split('/').next()).map(str::to_owned));
    };
    for resource in graph.of_node(node) {
        match reading.resources.get(&resource.addr) {
            Some(Observed::Present(fact)) => match fact.as_ref() {
                Fact::Link(link) => link.target.iter().for_each(|target| add(target)),
                Fact::Service(service) => service.process.iter().for_each(|process| add(&process.exe)),
                _ => {}
            },
            Some(Observed::Unknown { .. })
                if matches!(resource.addr.kind, ResourceKind::Link | ResourceKind::Service) =>
            {
                return None;
            }
            _ => {}
        }
    }
    for path in graph.of_node(node).filter_map(|resource| match &resource.desired {
        Desired::Service(service) => Some::<&HostPath>(&service.program),
        _ => None,
    }) {
        add(path.as_str());
    }
    Some(in_use)
}
