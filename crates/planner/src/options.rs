use crdbctl_model::{Shard, Timestamp};

/// What a plan depends on beside the graph and the observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// The moment against which certificates are judged.
    pub now: Timestamp,
    /// Whether nodes of which anything is unknown are left alone entirely, so that the rest can be applied.
    pub skip_unknown: bool,
    /// Whether the data of nodes that leave is deleted with the rest.
    pub delete_data: bool,
    /// The shard that the plan tells of; `None` for all. To be shown, and never to be applied: what of this shard waits for what
    /// of another is not in it.
    pub shard: Option<Shard>,
}
