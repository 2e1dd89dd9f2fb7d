use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crdbctl_model::{
    Action, ArchiveInfo, Cause, Change, Desired, DesiredService, Digest, Event, Impact, NodeName,
    Observations, Outcome, Phase, Plan, ResourceAddr, ResourceGraph, RunSummary, Timestamp,
};
use crdbctl_pki::AuthorityDirectory;
use crdbctl_probe::Operator;
use crdbctl_transport::Connection;
use secrecy::SecretString;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use crate::error::ApplyError;
use crate::issue::Issuer;
use crate::run::Run;
use crate::session::Outcomes;
use crate::sessions::Sessions;
use crate::{authority, converge, verify};

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
    /// What opens the authority's key; `None` when it is not encrypted or [not needed](crate::needs_authority_key).
    pub passphrase: Option<SecretString>,
    /// The release archive on this host, by architecture.
    pub archives: BTreeMap<String, PathBuf>,
    /// What the archives hold and the digest of where the manifest has them from, by architecture: for the nodes' records.
    pub indexes: BTreeMap<String, (Digest, ArchiveInfo)>,
    /// Whether the plan was made to delete the data of nodes that leave.
    pub delete_data: bool,
    /// Who applies.
    pub run: Run,
    /// Nodes whose gates are skipped because somebody said so.
    pub force_gates: BTreeSet<NodeName>,
    /// The manifest's directory, where hooks run.
    pub directory: PathBuf,
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
        self.tell(Event::Phase { node: None, phase: Phase::Locking });
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

    async fn apply_in(&mut self, sessions: &mut Sessions, began: Instant) -> Result<RunSummary, ApplyError> {
        let here = (self.authority.as_path(), (self.clock)());
        self.tell(Event::Phase { node: None, phase: Phase::Comparing });
        verify::unchanged(&self.graph, &self.plan, &self.observations, here, sessions).await?;
        // Before anything is changed: what is then signed anew, not every node may trust yet.
        let operator = Operator::at_hand(&self.authority, self.passphrase.as_ref(), (self.clock)());
        if self.asks_cockroach()
            && let Err(why) = &operator
        {
            return Err(ApplyError::NoOperator { why: why.clone() });
        }
        let of_this_host = |change: &&Change| {
            matches!(change.desired, Some(Desired::Authority(_) | Desired::ClientCertificate(_)))
        };
        for change in self.plan.changes.iter().filter(of_this_host) {
            self.tell_started(change);
        }
        let (authority, mut outcomes) =
            authority::make(&self.plan, &self.authority, self.passphrase.as_ref(), (self.clock)());
        self.tell_finished(&outcomes);
        let authority = authority.as_ref().map(AuthorityDirectory::authority).map_err(Clone::clone);
        let issuer = Issuer::new(authority, (self.clock)()).speaking_as(operator.as_ref().ok());
        // Before nodes that are down start with another version, too.
        self.change_cluster_before_rollout(sessions, &issuer, &mut outcomes).await;
        let works = self.works(sessions, &issuer, &outcomes)?;
        // A node that starts joins those that run, which accept nobody before they have their new certificates.
        let waits_for_reloads = !self.cut_off().is_empty();
        let (at_once, afterwards): (Vec<_>, Vec<_>) =
            works.into_iter().partition(|work| !waits_for_reloads || self.rolls(&work.node));
        outcomes.extend(self.work_on_all(sessions, at_once).await);
        // Where nodes wait to be started, nobody could be asked: no member is known to be dead.
        if !waits_for_reloads {
            self.replace_members_before_rollout(sessions, &issuer, &mut outcomes).await;
        }
        let mut ledger = self.roll_out(sessions, &issuer, &mut outcomes).await;
        // They would join nodes that may accept nobody: what is left undone is told below.
        if ledger.halted.is_none() {
            outcomes.extend(self.work_on_all(sessions, afterwards).await);
        }
        self.initialise(sessions, &issuer, &mut outcomes).await;
        match &ledger.halted {
            None => {
                self.change_cluster_after_rollout(sessions, &issuer, &mut outcomes).await;
                self.remove(sessions, &issuer, &mut outcomes).await;
            }
            Some(why) => {
                let left = unreached(&self.plan, &outcomes, why);
                self.tell_finished(&left);
                outcomes.extend(left);
            }
        }
        self.tell(Event::Phase { node: None, phase: Phase::ReadingBack });
        let converged = converge::check(self, sessions, &outcomes, &mut ledger).await;
        // They were told as made: the summary must not be the first to say otherwise.
        let failed: Outcomes =
            converged.into_iter().map(|(addr, words)| (addr, (Outcome::Failed(words), 0))).collect();
        self.tell_finished(&failed);
        outcomes.extend(failed);
        Ok(self.summary(outcomes, ledger, began))
    }

    /// Whether the cluster was known to be initialised when the plan was made.
    pub(crate) fn is_initialised(&self) -> bool {
        matches!(
            crdbctl_probe::observe_init(&self.graph, &self.observations.nodes),
            crdbctl_model::Observed::Present(_)
        )
    }

    /// The nodes that run with certificates that nobody accepts, where that kept the cluster from being asked. They are
    /// reloaded, and nobody is asked before.
    pub(crate) fn cut_off(&self) -> BTreeSet<NodeName> {
        crdbctl_planner::cut_off(&self.graph, &self.observations, self.observations.taken_at)
    }

    /// Whether client commands are run with an authority that is there already.
    fn asks_cockroach(&self) -> bool {
        let is_made = |change: &Change| {
            matches!(change.desired, Some(Desired::Authority(_)))
                && (change.action == Action::Create || change.cause == Cause::Expiry)
        };
        let asks = |change: &Change| {
            matches!(
                change.desired,
                Some(Desired::Init(_) | Desired::Setting(_) | Desired::Members(_) | Desired::Version(_))
            )
        };
        let restarts = self.plan.rollout.iter().any(|step| step.impact == Impact::Restart);
        let asks_to_roll = restarts || self.cut_off().is_empty();
        let rolls = !self.plan.rollout.is_empty() && self.is_initialised() && asks_to_roll;
        !self.plan.changes.iter().any(is_made) && (rolls || self.plan.changes.iter().any(asks))
    }

    pub(crate) fn rolls(&self, node: &NodeName) -> bool {
        self.plan.rollout.iter().any(|step| step.node == *node)
    }

    pub(crate) fn of_node<'a>(&'a self, node: &'a NodeName) -> impl Iterator<Item = &'a Change> {
        self.plan.changes.iter().filter(move |change| change.addr.node() == Some(node))
    }

    pub(crate) fn tell(&self, event: Event) {
        // Nobody listening is no reason to stop.
        let _ = self.events.send(event);
    }

    pub(crate) fn tell_started(&self, change: &Change) {
        self.tell(Event::Started { addr: change.addr.clone(), action: change.action });
    }

    /// Tells what things came to, in the plan's order: the order in which they were done.
    pub(crate) fn tell_finished(&self, outcomes: &Outcomes) {
        let planned = self.plan.changes.iter().map(|change| &change.addr);
        let known: BTreeSet<&ResourceAddr> = planned.clone().collect();
        let others = outcomes.keys().filter(|addr| !known.contains(addr));
        for addr in planned.chain(others) {
            if let Some((outcome, milliseconds)) = outcomes.get(addr) {
                self.tell(Event::Finished {
                    addr: addr.clone(),
                    outcome: outcome.clone(),
                    milliseconds: *milliseconds,
                });
            }
        }
    }
}

/// The changes that did not converge.
pub(crate) fn failed(outcomes: &Outcomes) -> BTreeSet<ResourceAddr> {
    outcomes
        .iter()
        .filter(|(_, (outcome, _))| *outcome != Outcome::Converged)
        .map(|(addr, _)| addr.clone())
        .collect()
}

/// What a rollout that ended early leaves undone: finalisation, members that leave and removals cannot be taken back.
fn unreached(plan: &Plan, outcomes: &Outcomes, why: &str) -> Outcomes {
    plan.changes
        .iter()
        .filter(|change| !outcomes.contains_key(&change.addr))
        .map(|change| (change.addr.clone(), (Outcome::Skipped(why.to_owned()), 0)))
        .collect()
}

/// The service that a node shall run.
pub(crate) fn service_of(graph: &ResourceGraph, node: &NodeName) -> Option<DesiredService> {
    graph.of_node(node).find_map(|resource| match &resource.desired {
        Desired::Service(service) => Some(service.clone()),
        _ => None,
    })
}
