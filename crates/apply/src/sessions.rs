use std::collections::BTreeMap;

use crdbctl_model::NodeName;
use tokio::task::JoinSet;

use crate::applier::Applier;
use crate::error::ApplyError;
use crate::session::Session;

/// The lock of every node that the plan rests on, each with the shell that holds it.
pub(crate) type Sessions = BTreeMap<NodeName, Session>;

impl Applier {
    /// Takes every node's lock; none is kept when one is refused.
    pub(crate) async fn open_sessions(&mut self) -> Result<Sessions, ApplyError> {
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
}
