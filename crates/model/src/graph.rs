use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    ClusterName, Desired, DesiredService, Digest, HostPath, NodeName, OwnerName, PackageMember, ResourceAddr,
    ResourceKind, Shard,
};

/// Where in the manifest something stands; lines and columns count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceSpan {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Whether something shall be there at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It shall be there.
    #[default]
    Present,
    /// It shall be gone, if crdbctl made it.
    Absent,
}

/// A resource that the manifest declares, or that it takes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its address.
    pub addr: ResourceAddr,
    /// What it shall be; what it would be, when it shall be gone.
    pub desired: Desired,
    /// Whether it shall be there. That of a node's resources is that of the node.
    pub presence: Presence,
    /// What must be done before it: of one that shall be there, what it rests on; of one that shall be gone, what
    /// rests on it.
    pub depends_on: BTreeSet<ResourceAddr>,
    /// Where the manifest asks for it.
    pub origin: SourceSpan,
}

/// What is known of a release archive before it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveInfo {
    /// The digest of the archive.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its files below the package directory, sorted by path.
    pub members: Vec<PackageMember>,
}

impl ArchiveInfo {
    /// Returns whether it can be of a release: it has the program, and names that stay below the package's directory,
    /// each once and in order.
    pub fn is_proper(&self) -> bool {
        let is_name = |path: &str| !path.is_empty() && HostPath::new(format!("/{path}")).is_ok();
        self.members.iter().any(|member| member.path == "cockroach")
            && self.members.iter().all(|member| is_name(&member.path))
            && self.members.is_sorted_by(|one, next| one.path < next.path)
    }
}

/// How to reach a node, and what kind of machine it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Its name.
    pub name: NodeName,
    /// The address that CockroachDB listens on and advertises.
    pub address: IpAddr,
    /// Where ssh goes.
    pub ssh_host: String,
    /// ssh's user; `None` leaves it to the user's own configuration.
    pub ssh_user: Option<String>,
    /// ssh's port; `None` leaves it to the user's own configuration.
    pub ssh_port: Option<u16>,
    /// The identity file on the control host, as the manifest spells it.
    pub ssh_identity_file: Option<String>,
    /// The ssh configuration file (`ssh -F`), as the manifest spells it.
    pub ssh_config_file: Option<String>,
    /// The host to jump through (`ssh -J`).
    pub ssh_jump: Option<String>,
    /// How root is reached: `auto`, `root`, `sudo` or `doas`.
    pub privilege: String,
    /// The architecture in the archive's name: `amd64` or `arm64`.
    pub arch: String,
    /// Whether it belongs to the cluster; one that leaves is read and cleaned up, and nothing is put on it.
    pub presence: Presence,
    /// Where it stands, from the widest tier to the narrowest: `region=kr,zone=seo01`.
    pub locality: Option<String>,
}

/// How a change that stops nodes goes through the cluster; times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// How many nodes may be down at once.
    pub max_unavailable: usize,
    /// How long to wait after a node is well again.
    pub settle: u64,
    /// How long a drain may take.
    pub drain_timeout: u64,
    /// How long a gate may take to open: nodes to become ready, ranges to become whole.
    pub health_timeout: u64,
    /// How far the two looks at the ranges are apart.
    pub ranges_pause: u64,
}

/// Commands of the control host that run around a node's disruption, with `sh -c` beside the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooks {
    /// Runs before a node is disrupted.
    pub before_node: Option<String>,
    /// Runs when that is over, however it ended.
    pub after_node: Option<String>,
    /// How long each may take, in seconds.
    pub timeout: u64,
}

/// The desired state of a whole cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceGraph {
    /// The cluster's name.
    pub cluster: ClusterName,
    /// The digest of the manifest's text, after the environment was put in.
    pub manifest: Digest,
    /// The CockroachDB version, such as `v24.1.0`.
    pub version: String,
    /// The nodes, by name: those that belong to the cluster ([`Self::staying`]) and those that leave it
    /// ([`Self::leaving`]).
    pub nodes: BTreeMap<NodeName, NodeSpec>,
    /// The resources, by address.
    pub resources: BTreeMap<ResourceAddr, Resource>,
    /// How disruption is rationed.
    pub rollout: Rollout,
    /// Commands around a node's disruption.
    pub hooks: Hooks,
    /// The service user, for what is written below directories that it owns.
    pub user: OwnerName,
    /// Where packages lie on the nodes.
    pub packages: HostPath,
    /// How many packages of other versions stay beside the one in use.
    pub keep_packages: usize,
}

impl ResourceGraph {
    /// Returns the nodes that belong to the cluster, by name.
    pub fn staying(&self) -> impl Iterator<Item = &NodeName> {
        self.nodes.values().filter(|spec| spec.presence == Presence::Present).map(|spec| &spec.name)
    }

    /// Returns the nodes that leave the cluster, by name.
    pub fn leaving(&self) -> impl Iterator<Item = &NodeName> {
        self.nodes.values().filter(|spec| spec.presence == Presence::Absent).map(|spec| &spec.name)
    }

