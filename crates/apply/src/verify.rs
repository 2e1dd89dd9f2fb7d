use std::collections::BTreeMap;
use std::time::Duration;

use crdbctl_model::{NodeName, NodeObservation, Observations, Plan, ResourceGraph};
use crdbctl_probe::{observe_answer, questions, script};
use tokio::task::JoinSet;

use crate::error::ApplyError;
use crate::session::Session;

/// Reads every node again, under the locks, and refuses when one is not as the plan found it.
pub(crate) async fn unchanged(
    graph: &ResourceGraph,
    plan: &Plan,
    before: &Observations,
    sessions: &mut BTreeMap<NodeName, Session>,
) -> Result<(), ApplyError> {
    let now = read(graph, sessions).await;
    let mut what = Vec::new();
    for (node, digest) in &plan.basis.nodes {
        match now.get(node) {
            Some(NodeObservation::Read(reading)) if reading.digest == *digest => {}
            Some(NodeObservation::Read(reading)) => {
                let mut moved: Vec<String> = before
                    .reading(node)
                    .into_iter()
                    .flat_map(|_| &reading.resources)
                    .filter(|(addr, observed)| {
                        before.reading(node).and_then(|old| old.resources.get(*addr)) != Some(*observed)
                    })
                    .map(|(addr, _)| format!("{addr} changed since"))
                    .collect();
                if moved.is_empty() {
                    moved.push(format!("{node} changed since"));
                }
                what.extend(moved);
            }
            Some(NodeObservation::Unreadable(unreadable)) => {
                what.push(format!("{node}: {}", unreadable.reason))
            }
            None => what.push(format!("{node} is not connected")),
        }
    }
    if what.is_empty() { Ok(()) } else { Err(ApplyError::Stale { what }) }
}

/// Reads every node through its session.
pub(crate) async fn read(
    graph: &ResourceGraph,
    sessions: &mut BTreeMap<NodeName, Session>,
) -> BTreeMap<NodeName, NodeObservation> {
    let mut reading = JoinSet::new();
    for (node, mut session) in std::mem::take(sessions) {
        let text = script(&graph.cluster, &questions(graph, &node));
        reading.spawn(async move {
            let answer = session.ask(text, Duration::from_secs(120)).await;
            (session, answer)
        });
    }
    let mut observed = BTreeMap::new();
    while let Some(done) = reading.join_next().await {
        match done {
            Ok((session, answer)) => {
                let observation = match answer {
                    Ok(output) => observe_answer(graph, &session.node, &output.stdout),
                    Err(error) => NodeObservation::Unreadable(error.unreadable()),
                };
                observed.insert(session.node.clone(), observation);
                sessions.insert(session.node.clone(), session);
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    observed
}
