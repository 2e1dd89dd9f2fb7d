use std::collections::BTreeSet;

use crdbctl_cockroach::members::MemberAddresses;
use crdbctl_cockroach::output::NodeStatus;
use crdbctl_model::{Desired, NodeName, Observations, Plan, ResourceAddr, ResourceGraph};

/// The nodes that the manifest keeps, and how `cockroach node status` names them.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    /// Who they are.
    pub(crate) nodes: BTreeSet<NodeName>,
    /// The addresses by which each may be known: as it is to run, and as it ran when it was read.
    pub(crate) addresses: MemberAddresses,
    /// The version that each shall run, such as `v24.1.0`.
    pub(crate) build: String,
    /// The nodes that may run another one when they come back, because the change of their program is no part of the plan.
    pub(crate) behind: BTreeSet<NodeName>,
    /// The dead members whose place a node takes by this plan, by number: nobody waits for them to come back.
    pub(crate) replaced: BTreeSet<u32>,
}

impl Fleet {
    /// Returns the nodes of a graph, with what was found of their processes.
    pub(crate) fn of(graph: &ResourceGraph, observations: &Observations) -> Self {
        Self {
            nodes: graph.staying().cloned().collect(),
            addresses: MemberAddresses::during_rollout(graph, observations),
            build: graph.version.clone(),
            behind: BTreeSet::new(),
            replaced: BTreeSet::new(),
        }
    }

    /// Returns the fleet of which a plan has dead members decommissioned because nodes take their place.
    pub(crate) fn replacing(mut self, plan: &Plan) -> Self {
        self.replaced = plan
            .changes
            .iter()
            .filter_map(|change| match &change.desired {
                Some(Desired::Members(desired)) => Some(desired.replaced.values().flatten().copied()),
                _ => None,
            })
            .flatten()
            .collect();
        self
    }

    /// Returns whether a member is dead and this plan has a node take its place.
    pub(crate) fn is_replaced(&self, row: &NodeStatus) -> bool {
        self.replaced.contains(&row.id) && !row.is_healthy()
    }

    /// Returns the fleet as a part of a plan makes it: of a node whose program is left out, the wanted version is not asked.
    pub(crate) fn of_part(mut self, graph: &ResourceGraph, plan: &Plan) -> Self {
        let is_program = |addr: &ResourceAddr| match graph.resources.get(addr).map(|it| &it.desired) {
            Some(Desired::Package(_)) => true,
            Some(Desired::Link(link)) => addr
                .node()
                .and_then(|node| graph.service(node))
                .is_some_and(|service| service.program == link.path),
            _ => false,
        };
        let left = plan.left_out.iter().filter(|left| is_program(&left.addr));
        self.behind = left.filter_map(|left| left.addr.node().cloned()).collect();
        self
    }

    /// Returns the row of the member that a node is.
    pub(crate) fn row<'a>(&self, node: &NodeName, rows: &'a [NodeStatus]) -> Option<&'a NodeStatus> {
        self.addresses.member(node, rows)
    }

    /// Returns the node that has the address of a dead member and runs as another one now.
    pub(crate) fn successor(&self, row: &NodeStatus, rows: &[NodeStatus]) -> Option<&NodeName> {
        let node = self.node_of(row)?;
        self.row(node, rows).is_some_and(|own| own.id != row.id).then_some(node)
    }

    /// Returns the node that stays and has the address of a member.
    fn node_of(&self, row: &NodeStatus) -> Option<&NodeName> {
        self.addresses.node_of(row).filter(|node| self.nodes.contains(*node))
    }

    /// Returns a member's name for people: its node where the manifest has it, and its number.
    pub(crate) fn name_of(&self, row: &NodeStatus, rows: &[NodeStatus]) -> String {
        let address = row.address.as_deref().unwrap_or("without an address");
        if let Some(node) = self.node_of(row) {
            return match self.row(node, rows) {
                Some(own) if own.id == row.id => format!("{node} (n{})", row.id),
                _ => format!("n{}, which {node} at {address} was before it joined anew,", row.id),
            };
        }
        format!("n{} ({address}), which the manifest does not have,", row.id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crdbctl_model::{Action, Cause, LeftOut, LeftOutWhy, Timestamp};
    use crdbctl_planner::{PlanOptions, plan};

    use super::*;

    #[test]
    fn a_node_is_behind_when_the_change_of_its_program_is_left_out() {
        let graph = crate::work::tests::graph();
        let observations = Observations {
            format_version: Observations::FORMAT_VERSION,
            taken_at: Timestamp::from_unix(0),
            cluster: BTreeMap::new(),
            nodes: BTreeMap::new(),
        };
        let options =
            PlanOptions { now: observations.taken_at, skip_unknown: false, delete_data: false, shard: None };
        let behind = |left: &[&str]| -> Vec<String> {
            let mut plan = plan(&graph, &observations, &options);
            let of = |addr: &&str| LeftOut {
                addr: addr.parse().unwrap(),
                action: Action::Update,
                cause: Cause::Manifest,
                attributes: Vec::new(),
                why: LeftOutWhy::Selection,
            };
            plan.left_out = left.iter().map(of).collect();
            let fleet = Fleet::of(&graph, &observations).of_part(&graph, &plan);
            fleet.behind.iter().map(ToString::to_string).collect()
        };
        assert_eq!(behind(&[]), [""; 0]);
        assert_eq!(behind(&["store-2/link.cockroach", "store-2/unit.cockroach"]), ["store-2"]);
        assert_eq!(behind(&["store-3/package.cockroach-v24.1.0.linux-amd64"]), ["store-3"]);
        // What a node starts with beside its program has no say in its version.
        assert_eq!(
            behind(&["store-1/link.data", "store-1/unit.cockroach", "cluster/version.store"]),
            [""; 0]
        );
    }
}