    /// Returns whether `node` is in the graph and leaves the cluster.
    pub fn is_leaving(&self, node: &NodeName) -> bool {
        self.nodes.get(node).is_some_and(|spec| spec.presence == Presence::Absent)
    }

    /// Makes nodes leave: each of their resources shall be gone, in the reverse of the order in which they are made,
    /// and nothing else waits for them. When no node stays, what is cluster-wide goes out of the graph: nothing is
    /// asked of a cluster without nodes, and its authority on the control host is nobody's to remove.
    ///
    /// To be called once for a node, before anything is put between a leaving node's resources and the cluster's.
    pub fn retire(&mut self, nodes: &BTreeSet<NodeName>) {
        let leaves = |addr: &ResourceAddr| addr.node().is_some_and(|node| nodes.contains(node));
        let mut dependents: BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>> = BTreeMap::new();
        for resource in self.resources.values().filter(|resource| leaves(&resource.addr)) {
            for dependency in resource.depends_on.iter().filter(|dependency| leaves(dependency)) {
                dependents.entry(dependency.clone()).or_default().insert(resource.addr.clone());
            }
        }
        for resource in self.resources.values_mut() {
            if leaves(&resource.addr) {
                resource.presence = Presence::Absent;
                resource.depends_on = dependents.remove(&resource.addr).unwrap_or_default();
            } else {
                resource.depends_on.retain(|dependency| !leaves(dependency));
            }
            if let Desired::Init(init) = &mut resource.desired {
                init.nodes.retain(|node| !nodes.contains(node));
            }
        }
        for spec in self.nodes.values_mut().filter(|spec| nodes.contains(&spec.name)) {
            spec.presence = Presence::Absent;
        }
        if self.staying().next().is_none() {
            self.resources.retain(|addr, _| addr.node().is_some());
        }
    }

    /// Returns the nodes that are looked at with `shard`, or all. Those that leave go with the first, as what is cluster-wide
    /// does: what becomes of them hangs on the members of the cluster.
    pub fn nodes_in(&self, shard: Option<Shard>) -> BTreeSet<NodeName> {
        let Some(shard) = shard else { return self.nodes.keys().cloned().collect() };
        let mut nodes = shard.nodes(self.staying());
        if shard.is_first() {
            nodes.extend(self.leaving().cloned());
        }
        nodes
    }

    /// Returns the resources of one node, in order of address.
    pub fn of_node<'a>(&'a self, node: &NodeName) -> impl Iterator<Item = &'a Resource> {
        // Addresses are in order of their nodes: a graph of a thousand nodes is not searched for each of them.
        let from_there_on =
            self.resources.range(ResourceAddr::first_of(node)..).map(|(_, resource)| resource);
        from_there_on.take_while(move |resource| resource.addr.node() == Some(node))
    }

    /// Returns the service that `node` shall run, or would run if it stayed.
    pub fn service(&self, node: &NodeName) -> Option<&DesiredService> {
        self.of_node(node).find_map(|resource| match &resource.desired {
            Desired::Service(service) => Some(service),
            _ => None,
        })
    }

    /// Returns the cluster-wide resources of a kind, in order of address.
    pub fn of_cluster(&self, kind: ResourceKind) -> impl Iterator<Item = &Resource> {
        let cluster_wide = self.resources.values().filter(|resource| resource.addr.node().is_none());
        cluster_wide.filter(move |resource| resource.addr.kind == kind)
    }

    /// Returns the addresses in an order in which every resource follows what it depends on; ties go
    /// by address, so that equal graphs give equal orders. Dependencies on addresses that are not in the
    /// graph are ignored.
    ///
    /// # Errors
    /// The addresses on or behind a cycle.
    pub fn order(&self) -> Result<Vec<ResourceAddr>, Vec<ResourceAddr>> {
        let mut waits: BTreeMap<&ResourceAddr, usize> = BTreeMap::new();
        let mut dependents: BTreeMap<&ResourceAddr, Vec<&ResourceAddr>> = BTreeMap::new();
        for resource in self.resources.values() {
            let present = resource.depends_on.iter().filter(|addr| self.resources.contains_key(addr));
            waits.insert(&resource.addr, present.clone().count());
            for dependency in present {
                dependents.entry(dependency).or_default().push(&resource.addr);
            }
        }
        let mut ready: BTreeSet<&ResourceAddr> =
            waits.iter().filter(|(_, count)| **count == 0).map(|(addr, _)| *addr).collect();
        let mut order = Vec::with_capacity(waits.len());
        while let Some(addr) = ready.pop_first() {
            waits.remove(addr);
            order.push(addr.clone());
            for dependent in dependents.get(addr).into_iter().flatten() {
                if let Some(count) = waits.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(dependent);
                    }
                }
            }
        }
        if waits.is_empty() { Ok(order) } else { Err(waits.into_keys().cloned().collect()) }
    }
}
