//! Which member of the cluster a node of the manifest is.
//!
//! CockroachDB knows a node by the address that it advertised at its last start (`cockroach node status`, column `address`). The
//! manifest may name another one since, and an address may have had several members: each time that a node loses its data it joins
//! under a new number, and the earlier member stays until it is decommissioned (cockroachdb/cockroach#34155).

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Desired, Fact, MemberFact, NodeName, Observations, Observed, ResourceGraph, ResourceKind,
};

use crate::output::NodeStatus;
use crate::start::CanonicalArgs;

/// A member of the cluster, as one of the ways to ask for it shows it.
pub trait Member {
    /// Its number. CockroachDB gives none twice, and later members have greater ones.
    fn id(&self) -> u32;
    /// Its `host:port`; `None` where the cluster has forgotten it, which it does after a while with those that left.
    fn address(&self) -> Option<&str>;
    /// Whether it was decommissioned.
    fn has_left(&self) -> bool;
    /// Whether it is seen to be live.
    fn is_live(&self) -> bool;
}

impl Member for MemberFact {
    fn id(&self) -> u32 {
        self.id
    }

    fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    fn has_left(&self) -> bool {
        self.has_left()
    }

    fn is_live(&self) -> bool {
        self.figures.live == Some(true)
    }
}

impl Member for NodeStatus {
    fn id(&self) -> u32 {
        self.id
    }

    fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    fn has_left(&self) -> bool {
        self.is_gone()
    }

    fn is_live(&self) -> bool {
        self.is_healthy()
    }
}

/// The addresses by which the cluster may know each node of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberAddresses {
    nodes: BTreeMap<NodeName, NodeAddresses>,
    /// Which node has an address.
    by_address: BTreeMap<String, NodeName>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct NodeAddresses {
    /// What its process advertises: several where it advertises the name that its host gives itself.
    running: BTreeSet<String>,
    /// What it advertises when it is started by the manifest, but for addresses that another node runs under.
    configured: BTreeSet<String>,
}

impl MemberAddresses {
    /// Returns the addresses of all nodes of a graph, those that leave included, as they are now: a node that runs has those that its
    /// process advertises, any other one those that the manifest gives it.
    ///
    /// A member at an address that the manifest gives to a node which runs under another one is not that node.
    #[must_use]
    pub fn of(graph: &ResourceGraph, observations: &Observations) -> Self {
        let mut nodes = all(graph, observations);
        for own in nodes.values_mut().filter(|own| !own.running.is_empty()) {
            own.configured.clear();
        }
        Self::new(nodes)
    }

    /// Returns the same for as long as nodes are being restarted: each has the addresses that it ran under when it was observed,
    /// and those that it has once it was started by the manifest.
    #[must_use]
    pub fn during_rollout(graph: &ResourceGraph, observations: &Observations) -> Self {
        Self::new(all(graph, observations))
    }

    fn new(mut nodes: BTreeMap<NodeName, NodeAddresses>) -> Self {
        let mut by_address = BTreeMap::new();
        for (node, own) in &nodes {
            for address in &own.running {
                by_address.entry(address.clone()).or_insert_with(|| node.clone());
            }
        }
        for (node, own) in &mut nodes {
            own.configured.retain(|address| by_address.get(address).is_none_or(|running| running == node));
        }
        for (node, own) in &nodes {
            for address in &own.configured {
                by_address.entry(address.clone()).or_insert_with(|| node.clone());
            }
        }
        Self { nodes, by_address }
    }

    /// Returns the addresses of nodes of whose processes nothing is known.
    #[must_use]
    pub fn configured(nodes: impl IntoIterator<Item = (NodeName, String)>) -> Self {
        let nodes = nodes.into_iter().map(|(node, address)| {
            (node, NodeAddresses { running: BTreeSet::new(), configured: BTreeSet::from([address]) })
        });
        Self::new(nodes.collect())
    }

