use std::collections::BTreeSet;
use std::time::Duration;

use crdbctl_model::{Change, Event, Impact, NodeName, Outcome};
use crdbctl_probe::HealthGoal;
use tokio::sync::Semaphore;

use crate::applier::{Applier, failed, service_of};
use crate::issue::Issuer;
use crate::session::Outcomes;
use crate::sessions::Sessions;
use crate::wait;
use crate::work::NodeWork;

impl Applier {
    /// Reloads and restarts, one node after the other, each behind the gate. The first that fails ends it.
    pub(crate) async fn roll_out(
        &mut self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        outcomes: &mut Outcomes,
    ) {
        let mut halted: Option<String> = None;
        let steps = self.plan.rollout.clone();
        for (index, step) in steps.iter().enumerate() {
            let changes: Vec<Change> = self
                .of_node(&step.node)
                .filter(|change| change.removal.is_none() && !NodeWork::is_preparation(change))
                .cloned()
                .collect();
            if *self.stop.borrow() {
                halted.get_or_insert_with(|| "the run was interrupted".to_owned());
            }
            if !failed(outcomes).is_empty() && halted.is_none() {
                halted = Some("something failed before, so nothing is disrupted".to_owned());
            }
            if let Some(why) = &halted {
                let skipped =
                    changes.iter().map(|c| (c.addr.clone(), (Outcome::Skipped(why.clone()), 0))).collect();
                self.tell_finished(&skipped);
                outcomes.extend(skipped);
                continue;
            }
            let is_last = index + 1 == steps.len();
            let done = self.roll_one(sessions, issuer, &step.node, step.impact, &changes, is_last).await;
            self.tell_finished(&done);
            if done.values().any(|(outcome, _)| *outcome != Outcome::Converged) {
                halted = Some(format!("the rollout stopped at {}", step.node));
            }
            outcomes.extend(done);
        }
    }

    async fn roll_one(
        &self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        node: &NodeName,
        impact: Impact,
        changes: &[Change],
        is_last: bool,
    ) -> Outcomes {
        let fail_all = |words: String| -> Outcomes {
            changes.iter().map(|change| (change.addr.clone(), (Outcome::Failed(words.clone()), 0))).collect()
        };
        let Some(service) = service_of(&self.graph, node) else {
            return fail_all("the node has no service in the manifest".to_owned());
        };
        if impact == Impact::Restart
            && let Err(why) = self.others_are_ready(sessions, node).await
        {
            return fail_all(format!("the gate of {node} did not open: {why}"));
        }
        for change in changes {
            self.tell_started(change);
        }
        let what = if impact == Impact::Restart { "restarting" } else { "reloading certificates" };
        self.tell(Event::Node { node: node.clone(), what: what.to_owned() });
        let refs: Vec<&Change> = changes.iter().collect();
        let work = match NodeWork::new(node, &refs, issuer, &BTreeSet::new(), &self.archives, &self.graph) {
            Ok(work) => work.with_impact(impact, &service, changes),
            Err(error) => return fail_all(error.to_string()),
        };
        let Some(session) = sessions.get_mut(node) else {
            return fail_all("there is no connection to it".to_owned());
        };
        let uploads = Semaphore::new(1);
        let outcomes = work.run(session, &uploads, &self.stop).await;
        if outcomes.values().any(|(outcome, _)| *outcome != Outcome::Converged) || impact != Impact::Restart {
            return outcomes;
        }
        let timeout = Duration::from_secs(self.graph.rollout.health_timeout);
        match wait::health(session, &service, self.goal(), timeout, &self.stop).await {
            Err(why) => fail_all(format!("{node} did not become ready again: {why}")),
            Ok(_) => {
                self.tell(Event::Node { node: node.clone(), what: "ready".to_owned() });
                if !is_last {
                    self.settle().await;
                }
                outcomes
            }
        }
    }

    /// Lets the node run for a while before the next one is stopped, unless nobody wants to go on.
    async fn settle(&self) {
        let mut stop = self.stop.clone();
        let stopped = async {
            // An end of the sender without a stop leaves the pause as it is.
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        // Either way the next step looks at the flag again.
        let _ = tokio::time::timeout(Duration::from_secs(self.graph.rollout.settle), stopped).await;
    }

    /// The health that a node can have at best: before the cluster is initialised, none is ready.
    fn goal(&self) -> HealthGoal {
        match crdbctl_probe::observe_init(&self.graph, &self.observations.nodes) {
            crdbctl_model::Observed::Absent => HealthGoal::ReadyOrWaitingForInit,
            _ => HealthGoal::Ready,
        }
    }

    /// The gate: no node is stopped while another is not ready.
    async fn others_are_ready(&self, sessions: &mut Sessions, node: &NodeName) -> Result<(), String> {
        let timeout = Duration::from_secs(self.graph.rollout.health_timeout);
        for other in self.graph.staying().filter(|other| *other != node) {
            let Some(service) = service_of(&self.graph, other) else { continue };
            let Some(session) = sessions.get_mut(other) else {
                return Err(format!("{other} is not connected, so it may be down"));
            };
            wait::health(session, &service, self.goal(), timeout, &self.stop)
                .await
                .map_err(|why| format!("{other}: {why}"))?;
        }
        Ok(())
    }
}
