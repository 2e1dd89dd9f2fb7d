use std::collections::BTreeMap;

use crdbctl_model::{ForcedGate, NodeName};

/// What the end of a run tells of its rollout.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// Nodes whose gates were skipped.
    pub(crate) forced: BTreeMap<NodeName, ForcedGate>,
    /// Sentences for the summary.
    pub(crate) notes: Vec<String>,
}
