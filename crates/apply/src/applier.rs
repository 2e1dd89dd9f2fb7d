use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crdbctl_model::{
    Change, Desired, DesiredService, Event, Impact, NodeName, NodeOutcome, Observations, Outcome, Plan,
    ResourceAddr, ResourceGraph, RunSummary, Timestamp,
};
use crdbctl_pki::AuthorityDirectory;
use crdbctl_probe::HealthGoal;
use crdbctl_transport::Connection;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::error::ApplyError;
use crate::issue::Issuer;
use crate::run::Run;
use crate::session::{Outcomes, Session};
use crate::work::NodeWork;
use crate::{authority, converge, init, verify, wait};

/// How many archives travel at once; more would only share the same uplink.
const UPLOADS: usize = 4;

/// Everything that applying a plan needs.
#[derive(Debug)]
pub struct Applier {
    /// The desired state that the plan was made from.
    pub graph: Arc<ResourceGraph>,
    /// What shall be done.
    pub plan: Plan,
    /// What the plan was made from.
    pub observations: Observations,
    /// A connection to every node that was read.
    pub connections: BTreeMap<NodeName, Connection>,
    /// The authority's directory on this host.
    pub authority: PathBuf,
    /// The release archive on this host, by architecture.
    pub archives: BTreeMap<String, PathBuf>,
    /// Who applies.
    pub run: Run,
    /// Whom to tell what happens.
    pub events: UnboundedSender<Event>,
    /// Turns true when the run shall end after the step in hand.
    pub stop: watch::Receiver<bool>,
    /// The clock of this host.
    pub clock: fn() -> Timestamp,
}

impl Applier {
    /// Applies the plan: takes every node's lock, sees that nothing changed since the plan, then acts,
    /// reads back, compares, and records.
    ///
    /// A change that fails takes with it those that rest on it and no others; the summary tells of each.
    ///
    /// # Errors
    /// When it did not begin; nothing was changed then.
    pub async fn apply(mut self) -> Result<RunSummary, ApplyError> {
        let began = Instant::now();
        let mut sessions = self.open_sessions().await?;
        let result = self.apply_in(&mut sessions, began).await;
        for session in sessions.into_values() {
            session.close().await;
        }
        let summary = result?;
        // Nobody listening is no reason to fail.
        let _ = self.events.send(Event::Done(summary.clone()));
        Ok(summary)
    }

    async fn apply_in(
        &mut self,
        sessions: &mut BTreeMap<NodeName, Session>,
        began: Instant,
    ) -> Result<RunSummary, ApplyError> {
        verify::unchanged(&self.graph, &self.plan, &self.observations, &self.authority, sessions).await?;
        let is_init = |change: &Change| matches!(change.desired, Some(Desired::Init(_)));
        for change in
            self.plan.changes.iter().filter(|change| change.addr.node().is_none() && !is_init(change))
        {
            self.tell_started(change);
        }
        let (authority, mut outcomes) = authority::make(&self.plan, &self.authority, (self.clock)());
        self.tell_finished(&outcomes);
        let issuer = Issuer::new(authority.as_ref().map(AuthorityDirectory::authority), (self.clock)());
        let works = self.works(sessions, &issuer, &outcomes)?;
        outcomes.extend(self.work_on_all(sessions, works).await);
        self.roll_out(sessions, &issuer, &mut outcomes).await;
        self.initialise(sessions, &issuer, &mut outcomes).await;
        let converged = converge::check(self, sessions, &outcomes).await;
        for (addr, words) in converged {
            outcomes.insert(addr, (Outcome::Failed(words), 0));
        }
        Ok(self.summary(outcomes, began))
    }

