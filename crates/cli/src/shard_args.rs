use clap::Args;
use crdbctl_model::Shard;

/// The share of the nodes that a command looks at.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ShardArgs {
    /// Read only this shard of the nodes, such as 2/4; the first shard also reads what is cluster-wide
    ///
    /// Each node is in exactly one of N shards, by its position in the sorted list of names; nodes that leave the cluster are in the
    /// first. No other node is connected to. `show --merge` joins what the shards write with `--format json`.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
}
