use crdbctl_model::{NodeName, ResourceGraph};

use crate::{Questions, kinds};

/// Returns all that must be asked of `node` to compare every resource that the graph has on it.
pub fn questions(graph: &ResourceGraph, node: &NodeName) -> Questions {
    let mut questions = Questions::default();
    for resource in graph.of_node(node) {
        kinds::ask(&resource.desired, &mut questions);
    }
    questions
}
