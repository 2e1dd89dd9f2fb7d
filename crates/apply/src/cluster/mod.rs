//! Changes that concern the cluster and no single node: settings, the finalisation of a version, members that leave.
//!
//! All are called once a run, with every lock held: [`Applier::change_cluster_before_rollout`] before the first node is
//! started, reloaded or restarted, [`Applier::replace_members_before_rollout`] when nodes that were down are started,
//! [`Applier::change_cluster_after_rollout`] when the last one is well again and the cluster is
//! initialised. Each puts an outcome for every change that it makes into `outcomes`; one that is not
//! [`Outcome::Converged`] before the rollout keeps it from beginning.

mod facts;
mod leaving;
mod members;
mod setting;
mod through;
mod version;

use std::collections::BTreeSet;
use std::time::Instant;

use crdbctl_cockroach::members::MemberAddresses;
use crdbctl_model::{Change, Desired, Fact, Finalize, Outcome, ResourceAddr};
use crdbctl_probe::HealthGoal;

pub(crate) use facts::observe;

use crate::applier::{Applier, failed};
use crate::issue::Issuer;
use crate::session::Outcomes;
use crate::sessions::Sessions;
use through::Through;

impl Applier {
    /// Makes the changes that must be in place before a node is restarted: finalisation is held back.
    pub(crate) async fn change_cluster_before_rollout(
        &self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        outcomes: &mut Outcomes,
    ) {
        for change in self.plan.changes.iter().filter(|change| is_hold(change)) {
            self.change_cluster(change, sessions, issuer, outcomes).await;
        }
    }

    /// Decommissions the dead members whose place nodes have taken that lost their data, before other nodes are restarted: these
    /// find the ranges whole then. It waits until after the rollout when that has yet to make a node ready.
    pub(crate) async fn replace_members_before_rollout(
        &self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        outcomes: &mut Outcomes,
    ) {
        let replacing = self.plan.changes.iter().find_map(|change| match (&change.desired, &change.before) {
            (Some(Desired::Members(desired)), Some(Fact::Members(found)))
                if !desired.replaced.is_empty() && !self.plan.rollout.is_empty() =>
            {
                Some((change, desired, found))
            }
            _ => None,
        });
        let Some((change, desired, found)) = replacing else { return };
        // Afterwards it is skipped for that reason.
        if *self.stop.borrow() || failed(outcomes).iter().any(|addr| change.depends_on.contains(addr)) {
            return;
        }
        let nobody = BTreeSet::new();
        let seen = self.look(sessions, issuer, &nobody, &nobody, HealthGoal::Ready).await;
        let is_ready = |node| seen.health.get(node).is_some_and(|health| HealthGoal::Ready.is_met_by(health));
        if !self.plan.rollout.iter().all(|step| is_ready(&step.node)) {
            return;
        }
        if members::only_replaces(desired, found, &MemberAddresses::of(&self.graph, &self.observations)) {
            return self.change_cluster(change, sessions, issuer, outcomes).await;
        }
        let replaced = match Through::find(self, sessions, issuer).await {
            Ok(through) => members::replace(self, &through, sessions, issuer, desired).await,
            Err(why) => Err(why),
        };
        if let Err(why) = replaced {
            let failed = Outcomes::from([(change.addr.clone(), (Outcome::Failed(why), 0))]);
            self.tell_finished(&failed);
            outcomes.extend(failed);
        }
    }

    /// Makes the changes that rest on every node being well, in the plan's order. Each stands for itself: one that fails
    /// takes with it those that rest on it.
    pub(crate) async fn change_cluster_after_rollout(
        &self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        outcomes: &mut Outcomes,
    ) {
        let ours = |change: &&Change| {
            matches!(change.desired, Some(Desired::Setting(_) | Desired::Members(_) | Desired::Version(_)))
                && !is_hold(change)
        };
        // One that was made before the rollout is done.
        let made: BTreeSet<ResourceAddr> = outcomes.keys().cloned().collect();
        let ours = |change: &&Change| ours(change) && !made.contains(&change.addr);
        for change in self.plan.changes.iter().filter(ours) {
            self.change_cluster(change, sessions, issuer, outcomes).await;
        }
    }

    async fn change_cluster(
        &self,
        change: &Change,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        outcomes: &mut Outcomes,
    ) {
        let lost = failed(outcomes).into_iter().find(|addr| change.depends_on.contains(addr));
        let began = Instant::now();
        let outcome = match lost {
            Some(lost) => Outcome::Skipped(format!("{lost} failed")),
            None if *self.stop.borrow() => Outcome::Skipped("the run was interrupted".to_owned()),
            None => {
                self.tell_started(change);
                match self.make_cluster_change(change, sessions, issuer).await {
                    Ok(()) => Outcome::Converged,
                    Err(why) => Outcome::Failed(why),
                }
            }
        };
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let done = Outcomes::from([(change.addr.clone(), (outcome, took))]);
        self.tell_finished(&done);
        outcomes.extend(done);
    }

    async fn make_cluster_change(
        &self,
        change: &Change,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
    ) -> Result<(), String> {
        let through = Through::find(self, sessions, issuer).await?;
        match (&change.desired, &change.before) {
            (Some(Desired::Setting(desired)), _) => setting::set(&through, sessions, desired).await,
            (Some(Desired::Members(desired)), Some(Fact::Members(found))) => {
                members::change(self, &through, sessions, issuer, desired, found).await
            }
            (Some(Desired::Version(_)), Some(Fact::Version(found))) if is_hold(change) => {
                version::hold(&through, sessions, found).await
            }
            (Some(Desired::Version(desired)), Some(Fact::Version(found))) => {
                version::finalise(self, &through, sessions, desired, found).await
            }
            _ => Err("nothing is known of how to change it".to_owned()),
        }
    }
}

/// Whether a change holds finalisation back: with `manual`, nothing else is planned for the version.
fn is_hold(change: &Change) -> bool {
    matches!(&change.desired, Some(Desired::Version(desired)) if desired.finalize == Finalize::Manual)
}
