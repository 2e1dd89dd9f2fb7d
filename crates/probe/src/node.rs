use std::time::Duration;

use crdbctl_model::{NodeName, NodeObservation, ResourceGraph, Unreadable, UnreadableKind};
use crdbctl_transport::{Limits, Output, ReadOnlyConnection, Script};

use crate::{Answer, questions, reading, script};

/// How long a host may take to answer. Hashing a binary that was never hashed before takes seconds.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Returns what `node` answers to one probe: one exec over `connection`, which can change nothing.
///
/// Whatever goes wrong makes the node unreadable, with the reason; it never makes a resource absent.
pub async fn probe_node(
    connection: &ReadOnlyConnection,
    graph: &ResourceGraph,
    node: &NodeName,
) -> NodeObservation {
    let script = match Script::new(script(&graph.cluster, &questions(graph, node))) {
        Ok(script) => script,
        Err(error) => return unreadable(UnreadableKind::Answer, error.to_string()),
    };
    match connection.run(&script, Limits::within(TIMEOUT)).await {
        Ok(output) => observe_output(graph, node, &output),
        Err(error) => NodeObservation::Unreadable(error.unreadable()),
    }
}

/// Returns the observation that the bytes of an answer amount to.
pub fn observe_answer(graph: &ResourceGraph, node: &NodeName, bytes: &[u8]) -> NodeObservation {
    match Answer::parse(bytes) {
        Ok(answer) => reading(graph, node, &answer),
        Err(error) => unreadable(UnreadableKind::Answer, error.to_string()),
    }
}

fn observe_output(graph: &ResourceGraph, node: &NodeName, output: &Output) -> NodeObservation {
    if !output.is_success() {
        let said = output.stderr_text();
        let reason = format!("the probe ended with status {}: {}", output.status, said.trim());
        return unreadable(UnreadableKind::Answer, reason);
    }
    observe_answer(graph, node, &output.stdout)
}

fn unreadable(kind: UnreadableKind, reason: String) -> NodeObservation {
    NodeObservation::Unreadable(Unreadable {
        kind,
        reason,
        hint: "run the command again; if it stays, report it with the output of `crdbctl probe -v`"
            .to_owned(),
    })
}
