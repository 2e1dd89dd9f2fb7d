use std::collections::BTreeSet;
use std::time::Duration;

use crdbctl_cockroach::Version;
use crdbctl_model::{
    Change, Desired, DesiredService, Event, Fact, ForcedGate, HealthWay, Impact, NodeName, Observed, Outcome,
};
use crdbctl_transport::Payload;
use tokio::sync::{Semaphore, watch};

use super::drain::{drain, stranded};
use crate::applier::Applier;
use crate::issue::Issuer;
use crate::kinds;
use crate::served::{self, Before, OnDisk, Served};
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

/// A node that is ready to be stopped, and what is done to it then.
pub(super) struct Drained {
    work: NodeWork,
    /// Whether it was drained, so that it takes no clients any more.
    pub(super) is_drained: bool,
}

impl Applier {
    /// Makes sure that a node can be changed and come back, and drains it.
    ///
    /// # Errors
    /// What became of its changes: none of them is made.
    pub(super) async fn drain(
        &self,
        session: &mut Session,
        service: &DesiredService,
        issuer: &Issuer<'_>,
        changes: &[Change],
        down: Down,
        forced: Option<&ForcedGate>,
    ) -> Result<Drained, Outcomes> {
        let fail = |words: String| Err(all(changes, &Outcome::Failed(words)));
        let refs: Vec<&Change> = changes.iter().collect();
        let work = NodeWork::new(&session.node, &refs, issuer, &BTreeSet::new(), &self.archives, &self.graph);
        let work = match work {
            Ok(work) => work.with_impact(Impact::Restart, service, changes),
            Err(error) => return fail(error.to_string()),
        };
        if let Some(refused) = work.refused() {
            let words = "another change of the node cannot be made, so nothing of it was touched";
            let mut outcomes = all(changes, &Outcome::Skipped(words.to_owned()));
            outcomes.extend(refused.clone());
            return Err(outcomes);
        }
        // What would keep the node from coming back is found while it still serves.
        if let Err(why) = self.startable(session).await {
            return fail(why);
        }
        // Noted before anything happens, so that a run which is cut off from here on is brought to its end by the
        // next one.
        if let Err(why) = prepare(session, forced).await {
            return fail(why);
        }
        let Down::Drained(running) = down else { return Ok(Drained { work, is_drained: false }) };
        let limit = Duration::from_secs(self.graph.rollout.drain_timeout);
        let drained = match issuer.at((self.clock)()).operator() {
            Ok(operator) => drain(session, service, &operator, &running, limit).await,
            Err(error) => Err(error.to_string()),
        };
        match drained {
            Ok(is_drained) => Ok(Drained { work, is_drained }),
            Err(why) => fail(why),
        }
    }

    /// Changes a node's files, stops and starts it, and waits until it is ready.
    ///
    /// What is in hand is brought to its end, also when the run shall end: a node is not left drained or down.
    pub(super) async fn restart(
        &self,
        session: &mut Session,
        service: &DesiredService,
        changes: &[Change],
        drained: Drained,
    ) -> Outcomes {
        let Drained { work, is_drained } = drained;
        let node = session.node.clone();
        let fail = |words: String| all(changes, &Outcome::Failed(words));
        let tell = |what: &str| self.tell(Event::Node { node: node.clone(), what: what.to_owned() });
        // A drain may take minutes.
        if is_drained && let Err(why) = self.startable(session).await {
            return fail(stranded(
                node.as_str(),
                service,
                &format!("was drained and is not stopped now, because {why}"),
            ));
        }
        for change in changes {
            self.tell_started(change);
        }
        tell("stopping and starting");
        let (_, never) = watch::channel(false);
        let mut outcomes = work.run(session, &Semaphore::new(1), &never).await;
        if outcomes.values().any(|(outcome, _)| *outcome != Outcome::Converged) {
            if is_drained {
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
                let before = if self.is_asked_through_ssh(&node, service) {
                    Before::Seen(Served::look(&session.asking, service).await)
                } else {
                    let makes_pair = |change: &Change| {
                        change.impact > Impact::None
                            && matches!(change.desired, Some(Desired::NodeCertificate(_)))
                    };
                    Before::NotSeen { is_new_pair: changes.iter().any(makes_pair) }
                };
                let mut outcomes = work.run(session, &Semaphore::new(1), &self.stop).await;
                if let Some(on_disk) = session.on_disk.take()
                    && let Err(why) = self.see_reread(session, service, &on_disk, &before).await
                {
                    for change in changes.iter().filter(|change| change.impact > Impact::None) {
                        outcomes.insert(change.addr.clone(), (Outcome::Failed(why.clone()), 0));
                    }
                }
                outcomes
            }
        }
    }
}

