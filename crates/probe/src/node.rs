use std::time::Duration;

use crdbctl_model::{
    HealthFact, HealthWay, NodeName, NodeObservation, ResourceGraph, Unreadable, UnreadableKind,
};
use crdbctl_transport::{Limits, Output, ReadOnlyConnection, Script};

use crate::answer::RawHealth;
use crate::{Answer, AnswerError, Questions, health_through_ssh, questions, reading, script};

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
    let questions = questions(graph, node);
    let script = match Script::new(script(&graph.cluster, &questions)) {
        Ok(script) => script,
        Err(error) => return unreadable(UnreadableKind::Answer, error.to_string()),
    };
    match connection.run(&script, Limits::within(TIMEOUT)).await {
        Ok(output) => observe_output(connection, graph, node, &questions, &output).await,
        Err(error) => NodeObservation::Unreadable(error.unreadable()),
    }
}

/// Returns the observation that the bytes of an answer amount to. Nobody is asked what the host could not tell.
pub fn observe_answer(graph: &ResourceGraph, node: &NodeName, bytes: &[u8]) -> NodeObservation {
    observe(graph, node, Answer::parse(bytes))
}

/// Returns the observation that an answer amounts to.
pub fn observe(
    graph: &ResourceGraph,
    node: &NodeName,
    answer: Result<Answer, AnswerError>,
) -> NodeObservation {
    match answer {
        Ok(answer) => reading(graph, node, &answer),
        Err(error) => unreadable(UnreadableKind::Answer, error.to_string()),
    }
}

/// Reads an answer, and asks the node for its health at its HTTP address where the host has nothing to ask with: in no session,
/// and on no other host.
///
/// # Errors
/// As [`Answer::parse`].
pub async fn read_answer(
    connection: &ReadOnlyConnection,
    http_address: Option<&str>,
    bytes: &[u8],
) -> Result<Answer, AnswerError> {
    let mut answer = Answer::parse(bytes)?;
    if let (Some(address), Some(Ok(RawHealth::ThroughSsh { runs }))) = (http_address, &answer.health) {
        let runs = *runs;
        match health_through_ssh(connection, address, runs).await {
            Ok(health) => answer.health_through_ssh = Some(health),
            Err(why) => {
                answer.health_through_ssh = runs.then(|| HealthFact::Unknown(why.clone()));
                answer.health_way = HealthWay::None(why);
            }
        }
    }
    Ok(answer)
}

async fn observe_output(
    connection: &ReadOnlyConnection,
    graph: &ResourceGraph,
    node: &NodeName,
    questions: &Questions,
    output: &Output,
) -> NodeObservation {
    if !output.is_success() {
        let said = output.stderr_text();
        let reason = format!("the probe ended with status {}: {}", output.status, said.trim());
        return unreadable(UnreadableKind::Answer, reason);
    }
    let address = questions.service.as_ref().map(|service| service.http_address.as_str());
    observe(graph, node, read_answer(connection, address, &output.stdout).await)
}

fn unreadable(kind: UnreadableKind, reason: String) -> NodeObservation {
    NodeObservation::Unreadable(Unreadable {
        kind,
        reason,
        hint: "run the command again; if it stays, report it with the output of `crdbctl probe -v`"
            .to_owned(),
    })
}
