use std::collections::BTreeMap;

use crdbctl_model::{ForcedGate, NodeName};

/// What the end of a run tells of its rollout.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// Nodes whose gates were skipped.
    pub(crate) forced: BTreeMap<NodeName, ForcedGate>,
    /// Sentences for the summary.
    pub(crate) notes: Vec<String>,
    /// What failed beside the changes, a sentence each.
    pub(crate) failures: Vec<String>,
    /// Why the rollout ended before its end, if it did: what would follow it is not begun then.
    pub(crate) halted: Option<String>,
}
