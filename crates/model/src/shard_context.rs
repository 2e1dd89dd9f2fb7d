use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Digest, HostPath, NodeName, Timestamp};

/// What a shard's plan tells beside itself, so that it can be joined with those of the other shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardContext {
    /// The moment of the probe.
    pub taken_at: Timestamp,
    /// Every node of the manifest, with the shard that it is looked at with.
    pub nodes: BTreeMap<NodeName, usize>,
    /// The digest of the machine id of each node that was read: two shards may have read one machine under two names.
    pub machines: BTreeMap<NodeName, Digest>,
    /// Nodes of other shards that, as the members of the cluster tell, have left it for good, with who they were: a store there
    /// that does not run is theirs. Told with the first shard.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<NodeName, String>,
    /// The same of nodes whose addresses the cluster has forgotten: it holds where an apply was once done with the service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forgotten: BTreeMap<NodeName, String>,
    /// The nodes of this shard on which no apply was ever done with the service, as far as was read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unserved: BTreeSet<NodeName>,
    /// The nodes of this shard whose service does not run over a store that was used, with the store.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub idle: BTreeMap<NodeName, HostPath>,
}

impl ShardContext {
    /// Returns the nodes that are looked at with the shard of this number.
    pub fn nodes_of(&self, index: usize) -> BTreeSet<&NodeName> {
        self.nodes.iter().filter(|(_, of)| **of == index).map(|(node, _)| node).collect()
    }
}