    /// Returns the addresses of one node: those that it runs under, and those that the manifest gives it but for an address that
    /// another node runs under.
    pub fn of_node(&self, node: &NodeName) -> impl Iterator<Item = &str> {
        let own = self.nodes.get(node);
        own.into_iter().flat_map(|own| own.running.union(&own.configured)).map(String::as_str)
    }

    /// Returns the node that has an address.
    #[must_use]
    pub fn node_at(&self, address: &str) -> Option<&NodeName> {
        self.by_address.get(address)
    }

    /// Returns the node that a member is, or was before its data were lost.
    pub fn node_of(&self, member: &impl Member) -> Option<&NodeName> {
        self.node_at(member.address()?)
    }

    /// Returns the member that a node is. Of several with its addresses: one that has not left before one that has, then one at
    /// the address that the node runs under, then a live one, then the latest.
    pub fn member<'m, M: Member>(
        &self,
        node: &NodeName,
        members: impl IntoIterator<Item = &'m M>,
    ) -> Option<&'m M> {
        let own = self.nodes.get(node)?;
        let candidates = members
            .into_iter()
            .filter_map(|member| Some((member.address()?, member)))
            .filter(|(address, _)| own.running.contains(*address) || own.configured.contains(*address));
        candidates
            .max_by_key(|(address, member)| {
                (!member.has_left(), own.running.contains(*address), member.is_live(), member.id())
            })
            .map(|(_, member)| member)
    }
}

fn all(graph: &ResourceGraph, observations: &Observations) -> BTreeMap<NodeName, NodeAddresses> {
    let nodes = graph.staying().chain(graph.leaving()).map(|node| {
        let spec = graph.nodes.get(node);
        let hosts = spec.into_iter().flat_map(|spec| [spec.address.to_string(), spec.ssh_host.clone()]);
        let hostname = observations.reading(node).map(|reading| reading.host.hostname.clone());
        let hosts: BTreeSet<String> = hosts.chain(hostname).chain([node.to_string()]).collect();
        let mut configured: BTreeSet<String> = manifest_address(graph, node).into_iter().collect();
        configured.extend(graph.service(node).iter().flat_map(|it| advertised(&it.argv, &hosts)));
        let running = running_argv(graph, observations, node);
        let running = running.into_iter().flat_map(|argv| advertised(argv, &hosts)).collect();
        (node.clone(), NodeAddresses { running, configured })
    });
    nodes.collect()
}

/// The address that the manifest gives a node.
fn manifest_address(graph: &ResourceGraph, node: &NodeName) -> Option<String> {
    graph.of_cluster(ResourceKind::Members).find_map(|resource| match &resource.desired {
        Desired::Members(members) => members.staying.get(node).or_else(|| members.leaving.get(node)).cloned(),
        _ => None,
    })
}

/// What a command line advertises. Without a host it is the name that the host gives itself, which may be any of `hosts`.
fn advertised(argv: &[String], hosts: &BTreeSet<String>) -> BTreeSet<String> {
    let parsed = CanonicalArgs::parse(argv).ok();
    match parsed.as_ref().and_then(CanonicalArgs::advertised) {
        None => BTreeSet::new(),
        Some(address) => match address.strip_prefix(':') {
            Some(port) => hosts.iter().map(|host| format!("{host}:{port}")).collect(),
            None => BTreeSet::from([address.to_owned()]),
        },
    }
}

