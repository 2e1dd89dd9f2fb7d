use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{Desired, NodeName, Observations, OtherCertificates, ResourceGraph, Timestamp};

use crate::ended::{self, Refusal};
use crate::kinds::{Split, Unfit};

/// Returns why no authority may be made: a node that was read has certificate files that crdbctl does not write, and that cannot
/// fit an authority which is made now. Nodes that dial each other, or clients, would be refused from then on.
///
/// `why` says what the plan is to make one for.
pub(crate) fn refusal(
    graph: &ResourceGraph,
    observations: &Observations,
    now: Timestamp,
    why: &str,
) -> Option<Refusal> {
    let mut files: BTreeMap<&str, BTreeSet<&NodeName>> = BTreeMap::new();
    let mut unknown = None;
    for node in graph.staying() {
        let Some(reading) = observations.reading(node) else { continue };
        let trusted = graph
            .of_node(node)
            .find(|resource| matches!(resource.desired, Desired::Ca(_)))
            .and_then(|ca| ended::trusted(ca, observations));
        // Observations of earlier versions do not tell. Where no node has a ca.crt yet, there is hardly anything beside it either.
        if trusted.is_none() && reading.footprint.certificates.is_not_asked() {
            continue;
        }
        for unfit in Split::found(Some(node), graph, observations).unfit_for_new(trusted.as_ref(), now) {
            match unfit {
                Unfit::File(name) => {
                    files.entry(name).or_default().insert(node);
                }
                Unfit::Unknown(name, reason) => unknown = unknown.or(Some((node, name, reason))),
            }
        }
    }
    if files.is_empty() {
        let (node, name, reason) = unknown?;
        return Some(Refusal {
            reason: format!(
                "{why}, and whether {name} on {node} works with a new one is not known: {reason}"
            ),
            hint: format!(
                "make {name} readable, or stop CockroachDB on {node} and delete the file; then plan again"
            ),
        });
    }
    let on_nodes = files.iter().map(|(name, nodes)| {
        let nodes: Vec<&str> = nodes.iter().map(|node| node.as_str()).collect();
        format!("{name} on {}", nodes.join(", "))
    });
    let mut steps = Vec::new();
    let mut to_keep = Vec::new();
    if files.contains_key(OtherCertificates::NODE_CLIENT) {
        steps.push("delete client.node.crt and client.node.key, so that nodes dial each other with node.crt");
        to_keep.push("sign client.node.crt by it");
    }
    if files.contains_key(OtherCertificates::CLIENT_AUTHORITIES) {
        steps.push("delete ca-client.crt, so that ca.crt verifies clients");
        to_keep.push("add its ca.crt to ca-client.crt");
    }
    Some(Refusal {
        reason: format!(
            "{why}, and a new one does not work with files that crdbctl does not write: {}",
            on_nodes.collect::<Vec<_>>().join("; ")
        ),
        hint: format!(
            "stop CockroachDB on these nodes; {}; then apply, which starts them. To keep the files instead: make the new authority \
             yourself (`cockroach cert create-ca`), put its ca.crt and ca.key into the authority's directory on this host, {}, and \
             plan again",
            steps.join("; "),
            to_keep.join(", ")
        ),
    })
}
