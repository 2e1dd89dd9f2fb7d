use std::sync::Arc;

use crdbctl_model::{ClusterName, Digest, NodeName};

use super::{
    Certificates, Checks, Cockroach, Firewall, Hooks, Install, Node, NodeState, Rollout, Service, Ssh,
};
use crate::{Arch, Diagnostics, Source, Spanned};

/// A validated manifest.
///
/// Its values can be put into units, shell words, ssh command lines and certificates by way of the
/// quoting that each needs; nothing in it is refused by a node for its form alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The cluster's name.
    pub name: Spanned<ClusterName>,
    /// Which CockroachDB, and how it is started.
    pub cockroach: Cockroach,
    /// Where things lie on a node.
    pub install: Install,
    /// The authority and its certificates.
    pub certificates: Certificates,
    /// The hosts' firewalls.
    pub firewall: Firewall,
    /// The systemd service.
    pub service: Service,
    /// How disruption is rationed.
    pub rollout: Rollout,
    /// Preflight limits.
    pub checks: Checks,
    /// Commands around a node's disruption.
    pub hooks: Hooks,
    /// How ssh reaches the nodes.
    pub ssh: Ssh,
    /// The nodes, in the manifest's order.
    pub nodes: Vec<Node>,
    /// The digest of the text, of the variables that were put in and of the unit's template.
    pub digest: Digest,
    pub(crate) source: Arc<Source>,
}

impl Manifest {
    /// How many nodes are in the join list when the manifest has none.
    const DEFAULT_JOIN: usize = 3;

    /// Returns the text that it was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Returns the nodes that belong to the cluster, in the manifest's order.
    pub fn present(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.state.value == NodeState::Present)
    }

    /// Returns the nodes that leave the cluster or have left it, in the manifest's order.
    pub fn decommissioned(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.state.value == NodeState::Decommissioned)
    }

    /// Returns the nodes of the join list, in its order.
    pub fn join(&self) -> Vec<&Node> {
        match &self.cockroach.join {
            None => self.present().take(Self::DEFAULT_JOIN).collect(),
            Some(names) => names.iter().filter_map(|name| self.node(name)).collect(),
        }
    }

    /// Returns the node of this name.
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name.value == *name)
    }

    /// Returns a node's architecture.
    pub fn arch_of(&self, node: &Node) -> Arch {
        node.arch.map_or(self.cockroach.arch.value, |arch| arch.value)
    }

    /// Returns the architectures of the nodes that belong to the cluster.
    pub fn archs(&self) -> std::collections::BTreeSet<Arch> {
        self.present().map(|node| self.arch_of(node)).collect()
    }

    /// Returns what the manifest asks for and crdbctl does not do yet, at the places that ask for it.
    /// Empty when everything is supported.
    pub fn unsupported(&self) -> Diagnostics {
        super::unsupported::unsupported(self)
    }
}
