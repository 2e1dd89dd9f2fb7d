use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crdbctl_cockroach::client::node_status;
use crdbctl_cockroach::output::{self, Failure, NodeStatus};
use crdbctl_model::{HealthFact, NodeName};
use crdbctl_probe::{ClientCommand, HealthGoal};
use tokio::task::JoinSet;

use crate::applier::{Applier, service_of};
use crate::issue::Issuer;
use crate::sessions::Sessions;
use crate::wait;

/// How long `cockroach node status` may take; without a quorum it never ends by itself.
const STATUS: Duration = Duration::from_secs(10);

/// How many nodes are asked for the members, one after the other, before it counts as not to be had.
const ASKED: usize = 3;

/// What was seen of the cluster at one look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What nodes say of themselves.
    pub(crate) health: BTreeMap<NodeName, HealthFact>,
    /// Nodes that could not be asked, and why.
    pub(crate) lost: BTreeMap<NodeName, String>,
    /// The cluster's members, or why they could not be had; `None` when nobody was asked.
    pub(crate) members: Option<Result<Vec<NodeStatus>, String>>,
}

impl Applier {
    /// Looks at the health of every node that stays but of the `drained`, which serve nobody, and at the members as a node
    /// sees them that is not among `going`; one of those is asked when there is no other.
    pub(crate) async fn look(
        &self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        going: &BTreeSet<NodeName>,
        drained: &BTreeSet<NodeName>,
        goal: HealthGoal,
    ) -> Seen {
        let mut seen = self.look_at_health(sessions, drained, goal).await;
        if goal == HealthGoal::Ready {
            seen.members = Some(self.members(sessions, issuer, &seen, going).await);
        }
        seen
    }

    async fn look_at_health(
        &self,
        sessions: &mut Sessions,
        but: &BTreeSet<NodeName>,
        goal: HealthGoal,
    ) -> Seen {
        let mut asking = JoinSet::new();
        for node in self.graph.staying().filter(|node| !but.contains(*node)) {
            if let Some(service) = service_of(&self.graph, node)
                && let Some(mut session) = sessions.remove(node)
            {
                asking.spawn(async move {
                    let health = wait::look(&mut session, &service, goal).await;
                    (session, health)
                });
            }
        }
        let mut seen = Seen::default();
        while let Some(asked) = asking.join_next().await {
            match asked {
                Ok((session, health)) => {
                    let node = session.node.clone();
                    match health {
                        Ok(health) => seen.health.insert(node.clone(), health).is_some(),
                        Err(why) => seen.lost.insert(node.clone(), why).is_some(),
                    };
                    sessions.insert(node, session);
                }
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        seen
    }

    async fn members(
        &self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        seen: &Seen,
        going: &BTreeSet<NodeName>,
    ) -> Result<Vec<NodeStatus>, String> {
        // The run may have lasted longer than a client certificate lives.
        let operator = issuer.at((self.clock)()).operator().map_err(|error| error.to_string())?;
        let command = ClientCommand::new(node_status(STATUS), STATUS * 2);
        let is_ready = |node: &&NodeName| seen.health.get(*node) == Some(&HealthFact::Ready);
        let mut nodes: Vec<&NodeName> = self.graph.staying().filter(is_ready).collect();
        nodes.sort_by_key(|node| going.contains(*node));
        let mut why = "no node is ready that could be asked".to_owned();
        for node in nodes.into_iter().take(ASKED) {
            let (Some(service), Some(session)) = (service_of(&self.graph, node), sessions.get_mut(node))
            else {
                continue;
            };
            let answer = session.client(&operator, &service, std::slice::from_ref(&command)).await;
            why = match answer.map(|outputs| outputs.into_iter().next()) {
                Ok(Some(found)) if found.is_success() => match output::node_status(found.stdout.as_bytes()) {
                    Ok(rows) => return Ok(rows),
                    Err(error) => format!("{node}: {error}"),
                },
                Ok(Some(found)) => format!("{node}: cockroach node status: {}", Failure::of(&found.stderr)),
                Ok(None) => format!("{node}: cockroach node status gave no answer"),
                Err(error) => format!("{node}: cockroach node status: {error}"),
            };
        }
        Err(why)
    }
}
