//! The rollout: nodes that are reloaded or restarted, in the plan's order, each batch behind its gates.
//!
//! `batch` goes through one batch: hooks, gate, nodes, gate, hooks, pause. `node` restarts one node or tells it to read its
//! certificates again, `drain` empties it first. `ledger` keeps what the run's end tells of it.

mod batch;
mod drain;
mod ledger;
mod node;
mod startable;

use std::collections::BTreeSet;

use crdbctl_model::{Change, NodeName, Outcome, RolloutStep};

use crate::applier::{Applier, failed};
use crate::gate::Readings;
use crate::issue::Issuer;
use crate::session::Outcomes;
use crate::sessions::Sessions;
use crate::work::NodeWork;

pub(crate) use ledger::Ledger;

/// What becomes of changes that an interrupted run did not come to.
pub(crate) const INTERRUPTED: &str = "the run was interrupted";

impl Applier {
    /// Reloads and restarts, one batch after the other, each behind its gates. The first that fails ends it and leaves
    /// the other nodes alone.
    pub(crate) async fn roll_out(
        &self,
        sessions: &mut Sessions,
        issuer: &Issuer<'_>,
        outcomes: &mut Outcomes,
    ) -> Ledger {
        let mut ledger = Ledger::default();
        let mut readings = Readings::default();
        let steps = &self.plan.rollout;
        let batches: Vec<&[RolloutStep]> = steps.chunk_by(|one, next| one.batch == next.batch).collect();
        for (index, batch) in batches.iter().enumerate() {
            if *self.stop.borrow() {
                ledger.halted = Some(INTERRUPTED.to_owned());
            } else if !failed(outcomes).is_empty() && ledger.halted.is_none() {
                ledger.halted = Some("something failed before, so nothing is disrupted".to_owned());
            }
            if let Some(why) = &ledger.halted {
                let skipped = self.all(batch, &Outcome::Skipped(why.clone()));
                self.tell_finished(&skipped);
                outcomes.extend(skipped);
                continue;
            }
            let to_come: BTreeSet<NodeName> = batches[index + 1..]
                .iter()
                .flat_map(|batch| batch.iter())
                .map(|step| step.node.clone())
                .collect();
            let is_last = index + 1 == batches.len();
            let done = self.roll_batch(batch, &to_come, sessions, issuer, &mut readings, &mut ledger).await;
            self.tell_finished(&done.outcomes);
            outcomes.extend(done.outcomes);
            ledger.halted = done.halted;
            if ledger.halted.is_none() && !is_last {
                self.settle(batch).await;
            }
        }
        for node in self.force_gates.iter().filter(|node| !ledger.forced.contains_key(*node)) {
            ledger
                .notes
                .push(format!("--force-gate {node} skipped nothing: the run did not come to a gate of it"));
        }
        ledger
    }

    /// The changes that the rollout makes on a node.
    fn rolled(&self, node: &NodeName) -> Vec<Change> {
        self.of_node(node)
            .filter(|change| change.removal.is_none() && !NodeWork::is_preparation(change))
            .cloned()
            .collect()
    }

    /// One outcome for all that a batch would change.
    fn all(&self, batch: &[RolloutStep], outcome: &Outcome) -> Outcomes {
        let changes = batch.iter().flat_map(|step| self.rolled(&step.node));
        changes.map(|change| (change.addr, (outcome.clone(), 0))).collect()
    }
}
