use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Digest, NodeName, Timestamp};

/// What a shard's plan tells beside itself, so that it can be joined with those of the other shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardContext {
    /// The moment of the probe.
    pub taken_at: Timestamp,
    /// Every node of the manifest, with the shard that it is looked at with.
    pub nodes: BTreeMap<NodeName, usize>,
    /// The digest of the machine id of each node that was read: two shards may have read one machine under two names.
    pub machines: BTreeMap<NodeName, Digest>,
}

impl ShardContext {
    /// Returns the nodes that are looked at with the shard of this number.
    pub fn nodes_of(&self, index: usize) -> BTreeSet<&NodeName> {
        self.nodes.iter().filter(|(_, of)| **of == index).map(|(node, _)| node).collect()
    }
}
