use crate::{Diagnostic, Span};

/// What a manifest may cost. A manifest of a thousand nodes stays far below each limit.
#[derive(Debug)]
pub(super) struct Budget {
    nodes: usize,
    bytes: usize,
    aliases: usize,
}

impl Budget {
    /// The longest text, in bytes.
    pub(super) const SIZE: usize = 1024 * 1024;
    /// How deep collections may lie in each other, aliases followed.
    pub(super) const DEPTH: usize = 32;
    /// How many nodes there may be, aliases followed.
    pub(super) const NODES: usize = 60_000;
    /// How many bytes all scalars together may hold, aliases followed and variables put in.
    pub(super) const BYTES: usize = 8 * 1024 * 1024;
    /// How many aliases there may be.
    pub(super) const ALIASES: usize = 5_000;

    pub(super) const fn new() -> Self {
        Self { nodes: Self::NODES, bytes: Self::BYTES, aliases: Self::ALIASES }
    }

    /// Takes nodes and bytes from the budget.
    pub(super) fn charge(&mut self, (nodes, bytes): (usize, usize), span: Span) -> Result<(), Diagnostic> {
        let refuse = |what: String| {
            Err(Diagnostic::new(span, format!("the file is too large here: {what}"))
                .help("aliases count as often as they are used; write fewer of them, or smaller anchors"))
        };
        let Some(nodes_left) = self.nodes.checked_sub(nodes) else {
            return refuse(format!("more than {} values, aliases followed", Self::NODES));
        };
        let Some(bytes_left) = self.bytes.checked_sub(bytes) else {
            return refuse(format!("more than {} bytes of values, aliases followed", Self::BYTES));
        };
        (self.nodes, self.bytes) = (nodes_left, bytes_left);
        Ok(())
    }

    /// Takes one alias from the budget.
    pub(super) fn charge_alias(&mut self, span: Span) -> Result<(), Diagnostic> {
        let Some(left) = self.aliases.checked_sub(1) else {
            let message = format!("more than {} aliases", Self::ALIASES);
            return Err(Diagnostic::new(span, message)
                .help("write values that all nodes share at the top of the manifest"));
        };
        self.aliases = left;
        Ok(())
    }

    /// Refuses a level of nesting beyond the limit.
    pub(super) fn check_depth(depth: usize, span: Span) -> Result<(), Diagnostic> {
        if depth > Self::DEPTH { Err(Self::too_deep(span)) } else { Ok(()) }
    }

    /// Returns the diagnostic for nesting beyond the limit.
    pub(super) fn too_deep(span: Span) -> Diagnostic {
        Diagnostic::new(span, format!("nested more than {} levels deep", Self::DEPTH))
            .help("no key of a manifest needs that")
    }
}