impl Applier {
    fn is_asked_through_ssh(&self, node: &NodeName, service: &DesiredService) -> bool {
        self.graph
            .of_node(node)
            .filter(|resource| matches!(&resource.desired, Desired::Service(it) if it.unit == service.unit))
            .any(|resource| match self.observations.of(&resource.addr) {
                Observed::Present(fact) => {
                    matches!(*fact, Fact::Service(found) if found.health_way == HealthWay::ThroughSsh)
                }
                Observed::Absent | Observed::Unknown { .. } | Observed::Deferred { .. } => false,
            })
    }

    /// Waits until a process serves what is on disk, and forgets what was pending on the node.
    async fn see_reread(
        &self,
        session: &mut Session,
        service: &DesiredService,
        on_disk: &OnDisk,
        before: &Before,
    ) -> Result<(), String> {
        if let Some(what) = served::wait(&session.asking, service, on_disk, before).await? {
            self.tell(Event::Node { node: session.node.clone(), what });
        }
        let text = prologue(&session.cluster, &session.run) + "settled\n";
        let output = session.script(text, Payload::none(), STATE).await.map_err(|error| error.to_string())?;
        if output.is_success() { Ok(()) } else { Err(output.stderr_text().trim().to_owned()) }
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

async fn prepare(session: &mut Session, forced: Option<&ForcedGate>) -> Result<(), String> {
    let mut text = prologue(&session.cluster, &session.run);
    if let Some(forced) = forced {
        // The record may not be written: the run can be cut off, or the node not come back.
        text.push_str(&note_forced(forced).map_err(|error| error.to_string())?);
    }
    text.push_str("pending restart\n");
    let output = session.script(text, Payload::none(), STATE).await.map_err(|error| error.to_string())?;
    if output.is_success() { Ok(()) } else { Err(output.stderr_text().trim().to_owned()) }
}

/// Returns the line that notes on the node that its gate was skipped, until the record tells.
fn note_forced(forced: &ForcedGate) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(forced)? + "\n";
    Ok(format!("(put \"$state/$cluster.forced\" root root 0600 {}) || exit 1\n", crate::step::quoted(&json)))
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

    #[test]
    fn a_skipped_gate_is_noted_on_the_node_before_anything_else() {
        let directory = tempfile::tempdir().unwrap();
        if std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(directory.path()).unwrap()) != 0 {
            crdbctl_testlab::skip_unless_required("only root can set owners");
            return;
        }
        let at = crdbctl_model::Timestamp::from_unix(1_800_000_000);
        let forced = ForcedGate {
            run: "run".to_owned(),
            by: "o'brien@host".to_owned(),
            at,
            seen: "1 range is under-replicated (n3: 1)".to_owned(),
        };
        let run =
            crate::run::Run { command: "apply", id: "run".to_owned(), by: "tester".to_owned(), started: at };
        let cluster = crdbctl_model::ClusterName::new("store").unwrap();
        let text = prologue(&cluster, &run)
            + &format!("state={}\n", directory.path().display())
            + &note_forced(&forced).unwrap();
        let status = std::process::Command::new("sh").args(["-c", &text]).status().unwrap();
        assert!(status.success());
        let noted = std::fs::read_to_string(directory.path().join("store.forced")).unwrap();
        assert_eq!(serde_json::from_str::<ForcedGate>(&noted).unwrap(), forced);
    }
}
