use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crdbctl_model::NodeName;
use crdbctl_probe::HealthGoal;

use super::fleet::Fleet;
use super::judge::{Gate, Open};
use super::look::Seen;
use super::obstacle::Obstacle;
use super::teller::{Teller, left};
use crate::applier::Applier;
use crate::issue::Issuer;
use crate::sessions::Sessions;

/// How long to wait between two looks.
const BEAT: Duration = Duration::from_secs(2);

/// How often to look in the pause between the two looks that count.
const BEAT_BETWEEN: Duration = Duration::from_secs(5);

/// How long a drained node may be kept waiting for others that do not answer.
const HURRY: Duration = Duration::from_secs(10);

/// When the ranges were first seen whole in an unbroken run of looks; kept from gate to gate, forgotten when a
/// node is disrupted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Readings {
    whole_since: Option<Instant>,
}

impl Readings {
    /// Forgets what was seen: it is not so any more.
    pub(crate) fn forget(&mut self) {
        self.whole_since = None;
    }
}

/// Why a gate was not passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Somebody wants the run to end.
    Interrupted,
    /// It did not open, and what to do about it.
    Shut(String),
}

impl Applier {
    /// Waits until a gate opens, and returns what was seen then.
    ///
    /// # Errors
    /// When it does not within `rollout.health_timeout`, or the run is interrupted.
    pub(crate) async fn pass(
        &self,
        gate: Gate<'_>,
        lead: &NodeName,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        readings: &mut Readings,
    ) -> Result<Seen, Closed> {
        let fleet =
            Fleet::of(&self.graph, &self.observations).of_part(&self.graph, &self.plan).replacing(&self.plan);
        let goal = self.goal();
        let timeout = Duration::from_secs(self.graph.rollout.health_timeout);
        let pause = Duration::from_secs(self.graph.rollout.ranges_pause);
        let nodes: &BTreeSet<NodeName> = match gate {
            Gate::Before { going, .. } | Gate::Stop { going, .. } => going,
            Gate::After { came, .. } => came,
        };
        let began = Instant::now();
        let mut teller = Teller::new(lead, &self.events);
        loop {
            if *self.stop.borrow() {
                return Err(Closed::Interrupted);
            }
            let seen = self.look(sessions, issuer, nodes, &BTreeSet::new(), goal).await;
            let wait = match gate.judge(&fleet, &seen, goal) {
                Ok(Open::NothingToLose) => return Ok(seen),
                // Nothing is counted before there is a cluster.
                Ok(Open::Well) if seen.members.is_none() => return Ok(seen),
                Ok(Open::WithoutRanges) => {
                    readings.forget();
                    return Ok(seen);
                }
                Ok(Open::Well) => {
                    let is_second = readings.whole_since.is_some();
                    let since = *readings.whole_since.get_or_insert_with(Instant::now);
                    let rest = pause.saturating_sub(since.elapsed());
                    if is_second && rest.is_zero() {
                        return Ok(seen);
                    }
                    if !rest.is_zero() {
                        teller.waits("the ranges are whole; they are looked at once more", rest);
                    }
                    rest.min(BEAT_BETWEEN)
                }
                Err(obstacle) => {
                    readings.forget();
                    let spent = began.elapsed();
                    let Some(rest) = timeout.checked_sub(spent).filter(|_| !obstacle.is_final()) else {
                        return Err(Closed::Shut(format!(
                            "the gate {} did not open within {}: {obstacle}. Next: {}{}",
                            named(gate),
                            left(spent),
                            obstacle.advice(),
                            without(gate),
                        )));
                    };
                    teller.waits(&obstacle.to_string(), rest);
                    BEAT.min(rest)
                }
            };
            self.rest(wait).await;
        }
    }

    /// Looks once more, when nodes are drained, whether the others can still do without them. What is only slow to answer
    /// has a few seconds.
    ///
    /// # Errors
    /// What speaks against it now.
    pub(crate) async fn still_open(
        &self,
        going: &BTreeSet<NodeName>,
        excused: &BTreeSet<NodeName>,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
    ) -> Result<(), Obstacle> {
        let fleet = Fleet::of(&self.graph, &self.observations).replacing(&self.plan);
        // Where nobody else is, nobody takes over.
        if fleet.nodes.iter().all(|node| going.contains(node)) {
            return Ok(());
        }
        let (goal, began) = (self.goal(), Instant::now());
        loop {
            let seen = self.look(sessions, issuer, going, going, goal).await;
            match (Gate::Stop { going, excused }).judge(&fleet, &seen, goal) {
                Ok(_) => return Ok(()),
                Err(obstacle) if obstacle.is_final() || began.elapsed() >= HURRY => return Err(obstacle),
                Err(_) => tokio::time::sleep(BEAT).await,
            }
        }
    }

    /// Rests, unless somebody wants the run to end.
    pub(crate) async fn rest(&self, time: Duration) {
        let mut stop = self.stop.clone();
        let stopped = async {
            // An end of the sender without a stop leaves the pause as it is.
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        // Either way the caller looks at the flag again.
        let _ = tokio::time::timeout(time, stopped).await;
    }

    /// The health that a node can have at best: before the cluster is initialised, none is ready.
    pub(crate) fn goal(&self) -> HealthGoal {
        match crdbctl_probe::observe_init(&self.graph, &self.observations.nodes) {
            crdbctl_model::Observed::Absent => HealthGoal::ReadyOrWaitingForInit,
            _ => HealthGoal::Ready,
        }
    }
}

fn named(gate: Gate<'_>) -> String {
    let list =
        |nodes: &BTreeSet<NodeName>| nodes.iter().map(NodeName::as_str).collect::<Vec<_>>().join(" and ");
    match gate {
        Gate::Before { going, .. } | Gate::Stop { going, .. } => format!("before {}", list(going)),
        Gate::After { came, .. } => format!("after {}", list(came)),
    }
}

/// How to go on without a gate, where that can be said.
fn without(gate: Gate<'_>) -> String {
    let Gate::Before { going, .. } = gate else { return String::new() };
    let options: Vec<String> = going.iter().map(|node| format!("--force-gate {node}")).collect();
    format!("; {} would go on without it", options.join(" "))
}
