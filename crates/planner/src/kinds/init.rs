use crdbctl_model::{Action, AttributeDiff, DesiredInit, HealthFact, InitFact, NodeName};

use crate::comparison::{Comparison, Difference, unknown};
use crate::context::Context;

pub(super) fn create(desired: &DesiredInit) -> Comparison {
    let mut difference = Difference::new(Action::Create);
    difference.attributes.push(
        AttributeDiff::words("through", None::<&str>, Some(&desired.through))
            .with_remark("once, and only if every node then waits for it"),
    );
    Comparison::Differs(difference)
}

/// A cluster of which only nodes that leave are members has nobody whom the new ones could join.
pub(super) fn compare(found: &InitFact, context: &Context<'_>) -> Comparison {
    if is_lost(context) {
        let reason =
            format!("the cluster was initialised ({}), and no node has its data any more", found.because);
        return unknown(
            reason,
            "see whether the data are where the manifest says, for instance on a disk that is not mounted; to begin with an empty cluster, \
             run `cockroach init` by hand when every node waits for it",
        );
    }
    let is_unseen = |node: &NodeName| context.view.misses(node, context.observations);
    // One that was not read is told of elsewhere, and may be a member; one of another shard counts when the cluster knows it.
    let belongs = |node: &NodeName| {
        context.member(node).is_some_and(|member| !member.has_left())
            || context.is_ready(node)
            || !is_unseen(node)
                && context.service(node).is_none_or(|service| service.store_used == Some(true))
    };
    let leaves = context.graph.leaving().find(|node| {
        context.is_running(node)
            || context.record(node).is_some_and(|record| record.initialised)
            || context.member(node).is_some_and(|member| !member.has_left())
    });
    match leaves {
        Some(leaves) if !context.graph.staying().any(belongs) => {
            match context.graph.staying().find(|node| is_unseen(node)) {
                Some(unseen) => unknown(
                    format!(
                        "{leaves} belongs to the cluster and leaves, and no node that stays is known as a member; whether {unseen} is one \
                     is not seen from this shard"
                    ),
                    "look at all nodes at once, without --shard",
                ),
                None => unknown(
                    format!(
                        "{leaves} belongs to the cluster and leaves, and no node that stays is a member yet: the new ones would find nobody to join"
                    ),
                    "have the nodes that leave `present` beside the new ones and apply; let them leave when the new ones have joined",
                ),
            }
        }
        _ => Comparison::Same { unchanged: 1 },
    }
}

/// Whether every node was seen without data: it waits for `cockroach init`, or would.
fn is_lost(context: &Context<'_>) -> bool {
    context.graph.nodes.keys().all(|node| {
        context.service(node).is_some_and(|service| match service.process {
            Some(_) => service.health == HealthFact::WaitingForInit,
            None => service.store_used == Some(false),
        })
    })
}
