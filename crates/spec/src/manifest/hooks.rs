use crate::Spanned;
use crate::decode::{Decoder, Fields, read};

/// Commands of the control host that run around a node's disruption.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Runs before a node is stopped.
    pub before_node: Option<Spanned<String>>,
    /// Runs when the node is well again.
    pub after_node: Option<Spanned<String>>,
}

impl Hooks {
    pub(super) fn decode(decoder: &mut Decoder, mut fields: Fields<'_>) -> Self {
        let hooks = Self {
            before_node: fields.optional(decoder, "before_node", read::line),
            after_node: fields.optional(decoder, "after_node", read::line),
        };
        fields.finish(decoder);
        hooks
    }
}
