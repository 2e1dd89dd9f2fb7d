use std::collections::BTreeSet;
use std::time::Duration;

use crdbctl_cockroach::Version;
use crdbctl_model::{Change, DesiredService, Event, ForcedGate, Impact, NodeName, Outcome};
use crdbctl_transport::Payload;
use tokio::sync::{Semaphore, watch};

use super::drain::{drain, stranded};
use crate::applier::Applier;
use crate::issue::Issuer;
use crate::kinds;
use crate::served::{self, OnDisk, Served};
use crate::session::{Outcomes, Session};
use crate::stage::{Reread, prologue};
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
                session.reread = None;
                let mut outcomes = work.run(session, &Semaphore::new(1), &self.stop).await;
                let reloads = || changes.iter().filter(|change| change.impact > Impact::None);
                let is_done = |change: &Change| {
                    outcomes.get(&change.addr).is_some_and(|(outcome, _)| *outcome == Outcome::Converged)
                };
                if reloads().any(is_done)
                    && let Err(why) = self.see_reread(session, service).await
                {
                    let why = format!("{node} may not have read its certificates again: {why}");
                    for change in reloads() {
                        outcomes.insert(change.addr.clone(), (Outcome::Failed(why.clone()), 0));
                    }
                }
                outcomes
            }
        }
    }
}

impl Applier {
    /// Makes sure that a process reads what is on disk, where the node's own script has not seen it, and forgets what was pending
    /// on the node.
    async fn see_reread(&self, session: &mut Session, service: &DesiredService) -> Result<(), String> {
        let Some(on_disk) = to_be_seen(session.reread.take())? else { return Ok(()) };
        let before = Served::look(&session.asking, service).await;
        run(session, &kinds::service::signal(service)).await?;
        if let Some(what) = served::wait(&session.asking, service, &on_disk, &before).await? {
            self.tell(Event::Node { node: session.node.clone(), what });
        }
        run(session, "settled\n").await
    }
}

/// Returns the files that a process has yet to read; `None` when the node has seen that it goes by them.
///
/// # Errors
/// When the node did not say so in a way that can be understood: that is no reload.
fn to_be_seen(reread: Option<Reread>) -> Result<Option<OnDisk>, String> {
    let next = "Next: apply again, which reloads them again";
    match reread {
        Some(Reread::Seen) => Ok(None),
        Some(Reread::OnDisk(on_disk)) => Ok(Some(on_disk)),
        Some(Reread::Unclear(line)) => Err(format!("its answer is not understood: {line:?}. {next}")),
        None => Err(format!("it did not say whether it has. {next}")),
    }
}

/// Runs a script on the node that changes something and prints nothing.
async fn run(session: &mut Session, text: &str) -> Result<(), String> {
    let text = prologue(&session.cluster, &session.run) + text;
    let output = session.script(text, Payload::none(), STATE).await.map_err(|error| error.to_string())?;
    if output.is_success() { Ok(()) } else { Err(output.stderr_text().trim().to_owned()) }
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
    let mut text = String::new();
    if let Some(forced) = forced {
        // The record may not be written: the run can be cut off, or the node not come back.
        text.push_str(&note_forced(forced).map_err(|error| error.to_string())?);
    }
    text.push_str("pending restart\n");
    run(session, &text).await
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
    fn a_reload_that_the_node_does_not_confirm_is_none() {
        use base64::Engine as _;
        let said = |words: &str| {
            let words = base64::engine::general_purpose::STANDARD.encode(words);
            to_be_seen(crate::stage::Stage::reread(format!("said 1 {words}\ndone 1 5\n").as_bytes()))
        };
        assert_eq!(said("a warning\nreread: seen\n"), Ok(None));
        let files = said("a warning\nserve: bg== Zg== Yw==\n").unwrap().unwrap();
        assert_eq!((files.node, files.front, files.ca), (b"n".to_vec(), b"f".to_vec(), b"c".to_vec()));
        for (words, expected) in [
            ("", "did not say"),
            ("told: something\n", "did not say"),
            ("serve: bg==\n", "\"serve: bg==\""),
            ("serve: bg== Zg== !\n", "not understood"),
        ] {
            let why = said(words).unwrap_err();
            assert!(why.contains(expected) && why.contains("Next: "), "{why}");
        }
        assert!(to_be_seen(crate::stage::Stage::reread(b"done 1 5\n")).is_err());
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
