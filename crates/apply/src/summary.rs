use std::collections::BTreeMap;
use std::time::Instant;

use crdbctl_model::{NodeName, NodeOutcome, Outcome, ResourceAddr, RunSummary};

use crate::applier::Applier;
use crate::rollout::Ledger;
use crate::session::Outcomes;

impl Applier {
    /// Returns what became of every change of the plan, in its order.
    pub(crate) fn summary(&self, outcomes: Outcomes, ledger: Ledger, began: Instant) -> RunSummary {
        let mut nodes: BTreeMap<Option<NodeName>, Vec<(ResourceAddr, Outcome)>> = BTreeMap::new();
        for change in &self.plan.changes {
            let outcome = outcomes.get(&change.addr).map_or_else(
                || Outcome::Skipped("it was not reached".to_owned()),
                |(outcome, _)| outcome.clone(),
            );
            nodes.entry(change.addr.node().cloned()).or_default().push((change.addr.clone(), outcome));
        }
        RunSummary {
            failures: ledger.failures,
            notes: ledger.notes,
            nodes: nodes.into_iter().map(|(node, changes)| NodeOutcome { node, changes }).collect(),
            milliseconds: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}
