use std::sync::Arc;

use crdbctl_model::Change;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::applier::{Applier, failed};
use crate::error::ApplyError;
use crate::issue::Issuer;
use crate::session::Outcomes;
use crate::sessions::Sessions;
use crate::work::NodeWork;

/// How many archives travel at once; more would only share the same uplink.
const UPLOADS: usize = 4;

impl Applier {
    /// What each node does beside the others. A node that is reloaded or restarted only makes ready here.
    pub(crate) fn works(
        &self,
        sessions: &Sessions,
        issuer: &Issuer<'_>,
        done: &Outcomes,
    ) -> Result<Vec<NodeWork>, ApplyError> {
        let failed = failed(done);
        sessions
            .keys()
            .filter_map(|node| {
                let rolls = self.rolls(node);
                let changes: Vec<&Change> = self
                    .of_node(node)
                    .filter(|change| change.removal.is_none())
                    .filter(|change| !rolls || NodeWork::is_preparation(change))
                    .collect();
                (!changes.is_empty())
                    .then(|| NodeWork::new(node, &changes, issuer, &failed, &self.archives, &self.graph))
            })
            .collect()
    }

    pub(crate) async fn work_on_all(&self, sessions: &mut Sessions, works: Vec<NodeWork>) -> Outcomes {
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
}
