use std::collections::BTreeSet;

use crdbctl_model::{ResourceAddr, ResourceGraph, Scope};

/// Returns every scope with its name, the cluster first.
pub(super) fn scopes(graph: &ResourceGraph) -> Vec<(Scope, String)> {
    let scopes: BTreeSet<&Scope> = graph.resources.keys().map(|addr| &addr.scope).collect();
    let title = |scope: &Scope| match scope {
        Scope::Cluster => "cluster".to_owned(),
        Scope::Node(node) => node.to_string(),
    };
    scopes.into_iter().map(|scope| (scope.clone(), title(scope))).collect()
}

/// Returns every dependency without those that follow from others.
pub(super) fn edges(graph: &ResourceGraph) -> Vec<(&ResourceAddr, &ResourceAddr)> {
    let mut edges = Vec::new();
    for resource in graph.resources.values() {
        for to in &resource.depends_on {
            let follows = resource.depends_on.iter().any(|other| other != to && reaches(graph, other, to));
            if !follows {
                edges.push((&resource.addr, to));
            }
        }
    }
    edges
}

/// Returns whether `from` depends on `to`, directly or by way of others.
fn reaches(graph: &ResourceGraph, from: &ResourceAddr, to: &ResourceAddr) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(addr) = waiting.pop() {
        let Some(resource) = graph.resources.get(addr) else { continue };
        if resource.depends_on.contains(to) {
            return true;
        }
        waiting.extend(resource.depends_on.iter().filter(|next| seen.insert(*next)));
    }
    false
}
