use crate::Diagnostic;
use crate::decode::{Decoder, nearest};
use crate::manifest::Cockroach;
use crate::manifest::node::{Draft, NodeState};

/// Checks that the join list names nodes of the manifest, each once.
pub(in crate::manifest) fn join(decoder: &mut Decoder, cockroach: &Cockroach, nodes: &[Draft]) {
    let Some(join) = &cockroach.join else { return };
    super::doubles(decoder, join, "the node");
    // A name that was not understood has been reported where it stands, and may be the one that is meant here.
    let all_named = nodes.iter().all(|node| node.name.is_some());
    for name in &join.value {
        let node = nodes.iter().find(|node| node.name.as_ref().is_some_and(|n| n.value == name.value));
        match node {
            Some(node) if node.state.value == NodeState::Decommissioned => decoder.report(
                Diagnostic::new(
                    name.span,
                    format!("`{}` is decommissioned and cannot be joined through", name.value),
                )
                .related(node.state.span, "here")
                .help("name a node that stays"),
            ),
            Some(_) => {}
            None if !all_named => {}
            None => {
                let names = nodes.iter().filter_map(|node| node.name.as_ref()).map(|name| name.as_str());
                let help = match nearest(name.as_str(), names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name nodes from the list under `nodes`".to_owned(),
                };
                let message = format!("`cockroach.join` names `{}`, and there is no such node", name.value);
                decoder.report(Diagnostic::new(name.span, message).help(help));
            }
        }
    }
}
