use std::collections::BTreeSet;

use crdbctl_model::{
    Desired, Dropped, Fact, Listing, NodeName, Observed, Reading, RecordedResource, Resource, ResourceGraph,
};

use super::{Fate, Ownership, is_left, package};
use crate::kinds;

/// Returns the local addresses that the record of a node which leaves must go on naming: what crdbctl made and is still
/// there, and data that is there. What the manifest no longer names, or names at another place, counts as still there.
pub fn remains(graph: &ResourceGraph, node: &NodeName, reading: &Reading) -> BTreeSet<String> {
    let record = reading.record.iter().flat_map(|record| &record.resources);
    let dropped = Dropped::on(graph, node, reading.record.as_ref(), &reading.footprint.begun);
    let left: BTreeSet<&str> =
        dropped.iter().filter(|it| is_left(it, reading)).map(|it| it.key.as_str()).collect();
    record
        .filter(|(local, entry)| {
            let resource = graph.of_node(node).find(|resource| resource.addr.local() == **local);
            if dropped.iter().any(|it| it.key == **local) {
                return left.contains(local.as_str());
            }
            match (local.strip_prefix("package."), resource) {
                (Some(name), _) => entry.created && is_package_there(graph, reading, name, entry),
                (None, Some(resource)) => is_there(graph, node, reading, resource, entry),
                (None, None) => entry.created,
            }
        })
        .map(|(local, _)| local.clone())
        .collect()
}

fn is_package_there(graph: &ResourceGraph, reading: &Reading, name: &str, entry: &RecordedResource) -> bool {
    match reading.footprint.listing(&graph.packages) {
        Listing::Unknown { .. } => true,
        Listing::Entries(entries) => {
            matches!(package::fate(&graph.packages, name, &entry.paths, &entries), Fate::Goes(_))
        }
    }
}

fn is_there(
    graph: &ResourceGraph,
    node: &NodeName,
    reading: &Reading,
    resource: &Resource,
    entry: &RecordedResource,
) -> bool {
    let fact = match reading.resources.get(&resource.addr) {
        Some(Observed::Present(fact)) => fact,
        Some(Observed::Absent) if entry.paths == resource.desired.paths() => return false,
        _ => return entry.created,
    };
    match (&resource.desired, fact.as_ref()) {
        // Whether it runs is not a thing that remains.
        (Desired::Service(_), _) => false,
        (Desired::Firewall(desired), Fact::Firewall(found)) => {
            let rules = Ownership::of(reading).rules(&resource.addr.local(), desired);
            matches!(kinds::firewall::remove(&rules, found), Fate::Goes(_))
        }
        (Desired::Directory(directory), _) if store(graph, node).is_some_and(|at| *at == directory.path) => {
            entry.created || is_store_used(graph, node, reading) != Some(false)
        }
        _ => entry.created,
    }
}

/// Where the store of a node lies.
pub(super) fn store<'a>(graph: &'a ResourceGraph, node: &'a NodeName) -> Option<&'a crdbctl_model::HostPath> {
    graph.of_node(node).find_map(|resource| match &resource.desired {
        Desired::Service(service) => Some(&service.store),
        _ => None,
    })
}

/// Whether there is anything in the store; `None` when that is not known.
pub(super) fn is_store_used(graph: &ResourceGraph, node: &NodeName, reading: &Reading) -> Option<bool> {
    let service = graph.of_node(node).find(|resource| matches!(resource.desired, Desired::Service(_)))?;
    match reading.resources.get(&service.addr)? {
        Observed::Present(fact) => match fact.as_ref() {
            Fact::Service(service) => service.store_used,
            _ => None,
        },
        _ => None,
    }
}
