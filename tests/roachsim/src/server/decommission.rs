//! Answers about membership.

use std::collections::BTreeMap;

use tokio::time::sleep;

use super::node::Node;
use crate::clock;
use crate::cluster::{self, Membership, NodeId, TransitionError};
use crate::wire::{Code, Response};

fn refused(error: &TransitionError) -> Response {
    let code = match error {
        TransitionError::NotFound => Code::NotFound,
        TransitionError::Recommission { .. } | TransitionError::Decommission { .. } => {
            Code::FailedPrecondition
        }
    };
    Response::error(code, error.to_string())
}

/// Changes the membership of nodes, when one is asked for, and tells where they stand.
pub(super) async fn decommission(
    node: &Node,
    nodes: &[NodeId],
    to: Option<Membership>,
    report: usize,
) -> Response {
    while to.is_some() && !node.view().has_quorum {
        sleep(node.config.tuning.heartbeat).await;
    }
    if let Some(to) = to
        && let Err(error) = node.change_membership(nodes, to)
    {
        return refused(&error);
    }
    match node.decommission_status(nodes, report) {
        Ok(statuses) => Response::Decommission { statuses },
        Err(error) => refused(&error),
    }
}

/// Checks that nodes could leave.
pub(super) fn pre_check(node: &Node, nodes: &[NodeId]) -> Response {
    let state = node.state();
    let checks = state
        .ok_or(TransitionError::NotFound)
        .and_then(|state| cluster::pre_check(&state, &node.view(), nodes));
    match checks {
        Ok(checks) => Response::PreCheck { checks },
        Err(error) => refused(&error),
    }
}

/// Tells who is asked, and how all nodes are.
pub(super) fn nodes(node: &Node) -> Response {
    let (state, view) = (node.state(), node.view());
    let members = state.iter().flat_map(|state| &state.members);
    let liveness: BTreeMap<NodeId, String> = members
        .map(|(id, member)| {
            let live = view.live.contains(id);
            let word = match member.membership.value {
                Membership::Decommissioned => "NODE_STATUS_DECOMMISSIONED",
                Membership::Decommissioning if live => "NODE_STATUS_DECOMMISSIONING",
                Membership::Decommissioning | Membership::Active if !live => "NODE_STATUS_UNAVAILABLE",
                _ if view.draining.contains(id) => "NODE_STATUS_DRAINING",
                _ => "NODE_STATUS_LIVE",
            };
            (*id, word.to_owned())
        })
        .collect();
    Response::Nodes { me: node.id().unwrap_or(NodeId(0)), liveness }
}

impl Node {
    fn change_membership(&self, nodes: &[NodeId], to: Membership) -> Result<(), TransitionError> {
        let mut inner = self.lock();
        let by = inner.contents.node.ok_or(TransitionError::NotFound)?;
        let state = inner.contents.state.as_mut().ok_or(TransitionError::NotFound)?;
        if state.change_membership(nodes, to, by, clock::unix_millis())? {
            self.store_changes(&mut inner);
            self.log.info(&format!("membership of {nodes:?} is {}", to.word()));
        }
        Ok(())
    }

    fn decommission_status(
        &self,
        nodes: &[NodeId],
        report: usize,
    ) -> Result<Vec<cluster::DecommissionStatus>, TransitionError> {
        let inner = self.lock();
        let state = inner.contents.state.as_ref().ok_or(TransitionError::NotFound)?;
        let (view, beats) = (self.view_of(&inner), self.beats_of(&inner));
        cluster::decommission_status(state, &view, &beats, nodes, report)
    }
}
