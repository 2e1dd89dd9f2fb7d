use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{ResourceAddr, ResourceGraph, ResourceKind};

/// Returns for every changed address the changes that come before it, seen through resources that do not change.
pub(crate) fn among(
    graph: &ResourceGraph,
    changed: &BTreeSet<ResourceAddr>,
    after: &BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>>,
) -> BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>> {
    let mut nearest: BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>> = BTreeMap::new();
    for addr in graph.order().unwrap_or_default() {
        let Some(resource) = graph.resources.get(&addr) else { continue };
        let mut found = BTreeSet::new();
        for dependency in &resource.depends_on {
            if changed.contains(dependency) {
                found.insert(dependency.clone());
            } else if let Some(behind) = nearest.get(dependency) {
                found.extend(behind.iter().cloned());
            }
        }
        nearest.insert(addr, found);
    }
    // Drop-ins are not in the graph: the service of their node comes after them.
    for drop_in in changed.iter().filter(|addr| addr.kind == ResourceKind::DropIn) {
        for service in changed.iter().filter(|addr| addr.kind == ResourceKind::Service) {
            if service.node() == drop_in.node() {
                nearest.entry(service.clone()).or_default().insert(drop_in.clone());
            }
        }
    }
    for (addr, before) in after {
        nearest.entry(addr.clone()).or_default().extend(before.intersection(changed).cloned());
    }
    nearest.retain(|addr, _| changed.contains(addr));
    nearest
}

/// Returns the changed addresses in the order in which they are made, drop-ins before the service of their node, and
/// what is removed without being in the graph last: packages, what the manifest no longer has, then the record. A directory
/// follows what is removed from it.
pub(crate) fn order(
    graph: &ResourceGraph,
    changed: &BTreeSet<ResourceAddr>,
    after: &BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>>,
) -> Vec<ResourceAddr> {
    let mut order =
        Order { changed, after, placed: BTreeSet::new(), order: Vec::with_capacity(changed.len()) };
    let drop_ins: Vec<&ResourceAddr> =
        changed.iter().filter(|addr| addr.kind == ResourceKind::DropIn).collect();
    for addr in graph.order().unwrap_or_default() {
        if addr.kind == ResourceKind::Service {
            drop_ins.iter().filter(|drop_in| drop_in.node() == addr.node()).for_each(|it| order.place(it));
        }
        if !after.contains_key(&addr) || addr.kind == ResourceKind::Directory {
            order.place(&addr);
        }
    }
    after.keys().for_each(|addr| order.place(addr));
    order.order
}

struct Order<'a> {
    changed: &'a BTreeSet<ResourceAddr>,
    after: &'a BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>>,
    placed: BTreeSet<ResourceAddr>,
    order: Vec<ResourceAddr>,
}

impl Order<'_> {
    /// Places a change behind those that are to come before it and have no place in the graph.
    fn place(&mut self, addr: &ResourceAddr) {
        if !self.changed.contains(addr) || !self.placed.insert(addr.clone()) {
            return;
        }
        for before in self.after.get(addr).into_iter().flatten().filter(|it| self.after.contains_key(*it)) {
            self.place(before);
        }
        self.order.push(addr.clone());
    }
}
