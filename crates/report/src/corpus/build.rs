//! What plans are made of.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Action, AttributeDiff, Basis, Cause, Change, ClusterName, Desired, Digest, HostPath, Impact, NodeName,
    OwnerName, Pace, Part, Plan, ResourceAddr, ResourceKind, RolloutStep, Transfer, UnknownResource, Verdict,
};

pub(crate) fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

pub(crate) fn addr(text: &str) -> ResourceAddr {
    text.parse().unwrap()
}

pub(crate) fn path(text: &str) -> HostPath {
    HostPath::new(text).unwrap()
}

pub(crate) fn owner(text: &str) -> OwnerName {
    OwnerName::new(text).unwrap()
}

/// What every node has, and the cluster.
pub(crate) const OF_A_NODE: [&str; 14] = [
    "group.cockroach",
    "user.cockroach",
    "package.cockroach-v24.1.0.linux-amd64",
    "directory.root",
    "directory.certs",
    "directory.data",
    "link.data",
    "link.cockroach",
    "certificate.ca",
    "certificate.node",
    "file.ufw-profile",
    "firewall.ufw",
    "unit.cockroach",
    "service.cockroach",
];

pub(crate) const OF_THE_CLUSTER: [&str; 3] = ["authority.ca", "certificate.client-root", "init.store"];

pub(crate) fn compared(nodes: &[&str], changes: &[Change]) -> BTreeMap<ResourceAddr, Verdict> {
    let of_nodes = nodes.iter().flat_map(|node| OF_A_NODE.map(|local| addr(&format!("{node}/{local}"))));
    let of_cluster = OF_THE_CLUSTER.map(|local| addr(&format!("cluster/{local}")));
    let mut compared: BTreeMap<ResourceAddr, Verdict> =
        of_nodes.chain(of_cluster).map(|addr| (addr, Verdict::Same)).collect();
    let restarting =
        changes.iter().filter(|it| it.addr.kind == ResourceKind::Unit && it.impact == Impact::Restart);
    compared.extend(
        restarting.map(|unit| {
            (addr(&format!("{}/service.cockroach", unit.addr.node().unwrap())), Verdict::Carried)
        }),
    );
    compared.extend(changes.iter().map(|change| (change.addr.clone(), Verdict::Differs)));
    compared
}

pub(crate) fn plan(nodes: &[&str], changes: Vec<Change>) -> Plan {
    // A node has one turn, with the greatest impact of its changes.
    let mut steps: BTreeMap<&NodeName, RolloutStep> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.impact > Impact::None) {
        let node = change.addr.node().unwrap();
        let none = RolloutStep { node: node.clone(), batch: 0, impact: Impact::None, because: Vec::new() };
        let step = steps.entry(node).or_insert(none);
        step.impact = step.impact.max(change.impact);
        step.because.push(change.addr.clone());
    }
    let rollout = steps.into_values().enumerate().map(|(at, step)| RolloutStep { batch: at + 1, ..step });
    let sent = |change: &Change| Transfer {
        node: change.addr.node().unwrap().clone(),
        addr: change.addr.clone(),
        bytes: change.bytes,
    };
    let digest = Digest::of("basis");
    Plan {
        format_version: Plan::FORMAT_VERSION,
        cluster: ClusterName::new("store").unwrap(),
        basis: Basis {
            manifest: digest,
            cluster: digest,
            nodes: nodes.iter().map(|name| (node(name), digest)).collect(),
        },
        rollout: rollout.collect(),
        pace: Pace { settle: 60, ranges_pause: Some(22) },
        transfers: changes.iter().filter(|change| change.bytes > 0).map(sent).collect(),
        compared: compared(nodes, &changes),
        part: Part::default(),
        left_out: Vec::new(),
        changes,
        unknown: Vec::new(),
        notes: Vec::new(),
    }
}

pub(crate) fn change(at: &str, action: Action, cause: Cause, attributes: Vec<AttributeDiff>) -> Change {
    Change {
        addr: addr(at),
        action,
        cause,
        reason: None,
        impact: attributes.iter().map(|attribute| attribute.impact).max().unwrap_or(Impact::None),
        attributes,
        unchanged: 0,
        depends_on: BTreeSet::new(),
        desired: None,
        removal: None,
        before: None,
        bytes: 0,
    }
}

pub(crate) fn because(mut change: Change, reason: &str) -> Change {
    change.reason = Some(reason.to_owned());
    change
}

pub(crate) fn hiding(mut change: Change, unchanged: usize) -> Change {
    change.unchanged = unchanged;
    change
}

pub(crate) fn create(at: &str, desired: Desired) -> Change {
    let mut change = change(at, Action::Create, Cause::Missing, Vec::new());
    change.desired = Some(desired);
    change
}

pub(crate) fn unreachable(name: &str) -> UnknownResource {
    let host = format!("{name}.example.com");
    UnknownResource {
        node: Some(node(name)),
        addr: None,
        reason: format!(
            "ssh to azmin@{host} port 22: connection refused: ssh: connect to host {host} port 22: \
             Connection refused"
        ),
        hint: "see that sshd runs on the host and listens on that port".to_owned(),
    }
}
