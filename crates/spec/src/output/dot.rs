use std::fmt::Write as _;

use crdbctl_model::ResourceGraph;

use super::edges::{edges, scopes};

/// Returns the graph in the language of Graphviz, a cluster a node; an arrow leads from a resource to what
/// it depends on. Addresses hold nothing that would need more than quotes.
pub fn to_dot(graph: &ResourceGraph) -> String {
    let mut out = String::from("digraph crdbctl {\n  rankdir=LR;\n  node [shape=box];\n");
    for (scope, title) in scopes(graph) {
        let _ = writeln!(out, "  subgraph \"cluster_{title}\" {{\n    label=\"{title}\";");
        for addr in graph.resources.keys().filter(|addr| addr.scope == scope) {
            let _ = writeln!(out, "    \"{addr}\" [label=\"{}\"];", addr.local());
        }
        out.push_str("  }\n");
    }
    for (from, to) in edges(graph) {
        let _ = writeln!(out, "  \"{from}\" -> \"{to}\";");
    }
    out.push_str("}\n");
    out
}
