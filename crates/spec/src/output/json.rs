use crdbctl_model::ResourceGraph;
use serde_json::{Value, json};

/// Returns the graph as a JSON document: `format_version`, the cluster, and its resources with what they
/// depend on, in an order in which each comes after what it depends on.
pub fn to_json(graph: &ResourceGraph) -> Value {
    let order = graph.order().unwrap_or_else(|_| graph.resources.keys().cloned().collect());
    let resources: Vec<Value> = order
        .iter()
        .filter_map(|addr| graph.resources.get(addr))
        .map(|resource| {
            json!({
                "address": resource.addr,
                "kind": resource.addr.kind,
                "node": resource.addr.node(),
                "depends_on": resource.depends_on,
                "origin": resource.origin,
                "presence": resource.presence,
                "desired": resource.desired,
            })
        })
        .collect();
    json!({
        "format_version": 1,
        "cluster": graph.cluster,
        "version": graph.version,
        "manifest": graph.manifest,
        "resources": resources,
    })
}
