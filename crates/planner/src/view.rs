use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{NodeName, Observations, ResourceAddr, ResourceGraph, Shard, ShardContext};

/// What a plan is to tell of: all of the cluster, or one shard of it. The graph is whole all the same.
///
/// Nodes of other shards may be among the observations, when these were recorded, and are known then. Where they are not, what
/// hangs on them is not known; but it is for their own shard to tell of them.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) shard: Option<Shard>,
    /// The nodes that are told of.
    nodes: BTreeSet<NodeName>,
    /// The first node that is told of elsewhere and was not read.
    unseen: Option<NodeName>,
}

impl View {
    pub(crate) fn new(graph: &ResourceGraph, observations: &Observations, shard: Option<Shard>) -> Self {
        let nodes = graph.nodes_in(shard);
        let mut others = graph.nodes.keys().filter(|node| !nodes.contains(*node));
        let unseen = others.find(|node| !observations.nodes.contains_key(*node)).cloned();
        Self { shard, nodes, unseen }
    }

    /// Returns whether the plan tells of `node`.
    pub(crate) fn has(&self, node: &NodeName) -> bool {
        self.nodes.contains(node)
    }

    /// Returns whether the plan tells of a resource.
    pub(crate) fn contains(&self, addr: &ResourceAddr) -> bool {
        addr.node().map_or_else(|| self.has_cluster(), |node| self.has(node))
    }

    /// Returns whether the plan tells of what is cluster-wide.
    pub(crate) fn has_cluster(&self) -> bool {
        self.shard.is_none_or(Shard::is_first)
    }

    /// Returns whether there is nothing to tell of.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && !self.has_cluster()
    }

    /// Returns a node of another shard of which nothing is known, if there is one.
    pub(crate) const fn unseen(&self) -> Option<&NodeName> {
        self.unseen.as_ref()
    }

    /// Returns whether `node` is of another shard, and nothing is known of it.
    pub(crate) fn misses(&self, node: &NodeName, observations: &Observations) -> bool {
        !self.has(node) && !observations.nodes.contains_key(node)
    }

    /// Returns what those need who join the plan with those of the other shards.
    pub(crate) fn context(&self, graph: &ResourceGraph, observations: &Observations) -> Option<ShardContext> {
        let shard = self.shard?;
        let mut nodes = BTreeMap::new();
        for other in shard.all() {
            nodes.extend(graph.nodes_in(Some(other)).into_iter().map(|node| (node, other.index())));
        }
        let machine = |node: &NodeName| observations.reading(node)?.host.machine_id;
        let machines = self.nodes.iter().filter_map(|node| Some((node.clone(), machine(node)?))).collect();
        Some(ShardContext {
            taken_at: observations.taken_at,
            nodes,
            machines,
            gone: BTreeMap::new(),
            forgotten: BTreeMap::new(),
            unserved: BTreeSet::new(),
            idle: BTreeMap::new(),
        })
    }
}
