use std::collections::BTreeSet;

use crdbctl_model::{Change, Outcome, ResourceAddr};

use crate::applier::Applier;
use crate::error::ApplyError;
use crate::issue::Issuer;
use crate::session::Outcomes;
use crate::sessions::Sessions;
use crate::work::NodeWork;

impl Applier {
    /// Removes what is no longer wanted, on all nodes at once, when everything else is done. What rests on a change that
    /// was not made, for whatever reason, stays.
    pub(crate) async fn remove(&self, sessions: &mut Sessions, issuer: &Issuer<'_>, outcomes: &mut Outcomes) {
        let removals = || self.plan.changes.iter().filter(|change| change.removal.is_some());
        let undone: BTreeSet<ResourceAddr> = self
            .plan
            .changes
            .iter()
            .filter(|change| change.removal.is_none())
            .map(|change| &change.addr)
            .filter(|addr| outcomes.get(*addr).is_none_or(|(outcome, _)| *outcome != Outcome::Converged))
            .cloned()
            .collect();
        let works: Result<Vec<NodeWork>, ApplyError> = sessions
            .keys()
            .filter_map(|node| {
                let changes: Vec<&Change> =
                    removals().filter(|change| change.addr.node() == Some(node)).collect();
                (!changes.is_empty())
                    .then(|| NodeWork::new(node, &changes, issuer, &undone, &self.archives, &self.graph))
            })
            .collect();
        let done = match works {
            Ok(works) => self.work_on_all(sessions, works).await,
            Err(error) => {
                let outcome =
                    |change: &Change| (change.addr.clone(), (Outcome::Failed(error.to_string()), 0));
                let failed: Outcomes = removals().map(outcome).collect();
                self.tell_finished(&failed);
                failed
            }
        };
        outcomes.extend(done);
    }
}
