use std::collections::BTreeSet;

use crdbctl_model::{NodeName, ResourceGraph};

use crate::{CliError, ExitCode};

/// Returns `name` when it is a node of the graph.
///
/// # Errors
/// When it is none; the hint lists those that are.
pub(crate) fn known_node<'a>(graph: &'a ResourceGraph, name: &NodeName) -> Result<&'a NodeName, CliError> {
    graph.nodes.get_key_value(name).map(|(known, _)| known).ok_or_else(|| {
        let names: Vec<&str> = graph.nodes.keys().map(NodeName::as_str).take(20).collect();
        let more = if graph.nodes.len() > names.len() { ", …" } else { "" };
        CliError::new(ExitCode::Error, format!("{name} is no node of the cluster {}", graph.cluster))
            .hint(format!("its nodes are {}{more}", names.join(", ")))
    })
}

/// Returns the nodes that `--force-gate` names.
///
/// # Errors
/// When one is none of the graph.
pub(crate) fn forced_gates(names: &[String], graph: &ResourceGraph) -> Result<BTreeSet<NodeName>, CliError> {
    let find = |name: &String| {
        graph.nodes.keys().find(|node| node.as_str() == name).cloned().ok_or_else(|| {
            let nodes: Vec<&str> = graph.nodes.keys().map(NodeName::as_str).collect();
            CliError::new(ExitCode::Usage, format!("--force-gate {name}: the manifest has no such node"))
                .hint(format!("its nodes are {}", nodes.join(", ")))
        })
    };
    names.iter().map(find).collect()
}
