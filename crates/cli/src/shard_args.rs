use clap::Args;
use crdbctl_model::Shard;

/// The share of the nodes that a command looks at.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ShardArgs {
    /// Look at this share of the nodes alone, such as 2/4; what is cluster-wide is looked at with the first
    ///
    /// Each node is in exactly one of N shards, by its place among the names of all; nodes that leave are in the first. No other
    /// node is connected to. `show --merge` joins what the shards bring with `--format json`.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
}
