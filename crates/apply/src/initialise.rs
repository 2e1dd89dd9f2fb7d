use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crdbctl_model::{Desired, Event, NodeName, Outcome, Phase};
use crdbctl_probe::HealthGoal;
use tokio::task::JoinSet;

use crate::applier::{Applier, failed, service_of};
use crate::issue::Issuer;
use crate::rollout::INTERRUPTED;
use crate::session::Outcomes;
use crate::sessions::Sessions;
use crate::wait::NotWell;
use crate::{init, wait};

impl Applier {
    /// Waits until every started node is where it should be, and initialises the cluster if every node waits for it.
    pub(crate) async fn initialise(
        &self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        outcomes: &mut Outcomes,
    ) {
        let init = self.plan.changes.iter().find_map(|change| match &change.desired {
            Some(Desired::Init(desired)) => Some((change, desired)),
            _ => None,
        });
        let goal = if init.is_some() || !self.is_initialised() {
            HealthGoal::ReadyOrWaitingForInit
        } else {
            HealthGoal::Ready
        };
        let started: Vec<NodeName> = self
            .plan
            .changes
            .iter()
            .filter(|change| {
                change.attributes.iter().any(|a| a.name == "active")
                    && outcomes.get(&change.addr).is_some_and(|(outcome, _)| *outcome == Outcome::Converged)
            })
            .filter_map(|change| change.addr.node().cloned())
            .collect();
        let reloaded = self.reloaded_to_be_accepted(outcomes);
        let wait_for: Vec<NodeName> = if init.is_some() {
            self.graph.staying().cloned().collect()
        } else {
            started.into_iter().chain(reloaded).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let Some((change, desired)) = init else {
            let failures = self.wait_all(sessions, &wait_for, goal).await;
            for (node, why) in failures.1 {
                self.fail_service(&node, &why, outcomes);
            }
            return;
        };
        self.tell_started(change);
        let began = Instant::now();
        let outcome = if failed(outcomes).iter().any(|addr| change.depends_on.contains(addr)) {
            Outcome::Skipped("not every node came up".to_owned())
        } else if *self.stop.borrow() {
            Outcome::Skipped(INTERRUPTED.to_owned())
        } else {
            let (ready, failures) = self.wait_all(sessions, &wait_for, goal).await;
            for (node, why) in &failures {
                self.fail_service(node, why, outcomes);
            }
            if let Some((node, why)) = failures.into_iter().next() {
                match why {
                    NotWell::Interrupted => Outcome::Skipped(INTERRUPTED.to_owned()),
                    NotWell::Unwell(why) => Outcome::Skipped(format!("{node}: {why}")),
                }
            } else if ready {
                // Somebody initialised it before: its nodes have only been away.
                Outcome::Converged
            } else {
                self.initialise_through(sessions, issuer, &desired.through).await
            }
        };
        let outcome = if outcome == Outcome::Converged {
            match self.wait_all(sessions, &wait_for, HealthGoal::Ready).await.1.into_iter().next() {
                None => Outcome::Converged,
                Some((node, why)) => Outcome::Failed(format!("{node} did not become ready: {why}")),
            }
        } else {
            outcome
        };
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let done = Outcomes::from([(change.addr.clone(), (outcome, took))]);
        self.tell_finished(&done);
        outcomes.extend(done);
    }

    /// The nodes that were cut off, when all of them have new certificates: they are done when they are ready. While one of
    /// them lacks its own, none need be.
    fn reloaded_to_be_accepted(&self, outcomes: &Outcomes) -> BTreeSet<NodeName> {
        let nodes = self.cut_off();
        let is_done = |node: &NodeName| {
            let mut own = outcomes.iter().filter(|(addr, _)| addr.node() == Some(node)).peekable();
            own.peek().is_some() && own.all(|(_, (outcome, _))| *outcome == Outcome::Converged)
        };
        if nodes.iter().all(is_done) { nodes } else { BTreeSet::new() }
    }

    async fn initialise_through(
        &self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        through: &NodeName,
    ) -> Outcome {
        let Some(service) = service_of(&self.graph, through) else {
            return Outcome::Failed(format!("{through} has no service in the manifest"));
        };
        let Some(session) = sessions.get_mut(through) else {
            return Outcome::Skipped(format!("there is no connection to {through}"));
        };
        match issuer.operator() {
            Err(error) => Outcome::Failed(error.to_string()),
            Ok(operator) => init::initialise(session, &service, &operator).await,
        }
    }

    /// Returns whether any node is ready, and the nodes that are not where they should be.
    async fn wait_all(
        &self,
        sessions: &mut Sessions,
        nodes: &[NodeName],
        goal: HealthGoal,
    ) -> (bool, Vec<(NodeName, NotWell)>) {
        let timeout = Duration::from_secs(self.graph.rollout.health_timeout);
        let mut waiting = JoinSet::new();
        let mut failures = Vec::new();
        for node in nodes {
            let (Some(service), Some(mut session)) = (service_of(&self.graph, node), sessions.remove(node))
            else {
                let why = NotWell::Unwell("there is no connection to it".to_owned());
                failures.push((node.clone(), why));
                continue;
            };
            let stop = self.stop.clone();
            // What it waits for is known after some seconds, when the node has been looked at for the first time.
            session.tell(Event::Phase { node: Some(node.clone()), phase: Phase::Starting });
            waiting.spawn(async move {
                let health = wait::health(&mut session, &service, goal, timeout, Some(&stop)).await;
                if health.is_ok() {
                    session.tell(Event::Phase { node: Some(session.node.clone()), phase: Phase::Up });
                }
                (session, health)
            });
        }
        let mut any_ready = false;
        while let Some(waited) = waiting.join_next().await {
            match waited {
                Ok((session, health)) => {
                    match health {
                        Ok(health) => any_ready |= health == crdbctl_model::HealthFact::Ready,
                        Err(why) => failures.push((session.node.clone(), why)),
                    }
                    sessions.insert(session.node.clone(), session);
                }
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        failures.sort();
        (any_ready, failures)
    }

    fn fail_service(&self, node: &NodeName, why: &NotWell, outcomes: &mut Outcomes) {
        let of_kind = |is_kind: fn(&Desired) -> bool| {
            let resource = self.graph.of_node(node).find(|resource| is_kind(&resource.desired));
            resource.map(|resource| resource.addr.clone()).filter(|addr| outcomes.contains_key(addr))
        };
        let service = of_kind(|desired| matches!(desired, Desired::Service(_)));
        let (addr, did) = match service {
            Some(addr) => (addr, "started"),
            // It runs on, with a certificate that is new.
            None => match of_kind(|desired| matches!(desired, Desired::NodeCertificate(_))) {
                Some(addr) => (addr, "read again"),
                None => return,
            },
        };
        let outcome = match why {
            NotWell::Interrupted => Outcome::Skipped(format!("{did}, and {why} before it was well")),
            NotWell::Unwell(why) => Outcome::Failed(format!("{did}, and not well: {why}")),
        };
        // It was told as made when its script had ended; the summary must not be the first to say otherwise.
        self.tell_finished(&Outcomes::from([(addr.clone(), (outcome.clone(), 0))]));
        if let Some(entry) = outcomes.get_mut(&addr) {
            entry.0 = outcome;
        }
    }
}
