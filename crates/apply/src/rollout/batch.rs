use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crdbctl_cockroach::Version;
use crdbctl_model::{DesiredService, Event, ForcedGate, Impact, NodeName, Outcome, RolloutStep};
use futures_util::future::join_all;

use super::node::{Down, all};
use super::{INTERRUPTED, Ledger};
use crate::applier::{Applier, service_of};
use crate::gate::{Closed, Fleet, Gate, Readings, Seen, Teller};
use crate::hook::{Hook, HookEnd, Occasion};
use crate::issue::Issuer;
use crate::session::{Outcomes, Session};
use crate::sessions::Sessions;

/// How a batch ended.
pub(super) struct BatchEnd {
    pub(super) outcomes: Outcomes,
    /// Why the rollout does not go on, if it does not.
    pub(super) halted: Option<String>,
}

impl Applier {
    /// Disrupts the nodes of a batch: hooks, gate, all of them at once, gate, hooks.
    pub(super) async fn roll_batch(
        &self,
        batch: &[RolloutStep],
        to_come: &BTreeSet<NodeName>,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        readings: &mut Readings,
        ledger: &mut Ledger,
    ) -> BatchEnd {
        let stopped = format!("the rollout stopped at {}", names(&nodes_of(batch)));
        let (ran, mut end) = self.run_before_hooks(batch, &stopped).await;
        if end.halted.is_none() {
            end = self.behind_gates(batch, to_come, &stopped, sessions, issuer, readings, ledger).await;
        }
        if let Some(why) = self.run_after_hooks(&ran, &end.outcomes, ledger).await {
            end.halted.get_or_insert(why);
        }
        end
    }

    /// Disrupts the nodes of a batch: gate, all of them at once, gate. A reload has no gates.
    #[expect(clippy::too_many_arguments, reason = "a batch is given all that a rollout has")]
    async fn behind_gates(
        &self,
        batch: &[RolloutStep],
        to_come: &BTreeSet<NodeName>,
        stopped: &str,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        readings: &mut Readings,
        ledger: &mut Ledger,
    ) -> BatchEnd {
        let halt = |outcomes| BatchEnd { outcomes, halted: Some(stopped.to_owned()) };
        let is_well =
            |outcomes: &Outcomes| outcomes.values().all(|(outcome, _)| *outcome == Outcome::Converged);
        if batch.iter().all(|step| step.impact != Impact::Restart) {
            let outcomes = self.reload_all(batch, sessions, issuer).await;
            return if is_well(&outcomes) { BatchEnd { outcomes, halted: None } } else { halt(outcomes) };
        }
        let nodes = nodes_of(batch);
        let seen = match self.before(batch, to_come, sessions, issuer, readings, ledger).await {
            Ok(seen) => seen,
            Err(Closed::Interrupted) => {
                let outcomes = self.all(batch, &Outcome::Skipped(INTERRUPTED.to_owned()));
                return BatchEnd { outcomes, halted: Some(INTERRUPTED.to_owned()) };
            }
            Err(Closed::Shut(why)) => return halt(self.all(batch, &Outcome::Failed(why))),
        };
        readings.forget();
        let outcomes = self.restart_all(batch, to_come, sessions, issuer, &seen, ledger).await;
        if !is_well(&outcomes) {
            return halt(outcomes);
        }
        let gate = Gate::After { came: &nodes, to_come };
        match self.pass(gate, &batch[0].node, sessions, issuer, readings).await {
            // The nodes are back. What would follow is not begun.
            Ok(_) | Err(Closed::Interrupted) => BatchEnd { outcomes, halted: None },
            Err(Closed::Shut(why)) => {
                let words = format!("it was restarted and is ready, but {why}");
                halt(self.all(batch, &Outcome::Failed(words)))
            }
        }
    }

    /// The gate before nodes go down, or what stands in its place where somebody said so.
    async fn before(
        &self,
        batch: &[RolloutStep],
        to_come: &BTreeSet<NodeName>,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        readings: &mut Readings,
        ledger: &mut Ledger,
    ) -> Result<Seen, Closed> {
        let nodes = &nodes_of(batch);
        let gate = Gate::Before { going: nodes, to_come };
        if !self.is_forced(nodes) {
            return self.pass(gate, &batch[0].node, sessions, issuer, readings).await;
        }
        let seen = self.look(sessions, issuer, nodes, &BTreeSet::new(), self.goal()).await;
        let fleet = Fleet::of(&self.graph, &self.observations);
        let would = match gate.judge(&fleet, &seen, self.goal()) {
            Ok(_) => "at one look, nothing stood against it".to_owned(),
            Err(obstacle) => obstacle.to_string(),
        };
        for node in nodes {
            let words = format!("GATE SKIPPED because of --force-gate {node}: {would}");
            self.tell(Event::Node { node: node.clone(), what: words });
            ledger.notes.push(format!("the gate before {node} was skipped because of --force-gate: {would}"));
            let forced = ForcedGate {
                run: self.run.id.clone(),
                by: self.run.by.clone(),
                at: (self.clock)(),
                seen: would.clone(),
            };
            ledger.forced.insert(node.clone(), forced);
        }
        Ok(seen)
    }

