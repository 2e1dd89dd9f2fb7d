use std::collections::BTreeMap;

use crate::{Diagnostic, Span};

use super::budget::Budget;
use super::node::Node;

/// The anchored nodes seen so far, by the parser's number.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    nodes: BTreeMap<usize, Anchored>,
}

#[derive(Debug)]
struct Anchored {
    node: Node,
    weight: (usize, usize),
    depth: usize,
}

impl Anchors {
    /// Keeps a copy of `node` under its anchor; 0 means that it has none.
    pub(super) fn keep(&mut self, anchor: usize, node: &Node, budget: &mut Budget) -> Result<(), Diagnostic> {
        if anchor == 0 {
            return Ok(());
        }
        let weight = node.weight();
        budget.charge(weight, node.span)?;
        self.nodes.insert(anchor, Anchored { node: node.clone(), weight, depth: node.depth() });
        Ok(())
    }

    /// Returns a copy of the anchored node for an alias at `span`, `depth` levels deep.
    pub(super) fn resolve(
        &self,
        anchor: usize,
        span: Span,
        depth: usize,
        budget: &mut Budget,
    ) -> Result<Node, Diagnostic> {
        budget.charge_alias(span)?;
        let Some(anchored) = self.nodes.get(&anchor) else {
            return Err(Diagnostic::new(span, "this alias stands inside its own anchor")
                .help("an alias can only name what ends before it"));
        };
        Budget::check_depth(depth + anchored.depth, span)?;
        budget.charge(anchored.weight, span)?;
        Ok(anchored.node.clone())
    }
}
