use std::collections::BTreeSet;
use std::time::Duration;

use crdbctl_cockroach::Version;
use crdbctl_model::{Change, DesiredService, Event, Impact, NodeName, Outcome};
use crdbctl_transport::Payload;
use tokio::sync::{Semaphore, watch};

use super::drain::drain;
use crate::applier::Applier;
use crate::issue::Issuer;
use crate::kinds;
use crate::session::{Outcomes, Session};
use crate::stage::prologue;
use crate::wait::{self, NotWell};
use crate::work::NodeWork;

/// How long systemd and the journal may take to say how a service is.
const STATE: Duration = Duration::from_secs(60);

/// How a node is taken down.
#[derive(Clone, Debug)]
pub(super) enum Down {
    /// It is drained first, by the binary of this version that runs.
    Drained(Version),
    /// It serves nobody, or there is nobody to take over: systemd's stop is all.
    Stopped,
}

impl Applier {
    /// Changes a node's files, stops and starts it, and waits until it is ready.
    ///
    /// What is in hand is brought to its end, also when the run shall end: a node is not left drained or down.
    pub(super) async fn restart(
        &self,
        session: &mut Session,
        service: &DesiredService,
        issuer: &Issuer<'_>,
        changes: &[Change],
        down: Down,
    ) -> Outcomes {
        let node = session.node.clone();
        let fail = |words: String| all(changes, &Outcome::Failed(words));
        let tell = |what: &str| self.tell(Event::Node { node: node.clone(), what: what.to_owned() });
        let refs: Vec<&Change> = changes.iter().collect();
        let work = NodeWork::new(&node, &refs, issuer, &BTreeSet::new(), &self.archives, &self.graph);
        let work = match work {
            Ok(work) => work.with_impact(Impact::Restart, service, changes),
            Err(error) => return fail(error.to_string()),
        };
        if let Some(refused) = work.refused() {
            let words = "another change of the node cannot be made, so nothing of it was touched";
            let mut outcomes = all(changes, &Outcome::Skipped(words.to_owned()));
            outcomes.extend(refused.clone());
            return outcomes;
        }
        // Noted before anything happens, so that a run which is cut off from here on is brought to its end by the
        // next one. What would keep the node from coming back is found while it still serves.
        if let Err(why) = prepare(session, service).await {
            return fail(why);
        }
        let drains = matches!(down, Down::Drained(_));
        if let Down::Drained(running) = down {
            let limit = Duration::from_secs(self.graph.rollout.drain_timeout);
            let drained = match issuer.at((self.clock)()).operator() {
                Ok(operator) => drain(session, service, &operator, &running, limit).await,
                Err(error) => Err(error.to_string()),
            };
            if let Err(why) = drained {
                return fail(why);
            }
        }
        for change in changes {
            self.tell_started(change);
        }
        tell("stopping and starting");
        let (_, never) = watch::channel(false);
        let mut outcomes = work.run(session, &Semaphore::new(1), &never).await;
        if outcomes.values().any(|(outcome, _)| *outcome != Outcome::Converged) {
            if drains {
                let state = state(session, service).await;
                tell_of_drain(&mut outcomes, &node, service, &state);
            }
            return outcomes;
        }
        tell("started");
        let timeout = Duration::from_secs(self.graph.rollout.health_timeout);
        match wait::health(session, service, self.goal(), timeout, None).await {
            Ok(_) => {
                tell("ready");
                outcomes
            }
            Err(NotWell::Interrupted) => outcomes,
            Err(NotWell::Unwell(why)) => {
                let state = state(session, service).await;
                fail(format!(
                    "{node} was restarted and did not become ready: {why}. {state}. Next: see its log (journalctl -u {} on \
                     {node}), mend it, and apply again",
                    service.unit.file_name()
                ))
            }
        }
    }

    /// Changes a node's files and has it read its certificates again.
    pub(super) async fn reload(
        &self,
        session: &mut Session,
        service: &DesiredService,
        issuer: &Issuer<'_>,
        changes: &[Change],
    ) -> Outcomes {
        let node: NodeName = session.node.clone();
        for change in changes {
            self.tell_started(change);
        }
        self.tell(Event::Node { node: node.clone(), what: "reloading certificates".to_owned() });
        let refs: Vec<&Change> = changes.iter().collect();
        match NodeWork::new(&node, &refs, issuer, &BTreeSet::new(), &self.archives, &self.graph) {
            Err(error) => all(changes, &Outcome::Failed(error.to_string())),
            Ok(work) => {
                let work = work.with_impact(Impact::Reload, service, changes);
                work.run(session, &Semaphore::new(1), &self.stop).await
            }
        }
    }
}

/// One outcome for all of some changes.
pub(super) fn all(changes: &[Change], outcome: &Outcome) -> Outcomes {
    changes.iter().map(|change| (change.addr.clone(), (outcome.clone(), 0))).collect()
}

/// Adds to what failed that the node was drained before it: its process may run on, and serves nobody then.
fn tell_of_drain(outcomes: &mut Outcomes, node: &NodeName, service: &DesiredService, state: &str) {
    for (outcome, _) in outcomes.values_mut() {
        if let Outcome::Failed(words) = outcome {
            words.push_str(&format!(
                ". {node} was drained before that, and takes no clients until it is restarted; {state}. Next: mend this and \
                 apply again, or `systemctl restart {}` on {node} to have it serve at once",
                service.unit.file_name()
            ));
        }
    }
}

async fn prepare(session: &mut Session, service: &DesiredService) -> Result<(), String> {
    let text = prologue(&session.cluster, &session.run) + &kinds::service::before_restart(service);
    let output = session.script(text, Payload::none(), STATE).await.map_err(|error| error.to_string())?;
    if output.is_success() { Ok(()) } else { Err(output.stderr_text().trim().to_owned()) }
}

/// Returns what systemd says of a service, as a clause.
async fn state(session: &mut Session, service: &DesiredService) -> String {
    match session.ask(kinds::service::state(service), STATE).await {
        Ok(output) => {
            let said = output.stdout_text();
            let words: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            format!("systemd says {}", words.join(" "))
        }
        Err(error) => format!("How it is now could not be asked: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_after_the_drain_says_that_the_node_is_drained() {
        let graph = crate::work::tests::graph();
        let node = NodeName::new("store-1").unwrap();
        let service = graph.service(&node).unwrap();
        let addr = |text: &str| text.parse::<crdbctl_model::ResourceAddr>().unwrap();
        let mut outcomes = Outcomes::from([
            (addr("store-1/link.cockroach"), (Outcome::Failed("No space left on device".to_owned()), 1)),
            (addr("store-1/unit.cockroach"), (Outcome::Converged, 1)),
        ]);
        tell_of_drain(&mut outcomes, &node, service, "systemd says ActiveState=active");
        let Outcome::Failed(words) = &outcomes[&addr("store-1/link.cockroach")].0 else { panic!() };
        for part in [
            "No space left",
            "store-1 was drained",
            "ActiveState=active",
            "`systemctl restart cockroach.service`",
        ] {
            assert!(words.contains(part), "{words}");
        }
        assert_eq!(outcomes[&addr("store-1/unit.cockroach")].0, Outcome::Converged);
    }
}
