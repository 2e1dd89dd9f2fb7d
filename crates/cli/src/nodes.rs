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
