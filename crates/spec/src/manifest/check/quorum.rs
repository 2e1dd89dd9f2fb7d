use crate::decode::Decoder;
use crate::manifest::Rollout;
use crate::manifest::node::{Draft, NodeState};
use crate::{Diagnostic, Span};

/// Checks that the cluster has nodes, and that a rollout leaves it a majority.
pub(in crate::manifest) fn quorum(decoder: &mut Decoder, rollout: &Rollout, nodes: &[Draft], span: Span) {
    let present = nodes.iter().filter(|node| node.state.value == NodeState::Present).count();
    if present == 0 && !nodes.is_empty() {
        decoder.report(
            Diagnostic::new(span, "every node is decommissioned")
                .help("leave one `present` at least; `crdbctl destroy` removes a cluster"),
        );
        return;
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
