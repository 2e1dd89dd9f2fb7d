use crdbctl_model::{Desired, HostPath, NodeName, ResourceGraph};

use crate::questions::CertificateFiles;
use crate::{Questions, kinds, start};

/// Returns all that must be asked of `node` to compare every resource that the graph has on it.
pub fn questions(graph: &ResourceGraph, node: &NodeName) -> Questions {
    let mut questions = Questions::default();
    for resource in graph.of_node(node) {
        kinds::ask(&resource.desired, &mut questions);
    }
    questions.packages = Some(graph.packages.clone());
    questions.certificates = certificates(graph, node);
    if graph.is_leaving(node) {
        ask_for_removal(graph, node, &mut questions);
    } else {
        questions.start = start::words(graph, node);
    }
    questions
}

/// The directory of the node's certificates: CockroachDB loads every `*.crt` in it (pkg/security/certificate_loader.go).
fn certificates(graph: &ResourceGraph, node: &NodeName) -> Option<CertificateFiles> {
    let files = |desired: &Desired| match desired {
        Desired::Ca(ca) => Some(ca.path.clone()),
        Desired::NodeCertificate(pair) => Some(pair.certificate.clone()),
        _ => None,
    };
    let paths: Vec<HostPath> = graph.of_node(node).filter_map(|resource| files(&resource.desired)).collect();
    let directory = paths.first()?.parent();
    let asked = paths.iter().filter(|path| path.parent() == directory);
    let asked = asked.map(|path| path.file_name().to_owned()).collect();
    Some(CertificateFiles { directory, asked })
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