    fn is_forced(&self, nodes: &BTreeSet<NodeName>) -> bool {
        nodes.is_subset(&self.force_gates)
    }

    /// Drains the nodes of a batch, all at once, looks once more, and stops and starts them.
    async fn restart_all(
        &self,
        batch: &[RolloutStep],
        to_come: &BTreeSet<NodeName>,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        seen: &Seen,
        ledger: &Ledger,
    ) -> Outcomes {
        let (work, mut outcomes) = self.take(batch, sessions);
        let draining = work.into_iter().map(async |(service, mut session)| {
            let changes = self.rolled(&session.node);
            let down = self.way_down(&session.node, seen);
            let forced = ledger.forced.get(&session.node);
            // A node that cannot be asked whether it is ready is left as it is, whatever the gate was forced to.
            let drained = match seen.lost.get(&session.node) {
                Some(why) => Err(all(&changes, &Outcome::Failed(cannot_be_asked(&session.node, why)))),
                None => self.drain(&mut session, &service, issuer, &changes, down, forced).await,
            };
            (service, session, changes, drained)
        });
        let mut drained = Vec::new();
        for (service, session, changes, result) in join_all(draining).await {
            match result {
                Ok(drain) => drained.push((session.node.clone(), service, changes, drain)),
                Err(failed) => outcomes.extend(failed),
            }
            sessions.insert(session.node.clone(), session);
        }
        let nodes = nodes_of(batch);
        let takes_long = drained.iter().any(|(.., drain)| drain.is_drained);
        if takes_long && !self.is_forced(&nodes) {
            let excused = crate::gate::excused(&nodes, to_come, seen, self.goal());
            if let Err(obstacle) = self.still_open(&nodes, &excused, sessions, issuer).await {
                for (node, service, changes, _) in &drained {
                    let what = format!(
                        "was drained and is not stopped now, because {obstacle}. Meanwhile: {}",
                        obstacle.advice()
                    );
                    let words = super::drain::stranded(node.as_str(), service, &what);
                    outcomes.extend(all(changes, &Outcome::Failed(words)));
                }
                return outcomes;
            }
        }
        let starting: Vec<_> = drained
            .into_iter()
            .filter_map(|(node, service, changes, drain)| {
                Some((sessions.remove(&node)?, service, changes, drain))
            })
            .collect();
        let starting = starting.into_iter().map(async |(mut session, service, changes, drain)| {
            let done = self.restart(&mut session, &service, &changes, drain).await;
            (session, done)
        });
        for (session, done) in join_all(starting).await {
            sessions.insert(session.node.clone(), session);
            outcomes.extend(done);
        }
        outcomes
    }

    /// Has the nodes of a batch read their certificates again, all at once.
    async fn reload_all(
        &self,
        batch: &[RolloutStep],
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
    ) -> Outcomes {
        let (work, mut outcomes) = self.take(batch, sessions);
        let doing = work.into_iter().map(async |(service, mut session)| {
            let changes = self.rolled(&session.node);
            let done = self.reload(&mut session, &service, issuer, &changes).await;
            (session, done)
        });
        for (session, done) in join_all(doing).await {
            sessions.insert(session.node.clone(), session);
            outcomes.extend(done);
        }
        outcomes
    }

    /// Takes the sessions of a batch's nodes; the changes of a node without one fail.
    fn take(
        &self,
        batch: &[RolloutStep],
        sessions: &mut Sessions,
    ) -> (Vec<(DesiredService, Session)>, Outcomes) {
        let (mut work, mut outcomes) = (Vec::new(), Outcomes::new());
        for step in batch {
            match (service_of(&self.graph, &step.node), sessions.remove(&step.node)) {
                (Some(service), Some(session)) => work.push((service, session)),
                (_, session) => {
                    sessions.extend(session.map(|session| (step.node.clone(), session)));
                    let words = "there is no connection to it, or no service in the manifest".to_owned();
                    outcomes.extend(all(&self.rolled(&step.node), &Outcome::Failed(words)));
                }
            }
        }
        (work, outcomes)
    }

    /// How a node goes down, from what was seen at the gate.
    fn way_down(&self, node: &NodeName, seen: &Seen) -> Down {
        let fleet = Fleet::of(&self.graph, &self.observations);
        let Some(Ok(rows)) = &seen.members else { return Down::Stopped };
        let is_alone = rows.iter().filter(|row| !row.is_gone()).count() < 2;
        let Some(row) = fleet.row(node, rows) else { return Down::Stopped };
        if is_alone || crate::gate::needs_no_drain(node, &fleet, seen) {
            return Down::Stopped;
        }
        let version = |text: &str| text.parse::<Version>().ok();
        let running = row.build.as_deref().and_then(version).or_else(|| version(&self.graph.version));
        running.map_or(Down::Stopped, Down::Drained)
    }

