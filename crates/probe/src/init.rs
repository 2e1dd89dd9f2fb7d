use std::collections::BTreeMap;

use crdbctl_model::{
    Desired, Fact, HealthFact, InitFact, NodeName, NodeObservation, Observed, ResourceGraph, ServiceFact,
};

/// Returns whether the cluster has been initialised, as far as its nodes tell together.
///
/// It has when a record says so or a node is ready, one that leaves included. It has not when every node was read and each either
/// waits for `cockroach init` or is not running. Everything else is unknown: `init` on a cluster that has
/// been initialised in part could make a second cluster (cockroachdb/cockroach#75975).
pub fn observe_init(graph: &ResourceGraph, nodes: &BTreeMap<NodeName, NodeObservation>) -> Observed {
    let present = |because: String| Observed::Present(Box::new(Fact::Init(InitFact { because })));
    for (node, observation) in nodes {
        if let NodeObservation::Read(reading) = observation
            && reading.record.as_ref().is_some_and(|record| record.initialised)
        {
            return present(format!("recorded on {node}"));
        }
    }
    let mut unknown = None;
    // Those that leave too: a cluster that is replaced node by node is none to be made anew.
    for node in graph.nodes.keys() {
        match service_of(graph, nodes, node) {
            Err(reason) => {
                unknown.get_or_insert(format!("{node}: {reason}"));
            }
            Ok(None) => {}
            Ok(Some(service)) => match &service.health {
                HealthFact::Ready => return present(format!("{node} is ready")),
                HealthFact::NotReady(why) | HealthFact::Unknown(why) => {
                    unknown.get_or_insert(format!("{node} runs and its health is not known: {why}"));
                }
                HealthFact::NotAsked | HealthFact::WaitingForInit => {}
            },
        }
    }
    match unknown {
        Some(reason) => Observed::Unknown { reason },
        None => Observed::Absent,
    }
}

pub(crate) fn service_of<'a>(
    graph: &ResourceGraph,
    nodes: &'a BTreeMap<NodeName, NodeObservation>,
    node: &NodeName,
) -> Result<Option<&'a ServiceFact>, String> {
    let reading = match nodes.get(node) {
        Some(NodeObservation::Read(reading)) => reading,
        Some(NodeObservation::Unreadable(unreadable)) => return Err(unreadable.reason.clone()),
        None => return Err("it was not read".to_owned()),
    };
    let service = graph.of_node(node).find(|resource| matches!(resource.desired, Desired::Service(_)));
    match service.and_then(|resource| reading.resources.get(&resource.addr)) {
        Some(Observed::Present(fact)) => match fact.as_ref() {
            Fact::Service(service) => Ok(Some(service)),
            _ => Ok(None),
        },
        Some(Observed::Unknown { reason }) => Err(reason.clone()),
        Some(Observed::Absent | Observed::Deferred { .. }) | None => Ok(None),
    }
}
