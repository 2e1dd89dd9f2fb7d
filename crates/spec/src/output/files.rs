use crdbctl_model::{Desired, HostPath, NodeName, ResourceGraph};

/// Returns the text files that a node would get, with their content, by path. Certificates are not among
/// them: they are made when a plan is applied.
pub fn render(graph: &ResourceGraph, node: &NodeName) -> Vec<(HostPath, String)> {
    let mut files: Vec<(HostPath, String)> = graph
        .of_node(node)
        .filter_map(|resource| match &resource.desired {
            Desired::File(file) => Some((file.path.clone(), file.content.clone())),
            Desired::Unit(unit) => Some((unit.file.path.clone(), unit.file.content.clone())),
            _ => None,
        })
        .collect();
    files.sort();
    files
}
