use crate::decode::Decoder;
use crate::manifest::Rollout;
use crate::manifest::node::{Draft, NodeState};
use crate::{Diagnostic, Span};

/// The replicas of a range at least: what fewer nodes hold, no node can leave.
///
/// Source: <https://www.cockroachlabs.com/docs/stable/configure-replication-zones> (`num_replicas`).
const REPLICAS: usize = 3;

/// Checks that the cluster has nodes, enough of them when some leave, and that a rollout leaves it a majority.
pub(in crate::manifest) fn quorum(decoder: &mut Decoder, rollout: &Rollout, nodes: &[Draft], span: Span) {
    let present = nodes.iter().filter(|node| node.state.value == NodeState::Present).count();
    if present == 0 && !nodes.is_empty() {
        decoder.report(
            Diagnostic::new(span, "every node is decommissioned")
                .help("leave one `present` at least; `crdbctl destroy` removes a cluster"),
        );
        return;
    }
    let leaving = nodes.iter().find(|node| node.state.value == NodeState::Decommissioned);
    if let Some(leaving) = leaving.filter(|_| present < REPLICAS) {
        let message = format!("{present} nodes would be left, and data has {REPLICAS} replicas at least");
        decoder.report(
            Diagnostic::new(leaving.state.span, message)
                .help("let a node leave only when three stay: add another first"),
        );
    }
    let most = (present.saturating_sub(1) / 2).max(1);
    let max_unavailable = rollout.max_unavailable;
    if max_unavailable.value > most && present > 0 {
        decoder.report(
            Diagnostic::new(
                max_unavailable.span,
                format!("with {} of {present} nodes down, no majority is left", max_unavailable.value),
            )
            .help(format!("write {most} at most; 1 is safe for data with three replicas")),
        );
    }
}
