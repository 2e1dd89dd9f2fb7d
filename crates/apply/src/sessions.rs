use std::collections::BTreeMap;

use crdbctl_model::{Change, NodeName};
use tokio::task::JoinSet;

use crate::applier::Applier;
use crate::error::ApplyError;
use crate::session::Session;

/// The lock of every node that was read, each with the shell that holds it.
pub(crate) type Sessions = BTreeMap<NodeName, Session>;

impl Applier {
    /// Takes the lock of every node that was read; none is kept when one is refused.
    ///
    /// Those that a part of a plan does not rest on, too: gates look at them, and two applies of different parts must not
    /// disrupt the cluster at once. One of these that cannot be asked any more is left out, as one that was not read.
    pub(crate) async fn open_sessions(&mut self) -> Result<Sessions, ApplyError> {
        let mut opening = JoinSet::new();
        for node in self.graph.nodes.keys().filter(|node| self.observations.reading(node).is_some()) {
            let is_basis = self.plan.basis.nodes.contains_key(node);
            if !is_basis && !self.connections.contains_key(node) {
                continue;
            }
            let connection = self
                .connections
                .get(node)
                .cloned()
                .ok_or_else(|| ApplyError::NotConnected { node: node.clone() })?;
            let (cluster, run, events) = (self.graph.cluster.clone(), self.run.clone(), self.events.clone());
            let is_there = |change: &&Change| change.addr.node().is_none_or(|other| other == node);
            let changes =
                self.plan.changes.iter().filter(is_there).map(|change| change.addr.clone()).collect();
            let opened = Session::open(node.clone(), cluster, run, changes, connection, events);
            opening.spawn(async move { (is_basis, opened.await) });
        }
        let mut sessions = BTreeMap::new();
        let mut refused: Option<ApplyError> = None;
        while let Some(opened) = opening.join_next().await {
            match opened {
                Ok((_, Ok(session))) => {
                    sessions.insert(session.node.clone(), session);
                }
                // A lock that is held explains more than whatever else went wrong.
                Ok((is_basis, Err(error)))
                    if is_basis && refused.is_none() || matches!(error, ApplyError::Locked { .. }) =>
                {
                    refused = Some(error);
                }
                Ok((_, Err(_))) => {}
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
}