    async fn open_sessions(&mut self) -> Result<BTreeMap<NodeName, Session>, ApplyError> {
        let mut opening = JoinSet::new();
        for node in self.plan.basis.nodes.keys() {
            let connection = self
                .connections
                .get(node)
                .cloned()
                .ok_or_else(|| ApplyError::NotConnected { node: node.clone() })?;
            let (cluster, run, events) = (self.graph.cluster.clone(), self.run.clone(), self.events.clone());
            opening.spawn(Session::open(node.clone(), cluster, run, connection, events));
        }
        let mut sessions = BTreeMap::new();
        let mut refused: Option<ApplyError> = None;
        while let Some(opened) = opening.join_next().await {
            match opened {
                Ok(Ok(session)) => {
                    sessions.insert(session.node.clone(), session);
                }
                // A lock that is held explains more than whatever else went wrong.
                Ok(Err(error)) if refused.is_none() || matches!(error, ApplyError::Locked { .. }) => {
                    refused = Some(error);
                }
                Ok(Err(_)) => {}
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        match refused {
            None => Ok(sessions),
            Some(error) => {
                for session in sessions.into_values() {
                    session.close().await;
                }
                Err(error)
            }
        }
    }

    /// What each node does beside the others. A node that is reloaded or restarted only makes ready here.
    fn works(
        &self,
        sessions: &BTreeMap<NodeName, Session>,
        issuer: &Issuer<'_>,
        done: &Outcomes,
    ) -> Result<Vec<NodeWork>, ApplyError> {
        let failed = failed(done);
        sessions
            .keys()
            .filter_map(|node| {
                let rolls = self.rolls(node);
                let changes: Vec<&Change> =
                    self.of_node(node).filter(|change| !rolls || NodeWork::is_preparation(change)).collect();
                (!changes.is_empty())
                    .then(|| NodeWork::new(node, &changes, issuer, &failed, &self.archives, &self.graph))
            })
            .collect()
    }

    async fn work_on_all(
        &self,
        sessions: &mut BTreeMap<NodeName, Session>,
        works: Vec<NodeWork>,
    ) -> Outcomes {
        let uploads = Arc::new(Semaphore::new(UPLOADS));
        let mut working = JoinSet::new();
        for work in works {
            let Some(mut session) = sessions.remove(&work.node) else { continue };
            let (uploads, stop) = (Arc::clone(&uploads), self.stop.clone());
            for addr in work.addrs() {
                if let Some(change) = self.plan.changes.iter().find(|change| change.addr == *addr) {
                    self.tell_started(change);
                }
            }
            working.spawn(async move {
                let outcomes = work.run(&mut session, &uploads, &stop).await;
                (session, outcomes)
            });
        }
        let mut all = Outcomes::new();
        while let Some(worked) = working.join_next().await {
            match worked {
                Ok((session, outcomes)) => {
                    self.tell_finished(&outcomes);
                    all.extend(outcomes);
                    sessions.insert(session.node.clone(), session);
                }
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        all
    }

    /// Reloads and restarts, one node after the other, each behind the gate. The first that fails ends it.
    async fn roll_out(
        &mut self,
        sessions: &mut BTreeMap<NodeName, Session>,
        issuer: &Issuer<'_>,
        outcomes: &mut Outcomes,
    ) {
        let mut halted: Option<String> = None;
        let steps = self.plan.rollout.clone();
        for (index, step) in steps.iter().enumerate() {
            let changes: Vec<Change> = self
                .of_node(&step.node)
                .filter(|change| !NodeWork::is_preparation(change))
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
        sessions: &mut BTreeMap<NodeName, Session>,
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
    async fn others_are_ready(
        &self,
        sessions: &mut BTreeMap<NodeName, Session>,
        node: &NodeName,
    ) -> Result<(), String> {
        let timeout = Duration::from_secs(self.graph.rollout.health_timeout);
        for other in self.graph.nodes.keys().filter(|other| *other != node) {
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

    /// Waits until every started node is where it should be, and initialises the cluster if every node waits for it.
    async fn initialise(
        &self,
        sessions: &mut BTreeMap<NodeName, Session>,
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
        let wait_for: Vec<NodeName> =
            if init.is_some() { self.graph.nodes.keys().cloned().collect() } else { started };
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
            Outcome::Skipped("the run was interrupted".to_owned())
        } else {
            let (ready, failures) = self.wait_all(sessions, &wait_for, goal).await;
            for (node, why) in &failures {
                self.fail_service(node, why, outcomes);
            }
            if let Some((node, why)) = failures.into_iter().next() {
                Outcome::Skipped(format!("{node}: {why}"))
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

    async fn initialise_through(
        &self,
        sessions: &mut BTreeMap<NodeName, Session>,
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
        sessions: &mut BTreeMap<NodeName, Session>,
        nodes: &[NodeName],
        goal: HealthGoal,
    ) -> (bool, Vec<(NodeName, String)>) {
        let timeout = Duration::from_secs(self.graph.rollout.health_timeout);
        let mut waiting = JoinSet::new();
        let mut failures = Vec::new();
        for node in nodes {
            let (Some(service), Some(mut session)) = (service_of(&self.graph, node), sessions.remove(node))
            else {
                failures.push((node.clone(), "there is no connection to it".to_owned()));
                continue;
            };
            let stop = self.stop.clone();
            waiting.spawn(async move {
                let health = wait::health(&mut session, &service, goal, timeout, &stop).await;
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

    fn fail_service(&self, node: &NodeName, why: &str, outcomes: &mut Outcomes) {
        let service = self.graph.of_node(node).find(|r| matches!(r.desired, Desired::Service(_)));
        if let Some(service) = service
            && let Some((outcome, _)) = outcomes.get_mut(&service.addr)
        {
            *outcome = Outcome::Failed(format!("started, and not well: {why}"));
        }
    }

    /// Whether the cluster was known to be initialised when the plan was made.
    pub(crate) fn is_initialised(&self) -> bool {
        matches!(
            crdbctl_probe::observe_init(&self.graph, &self.observations.nodes),
            crdbctl_model::Observed::Present(_)
        )
    }

    fn rolls(&self, node: &NodeName) -> bool {
        self.plan.rollout.iter().any(|step| step.node == *node)
    }

    fn of_node<'a>(&'a self, node: &'a NodeName) -> impl Iterator<Item = &'a Change> {
        self.plan.changes.iter().filter(move |change| change.addr.node() == Some(node))
    }

    fn tell(&self, event: Event) {
        // Nobody listening is no reason to stop.
        let _ = self.events.send(event);
    }

    fn tell_started(&self, change: &Change) {
        self.tell(Event::Started { addr: change.addr.clone(), action: change.action });
    }

    fn tell_finished(&self, outcomes: &Outcomes) {
        for (addr, (outcome, milliseconds)) in outcomes {
            self.tell(Event::Finished {
                addr: addr.clone(),
                outcome: outcome.clone(),
                milliseconds: *milliseconds,
            });
        }
    }

    fn summary(&self, outcomes: Outcomes, began: Instant) -> RunSummary {
        let mut nodes: BTreeMap<Option<NodeName>, Vec<(ResourceAddr, Outcome)>> = BTreeMap::new();
        for change in &self.plan.changes {
            let outcome = outcomes.get(&change.addr).map_or_else(
                || Outcome::Skipped("it was not reached".to_owned()),
                |(outcome, _)| outcome.clone(),
            );
            nodes.entry(change.addr.node().cloned()).or_default().push((change.addr.clone(), outcome));
        }
        RunSummary {
            nodes: nodes.into_iter().map(|(node, changes)| NodeOutcome { node, changes }).collect(),
            milliseconds: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// The changes that did not converge.
fn failed(outcomes: &Outcomes) -> BTreeSet<ResourceAddr> {
    outcomes
        .iter()
        .filter(|(_, (outcome, _))| *outcome != Outcome::Converged)
        .map(|(addr, _)| addr.clone())
        .collect()
}

/// The service that a node shall run.
pub(crate) fn service_of(graph: &ResourceGraph, node: &NodeName) -> Option<DesiredService> {
    graph.of_node(node).find_map(|resource| match &resource.desired {
        Desired::Service(service) => Some(service.clone()),
        _ => None,
    })
}
