use crate::Spanned;
use crate::decode::{Decoder, Fields, read};

/// Commands of the control host that run around a node's disruption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// Runs before a node is disrupted.
    pub before_node: Option<Spanned<String>>,
    /// Runs when that is over, however it ended.
    pub after_node: Option<Spanned<String>>,
    /// How long each may take, in seconds.
    pub timeout: Spanned<u64>,
}

impl Hooks {
    pub(super) fn decode(decoder: &mut Decoder, mut fields: Fields<'_>) -> Self {
        let hooks = Self {
            before_node: fields.optional(decoder, "before_node", read::line),
            after_node: fields.optional(decoder, "after_node", read::line),
            timeout: fields.or(decoder, "timeout", 300, read::seconds),
        };
        if hooks.timeout.value == 0 {
            decoder.report(
                crate::Diagnostic::new(hooks.timeout.span, "`hooks.timeout` leaves no time")
                    .help("write a duration such as 5m"),
            );
        }
        fields.finish(decoder);
        hooks
    }
}
