use crdbctl_model::{NodeName, Note, Plan};

/// Returns the part of a plan that concerns one node, with a note of what is left out.
pub(crate) fn only_node(mut plan: Plan, node: &NodeName) -> Plan {
    let all = plan.changes.len();
    plan.changes.retain(|change| change.addr.node() == Some(node));
    plan.rollout.retain(|step| step.node == *node);
    plan.transfers.retain(|transfer| transfer.node == *node);
    plan.unknown.retain(|unknown| unknown.node.as_ref() == Some(node));
    plan.notes.retain(|note| note.addr.as_ref().is_none_or(|addr| addr.node().is_none_or(|at| at == node)));
    plan.compared.retain(|addr, _| addr.node() == Some(node));
    plan.basis.nodes.retain(|name, _| name == node);
    let left_out = all - plan.changes.len();
    if left_out > 0 {
        let changes = crdbctl_report::count(left_out, "change");
        plan.notes.push(Note { addr: None, text: format!("{changes} elsewhere left out by --node {node}") });
    }
    plan
}
