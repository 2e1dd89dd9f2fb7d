use std::collections::BTreeMap;
use std::time::Duration;

use crdbctl_cockroach::output::node_addresses;
use crdbctl_model::{DesiredService, NodeName, NodeObservation, Observed, ResourceAddr, ResourceGraph};
use crdbctl_transport::{Payload, ReadOnly, Script};

use super::facts::{Inquiry, add_addresses, inquiry, lacks_addresses, live, read_live};
use crate::{ClientCommand, Operator, read_client_outputs};

/// How many nodes are tried: what three ready nodes cannot tell, a fourth cannot either.
const TRIES: usize = 3;

/// Returns what CockroachDB alone can tell of the cluster, asked of one ready node in one exec.
///
/// `operator` is called only when somebody is asked. `ask` runs the script, with the payload on its stdin, on the node within
/// the time, and returns what it printed; when it fails, the next ready node is tried.
pub async fn observe_live(
    graph: &ResourceGraph,
    nodes: &BTreeMap<NodeName, NodeObservation>,
    operator: impl FnOnce() -> Result<Operator, String>,
    mut ask: impl AsyncFnMut(NodeName, Script<ReadOnly>, Payload, Duration) -> Result<Vec<u8>, String>,
) -> BTreeMap<ResourceAddr, Observed> {
    let unknown = |reason: String| {
        live(graph).map(|(addr, _)| (addr.clone(), Observed::Unknown { reason: reason.clone() })).collect()
    };
    let (ready, queries) = match inquiry(graph, nodes) {
        Inquiry::Known(known) => return known,
        Inquiry::Ask { nodes, queries } => (nodes, queries),
    };
    let operator = match operator() {
        Ok(operator) => operator,
        Err(reason) => return unknown(reason),
    };
    let commands: Vec<ClientCommand> = queries.iter().map(super::Query::command).collect();
    let mut failures = Vec::new();
    for node in ready.into_iter().take(TRIES) {
        let Some(service) = graph.service(&node) else { continue };
        let (text, payload) = operator.script(service, &commands);
        let script = Script::<ReadOnly>::new(text)
            .expect("scripts are made of text and quoted values, neither of which holds a NUL");
        let printed = ask(node.clone(), script, payload, Operator::patience(&commands)).await;
        let read = printed.and_then(|printed| {
            let outputs = read_client_outputs(&printed).map_err(|error| error.to_string())?;
            read_live(graph, &queries, &outputs)
        });
        match read {
            Ok(mut observed) => {
                if lacks_addresses(&observed) {
                    let addresses = ask_addresses(&operator, service, &node, &mut ask).await;
                    add_addresses(&mut observed, &addresses);
                }
                return observed;
            }
            Err(why) => failures.push(format!("{node}: {why}")),
        }
    }
    unknown(format!("no ready node could tell: {}", failures.join("; ")))
}

/// Where nodes were when they last ran; nothing when the cluster does not tell: newer versions may keep that table to themselves.
async fn ask_addresses(
    operator: &Operator,
    service: &DesiredService,
    node: &NodeName,
    ask: &mut impl AsyncFnMut(NodeName, Script<ReadOnly>, Payload, Duration) -> Result<Vec<u8>, String>,
) -> BTreeMap<u32, String> {
    let commands = [super::Query::Addresses.command()];
    let (text, payload) = operator.script(service, &commands);
    let script = Script::<ReadOnly>::new(text)
        .expect("scripts are made of text and quoted values, neither of which holds a NUL");
    let Ok(printed) = ask(node.clone(), script, payload, Operator::patience(&commands)).await else {
        return BTreeMap::new();
    };
    let outputs = read_client_outputs(&printed).unwrap_or_default();
    let told = outputs.first().filter(|output| output.is_success());
    told.and_then(|output| node_addresses(output.stdout.as_bytes()).ok()).unwrap_or_default()
}
