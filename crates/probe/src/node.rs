use std::time::Duration;

use crdbctl_model::{
    HealthFact, HealthWay, NodeName, NodeObservation, ResourceGraph, Unreadable, UnreadableKind,
};
use crdbctl_transport::{Limits, ReadOnlyConnection, Script};

use crate::answer::RawHealth;
use crate::{Answer, AnswerError, health_through_ssh, questions, reading, script};

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
    match ask_node(connection, graph, node).await {
        Ok(answer) => reading(graph, node, &answer),
        Err(unreadable) => NodeObservation::Unreadable(*unreadable),
    }
}

/// Returns what `node` answers to one probe, taken apart: what it says of `graph`, and of another graph of the same
/// manifest, [`reading`] tells.
///
/// # Errors
/// Whatever goes wrong makes the node unreadable.
pub async fn ask_node(
    connection: &ReadOnlyConnection,
    graph: &ResourceGraph,
    node: &NodeName,
) -> Result<Answer, Box<Unreadable>> {
    let questions = questions(graph, node);
    let script = Script::new(script(&graph.cluster, &questions)).map_err(|error| wrong(error.to_string()))?;
    let output = connection
        .run(&script, Limits::within(TIMEOUT))
        .await
        .map_err(|error| Box::new(error.unreadable()))?;
    if !output.is_success() {
        let said = output.stderr_text();
        return Err(wrong(format!("the probe ended with status {}: {}", output.status, said.trim())));
    }
    let address = questions.service.as_ref().map(|service| service.http_address.as_str());
    read_answer(connection, address, &output.stdout).await.map_err(|error| wrong(error.to_string()))
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
        Err(error) => NodeObservation::Unreadable(*wrong(error.to_string())),
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

fn wrong(reason: String) -> Box<Unreadable> {
    Box::new(Unreadable {
        kind: UnreadableKind::Answer,
        reason,
        hint: "run the command again; if it stays, report it with the output of `crdbctl probe -v`"
            .to_owned(),
    })
}