    /// Runs `hooks.before_node` for every node of a batch, before any of them is touched. Returns the nodes for which
    /// it ran, for which `hooks.after_node` shall run too.
    async fn run_before_hooks<'b>(
        &self,
        batch: &'b [RolloutStep],
        stopped: &str,
    ) -> (Vec<&'b RolloutStep>, BatchEnd) {
        let mut end = BatchEnd { outcomes: Outcomes::new(), halted: None };
        let mut ran = Vec::new();
        for step in batch {
            let Some(command) = &self.graph.hooks.before_node else {
                ran.push(step);
                continue;
            };
            ran.push(step);
            let why = match self.hook(Hook::BeforeNode, command, &self.occasion(step, None)).await {
                HookEnd::Ok => continue,
                HookEnd::Interrupted => {
                    end.outcomes = self.all(batch, &Outcome::Skipped(INTERRUPTED.to_owned()));
                    end.halted = Some(INTERRUPTED.to_owned());
                    break;
                }
                HookEnd::Failed(why) => why,
            };
            let others = Outcome::Skipped(stopped.to_owned());
            end.outcomes = self.all(batch, &others);
            let words = format!("hooks.before_node {why}; {} was not touched", step.node);
            end.outcomes.extend(all(&self.rolled(&step.node), &Outcome::Failed(words)));
            end.halted = Some(stopped.to_owned());
            break;
        }
        (ran, end)
    }

    /// Runs `hooks.after_node` for nodes, also for those that failed. Returns why the rollout cannot go on if one fails.
    async fn run_after_hooks(
        &self,
        ran: &[&RolloutStep],
        outcomes: &Outcomes,
        ledger: &mut Ledger,
    ) -> Option<String> {
        let command = self.graph.hooks.after_node.as_ref()?;
        let mut halted = None;
        for step in ran {
            let is_well = outcomes
                .iter()
                .filter(|(addr, _)| addr.node() == Some(&step.node))
                .all(|(_, (outcome, _))| *outcome == Outcome::Converged);
            let end = self.hook(Hook::AfterNode, command, &self.occasion(step, Some(is_well))).await;
            if let HookEnd::Failed(why) = end {
                let words = format!("hooks.after_node of {} {why}", step.node);
                self.tell(Event::Node { node: step.node.clone(), what: words.clone() });
                ledger.failures.push(words.clone());
                halted = Some(words);
            }
        }
        halted
    }

    fn occasion(&self, step: &RolloutStep, result: Option<bool>) -> Occasion {
        let reasons: BTreeMap<String, &'static str> = self
            .plan
            .changes
            .iter()
            .filter(|change| step.because.contains(&change.addr))
            .map(|change| (change.addr.local(), cause(change.cause)))
            .collect();
        let reason: Vec<String> = reasons.iter().map(|(addr, cause)| format!("{addr}: {cause}")).collect();
        let impact = if step.impact == Impact::Restart { "restart" } else { "reload" };
        Occasion {
            cluster: self.graph.cluster.to_string(),
            node: step.node.clone(),
            reason: reason.join("; "),
            impact,
            result,
        }
    }

    /// Lets nodes run for a while before the next ones are stopped, unless nobody wants to go on.
    pub(super) async fn settle(&self, batch: &[RolloutStep]) {
        let (time, began) = (Duration::from_secs(self.graph.rollout.settle), Instant::now());
        if batch.iter().all(|step| step.impact != Impact::Restart) {
            return;
        }
        let mut teller = Teller::new(&batch[0].node, &self.events);
        while let Some(rest) = time.checked_sub(began.elapsed()).filter(|rest| !rest.is_zero()) {
            if *self.stop.borrow() {
                return;
            }
            teller.waits("rollout.settle", rest);
            self.rest(rest.min(Duration::from_secs(5))).await;
        }
    }
}

fn cannot_be_asked(node: &NodeName, why: &str) -> String {
    format!("{node} was not touched, because nobody could see whether it becomes ready again: {why}")
}

const fn cause(cause: crdbctl_model::Cause) -> &'static str {
    use crdbctl_model::Cause;
    match cause {
        Cause::Manifest => "manifest changed",
        Cause::ManifestAndDrift => "manifest and host changed",
        Cause::Drift => "drift",
        Cause::Differs => "differs",
        Cause::Expiry => "expiry",
        Cause::Missing => "missing",
        Cause::Unfinished => "unfinished",
        Cause::Rotation => "rotation",
        Cause::Surplus => "surplus",
    }
}

fn nodes_of(batch: &[RolloutStep]) -> BTreeSet<NodeName> {
    batch.iter().map(|step| step.node.clone()).collect()
}

fn names(nodes: &BTreeSet<NodeName>) -> String {
    nodes.iter().map(NodeName::as_str).collect::<Vec<_>>().join(" and ")
}
