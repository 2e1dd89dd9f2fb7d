//! Whether a node is ready.

use crate::cluster::{NodeId, View};

/// Where a node stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has no cluster yet.
    Waiting,
    /// It has one.
    Operational,
    /// It is on its way out.
    Draining,
}

/// Checks whether clients may be sent here.
///
/// # Errors
/// With the text of `GET /health?ready=1`.
pub(super) fn readiness(
    phase: Phase,
    node: Option<NodeId>,
    view: &View,
    alone: bool,
) -> Result<(), &'static str> {
    match phase {
        Phase::Waiting => return Err("node is waiting for cluster initialization"),
        Phase::Draining => return Err("node is shutting down"),
        Phase::Operational => {}
    }
    let Some(node) = node else {
        return Err("node is waiting for cluster initialization");
    };
    // A node's own record reaches it by gossip: until another node has answered there is none.
    if !alone && view.heard_of.iter().all(|other| *other == node) {
        return Err("liveness record not found");
    }
    if !view.is_available(node) {
        return Err("node is not healthy");
    }
    Ok(())
}

/// The body of a 503.
pub(super) fn unready_body(error: &str) -> String {
    format!(
        "{{\n  \"error\": \"{error}\",\n  \"code\": 14,\n  \"message\": \"{error}\",\n  \"details\": [\n  ]\n}}"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn view(live: &[u32], heard_of: &[u32], has_quorum: bool) -> View {
        let ids = |ids: &[u32]| ids.iter().copied().map(NodeId).collect::<BTreeSet<_>>();
        View { live: ids(live), heard_of: ids(heard_of), has_quorum, ..View::default() }
    }

    #[test]
    fn each_state_has_its_words() {
        let me = Some(NodeId(1));
        let ready = |phase, node, view: &View| readiness(phase, node, view, false);
        let whole = view(&[1, 2], &[1, 2], true);
        assert_eq!(ready(Phase::Waiting, None, &whole), Err("node is waiting for cluster initialization"));
        assert_eq!(ready(Phase::Draining, me, &whole), Err("node is shutting down"));
        assert_eq!(ready(Phase::Operational, me, &view(&[1], &[1], false)), Err("liveness record not found"));
        assert_eq!(ready(Phase::Operational, me, &view(&[1], &[1, 2], false)), Err("node is not healthy"));
        assert_eq!(ready(Phase::Operational, me, &whole), Ok(()));
        assert_eq!(readiness(Phase::Operational, me, &view(&[1], &[1], true), true), Ok(()));
    }

    #[test]
    fn the_body_is_json_with_the_error_twice() {
        let body: serde_json::Value = serde_json::from_str(&unready_body("node is shutting down")).unwrap();
        assert_eq!(body["error"], "node is shutting down");
        assert_eq!(body["message"], body["error"]);
        assert_eq!(body["code"], 14);
    }
}