fn running_argv<'a>(
    graph: &ResourceGraph,
    observations: &'a Observations,
    node: &NodeName,
) -> Option<&'a [String]> {
    let resource = graph.of_node(node).find(|resource| matches!(resource.desired, Desired::Service(_)))?;
    match observations.reading(node)?.resources.get(&resource.addr)? {
        Observed::Present(fact) => match fact.as_ref() {
            Fact::Service(service) => Some(service.process.as_ref()?.argv.as_slice()),
            _ => None,
        },
        Observed::Absent | Observed::Unknown { .. } | Observed::Deferred { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use crdbctl_model::{MemberFigures, MembershipFact};

    use super::*;

    fn node(number: usize) -> NodeName {
        NodeName::new(format!("store-{number}")).unwrap()
    }

    fn set(addresses: &[&str]) -> BTreeSet<String> {
        addresses.iter().map(|it| (*it).to_owned()).collect()
    }

    fn addresses(nodes: &[(&[&str], &[&str])]) -> MemberAddresses {
        let nodes = nodes.iter().enumerate().map(|(at, (running, configured))| {
            (node(at + 1), NodeAddresses { running: set(running), configured: set(configured) })
        });
        MemberAddresses::new(nodes.collect())
    }

    fn member(id: u32, address: Option<&str>, membership: MembershipFact, live: Option<bool>) -> MemberFact {
        let figures = MemberFigures { live, ..MemberFigures::default() };
        MemberFact { id, address: address.map(str::to_owned), build: None, membership, figures }
    }

    fn active(id: u32, address: &str, live: Option<bool>) -> MemberFact {
        member(id, Some(address), MembershipFact::Active, live)
    }

    #[test]
    fn a_node_is_the_member_that_it_runs_as() {
        type Nodes<'a> = &'a [(&'a [&'a str], &'a [&'a str])];
        let left = |id, live| member(id, Some("a:1"), MembershipFact::Decommissioned, live);
        let cases: &[(&str, Nodes<'_>, Vec<MemberFact>, Option<u32>)] = &[
            ("as the manifest says", &[(&[], &["a:1"])], vec![active(1, "a:1", None)], Some(1)),
            (
                "it runs under an earlier address",
                &[(&["old:1"], &["a:1"])],
                vec![active(1, "old:1", None)],
                Some(1),
            ),
            (
                "another node has its new address for now",
                &[(&["a:1"], &["b:1"]), (&["b:1"], &["a:1"])],
                vec![active(1, "a:1", Some(true)), active(2, "b:1", Some(true))],
                Some(1),
            ),
            (
                "it is stopped, and another node runs under its address",
                &[(&[], &["b:1"]), (&["b:1"], &["c:1"])],
                vec![active(2, "b:1", Some(true))],
                None,
            ),
            (
                "a live one comes before a later one that is dead",
                &[(&[], &["a:1"])],
                vec![active(1, "a:1", Some(true)), active(4, "a:1", Some(false))],
                Some(1),
            ),
            (
                "a later one comes first where both are dead",
                &[(&[], &["a:1"])],
                vec![active(4, "a:1", Some(false)), active(1, "a:1", Some(false))],
                Some(4),
            ),
            (
                "one that left comes last",
                &[(&["a:1"], &["a:1"])],
                vec![left(9, Some(true)), active(1, "a:1", None)],
                Some(1),
            ),
            ("one that left is better than none", &[(&[], &["a:1"])], vec![left(9, None)], Some(9)),
            (
                "an address that the cluster has forgotten is nobody's",
                &[(&[], &["a:1"])],
                vec![member(1, None, MembershipFact::Active, None)],
                None,
            ),
        ];
        for (what, nodes, members, expected) in cases {
            let addresses = addresses(nodes);
            let found = addresses.member(&node(1), members).map(|member| member.id);
            assert_eq!(found, *expected, "{what}");
            for member in members.iter().filter(|member| Some(member.id) == *expected) {
                assert_eq!(addresses.node_of(member), Some(&node(1)), "{what}");
            }
        }
    }

    #[test]
    fn a_host_that_is_not_written_may_be_any_name_of_its_machine() {
        let argv: Vec<String> = ["cockroach", "start", "--listen-addr=:26257"].map(str::to_owned).to_vec();
        let hosts = set(&["10.0.0.1", "store-1"]);
        assert_eq!(advertised(&argv, &hosts), set(&["10.0.0.1:26257", "store-1:26257"]));
        let argv: Vec<String> = ["cockroach", "start", "--advertise-addr=db:1"].map(str::to_owned).to_vec();
        assert_eq!(advertised(&argv, &hosts), set(&["db:1"]));
        assert_eq!(advertised(&["/bin/sh".to_owned()], &hosts), BTreeSet::new());
    }
}
