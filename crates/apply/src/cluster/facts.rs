use std::collections::BTreeMap;
use std::path::Path;

use crdbctl_model::{NodeName, NodeObservation, Observed, ResourceAddr, ResourceGraph, Timestamp};
use crdbctl_probe::Operator;
use secrecy::SecretString;

use crate::sessions::Sessions;

/// Returns what is found of cluster-wide resources: on this host, from all nodes together, and from one ready node.
pub(crate) async fn observe(
    graph: &ResourceGraph,
    nodes: &BTreeMap<NodeName, NodeObservation>,
    (authority, passphrase): (&Path, Option<&SecretString>),
    now: Timestamp,
    sessions: &mut Sessions,
) -> BTreeMap<ResourceAddr, Observed> {
    let mut found = crdbctl_probe::observe_cluster(graph, authority);
    for init in graph.of_cluster(crdbctl_model::ResourceKind::Init) {
        found.insert(init.addr.clone(), crdbctl_probe::observe_init(graph, nodes));
    }
    let operator = || Operator::at_hand(authority, passphrase, now);
    let live = crdbctl_probe::observe_live(graph, nodes, operator, async |node, script, payload, timeout| {
        let session = sessions.get_mut(&node).ok_or_else(|| "there is no connection to it".to_owned())?;
        let output = session.ask_with(&script, payload, timeout).await.map_err(|error| error.to_string())?;
        if output.is_success() {
            Ok(output.stdout)
        } else {
            Err(format!("the script ended with status {}: {}", output.status, output.stderr_text().trim()))
        }
    });
    found.extend(live.await);
    found
}
