use crate::Diagnostic;
use crate::decode::Decoder;
use crate::manifest::node::Draft;

/// Checks that all nodes have the same tiers in the same order, as cockroach requires.
/// Source: <https://www.cockroachlabs.com/docs/stable/cockroach-start#locality>.
pub(in crate::manifest) fn localities(decoder: &mut Decoder, nodes: &[Draft]) {
    let Some(first) = nodes.iter().find_map(|node| node.locality.as_ref()) else { return };
    let keys = first.keys();
    for node in nodes {
        match &node.locality {
            Some(locality) if locality.keys() != keys => decoder.report(
                Diagnostic::new(
                    node.locality.as_ref().map_or(node.span, |locality| locality.span),
                    format!(
                        "the tiers are {}, and another node's are {}",
                        locality.keys().join(", "),
                        keys.join(", ")
                    ),
                )
                .related(first.span, "the other node's")
                .help("give every node the same tiers in the same order"),
            ),
            None if !node.has_locality => decoder.report(
                Diagnostic::new(node.span, "a node without a locality, and another has one")
                    .related(first.span, "the other node's")
                    .help(format!("add a `locality` with the tiers {}", keys.join(", "))),
            ),
            _ => {}
        }
    }
}
