use std::collections::BTreeMap;
use std::fmt::Write as _;

use crdbctl_model::{ResourceAddr, ResourceGraph};

use super::edges::{edges, scopes};

/// Returns the graph in the language of Mermaid, a subgraph a node; an arrow leads from a resource to what
/// it depends on.
pub fn to_mermaid(graph: &ResourceGraph) -> String {
    // Mermaid takes few characters in identifiers: number them, and put addresses into labels.
    let numbers: BTreeMap<&ResourceAddr, usize> =
        graph.resources.keys().enumerate().map(|(number, addr)| (addr, number)).collect();
    let mut out = String::from("flowchart LR\n");
    for (index, (scope, title)) in scopes(graph).into_iter().enumerate() {
        let _ = writeln!(out, "  subgraph s{index}[\"{title}\"]");
        for (addr, number) in numbers.iter().filter(|(addr, _)| addr.scope == scope) {
            let _ = writeln!(out, "    r{number}[\"{}\"]", addr.local().replace('%', "#37;"));
        }
        out.push_str("  end\n");
    }
    for (from, to) in edges(graph) {
        if let (Some(from), Some(to)) = (numbers.get(from), numbers.get(to)) {
            let _ = writeln!(out, "  r{from} --> r{to}");
        }
    }
    out
}
