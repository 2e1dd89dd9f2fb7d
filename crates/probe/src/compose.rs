use crdbctl_model::{Desired, NodeName, ResourceGraph};

use crate::{Questions, kinds, start};

/// Returns all that must be asked of `node` to compare every resource that the graph has on it.
pub fn questions(graph: &ResourceGraph, node: &NodeName) -> Questions {
    let mut questions = Questions::default();
    for resource in graph.of_node(node) {
        kinds::ask(&resource.desired, &mut questions);
    }
    questions.packages = Some(graph.packages.clone());
    if graph.is_leaving(node) {
        ask_for_removal(graph, node, &mut questions);
    } else {
        questions.start = start::words(graph, node);
    }
    questions
}

/// What must be known before directories are removed. What is in the store is nobody's business.
fn ask_for_removal(graph: &ResourceGraph, node: &NodeName, questions: &mut Questions) {
    let store = questions.service.as_ref().map(|service| service.store.clone());
    for resource in graph.of_node(node) {
        if let Desired::Directory(directory) = &resource.desired {
            questions.mounts.insert(directory.path.clone());
            if Some(&directory.path) != store.as_ref() {
                questions.entries.insert(directory.path.clone());
            }
        }
    }
}
