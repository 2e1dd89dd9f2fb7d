use std::collections::BTreeSet;

use crdbctl_model::{
    Desired, Fact, HealthFact, MemberFact, MembersFact, MembershipFact, NodeName, NodeObservation, Observed,
    ResourceAddr, ResourceGraph, ResourceKind, ServiceFact, VersionFact,
};
use crdbctl_pki::Certificate;
use crdbctl_report::{ClusterStatus, NodeStatusRow};

use crate::observe::Probe;

/// Returns the cluster as a probe found it.
pub(crate) fn status(graph: &ResourceGraph, probe: &Probe) -> ClusterStatus {
    let observations = &probe.observations;
    let (mut unknown, mut notes) = (Vec::new(), Vec::new());
    let mut live = |kind: ResourceKind| -> Option<Fact> {
        match observations.of(&graph.of_cluster(kind).next()?.addr) {
            Observed::Present(fact) => Some(*fact),
            Observed::Unknown { reason } => {
                unknown.push(format!("{}: {reason}", kind.word()));
                None
            }
            Observed::Deferred { reason } => {
                notes.push(reason);
                None
            }
            Observed::Absent => {
                notes.push("the cluster is not initialised".to_owned());
                None
            }
        }
    };
    let members = match live(ResourceKind::Members) {
        Some(Fact::Members(members)) => members,
        _ => MembersFact { members: Vec::new() },
    };
    let version = match live(ResourceKind::Version) {
        Some(Fact::Version(VersionFact { version, .. })) => Some(version),
        _ => None,
    };
    notes.dedup();
    let mut known = BTreeSet::new();
    let mut nodes = Vec::new();
    for name in graph.staying().chain(graph.leaving()) {
        let member = address(graph, name).and_then(|address| members.at(&address));
        known.extend(member.map(|member| member.id));
        let row = row(graph, probe, name, member);
        if let Some(why) = &row.unread {
            unknown.push(format!("{name}: {why}"));
        }
        nodes.push(row);
    }
    for member in members.standing().filter(|member| !known.contains(&member.id)) {
        nodes.push(of_member(NodeStatusRow::default(), member, probe));
    }
    ClusterStatus {
        format_version: ClusterStatus::FORMAT_VERSION,
        cluster: graph.cluster.clone(),
        taken_at: observations.taken_at,
        version,
        nodes,
        unknown,
        notes,
    }
}

/// Whether a resource is looked at for a status.
pub(crate) fn is_looked_at(addr: &ResourceAddr) -> bool {
    matches!(
        addr.kind,
        ResourceKind::Service
            | ResourceKind::Certificate
            | ResourceKind::Init
            | ResourceKind::Members
            | ResourceKind::Version
    ) && (addr.node().is_some() || addr.kind != ResourceKind::Certificate)
}

fn row(graph: &ResourceGraph, probe: &Probe, name: &NodeName, member: Option<&MemberFact>) -> NodeStatusRow {
    let mut row = NodeStatusRow {
        node: Some(name.clone()),
        leaving: graph.is_leaving(name),
        address: address(graph, name),
        ..NodeStatusRow::default()
    };
    let reading = match probe.observations.nodes.get(name) {
        Some(NodeObservation::Read(reading)) => Some(reading),
        Some(NodeObservation::Unreadable(unreadable)) => {
            row.unread = Some(unreadable.reason.clone());
            None
        }
        None => None,
    };
    for (addr, observed) in reading.iter().flat_map(|reading| &reading.resources) {
        match observed {
            Observed::Present(fact) => match fact.as_ref() {
                Fact::Service(service) => of_service(&mut row, service),
                Fact::Certificate(pair) => {
                    let pem = pair.certificate.as_ref().map(|file| file.pem.as_str()).unwrap_or_default();
                    row.certificate_days = Certificate::parse_pem_bundle(pem.as_bytes())
                        .ok()
                        .and_then(|found| found.into_iter().next())
                        .map(|leaf| {
                            leaf.info().not_after.since(probe.observations.taken_at).div_euclid(86_400)
                        });
                }
                _ => {}
            },
            Observed::Unknown { reason } => row.unread = Some(format!("{}: {reason}", addr.local())),
            Observed::Absent | Observed::Deferred { .. } => {}
        }
    }
    if let (Some(reading), Some((before, after))) = (reading, probe.windows.get(name)) {
        let clock = reading.host.clock.as_unix() * 1000 + i64::from(reading.host.clock_millis);
        // Whenever between the two it was read: what the look itself cannot explain.
        row.clock_skew = Some(if clock > *after {
            clock - after
        } else if clock < *before {
            clock - before
        } else {
            0
        });
        row.clock_uncertainty = Some(after - before);
    }
    match member {
        Some(member) => of_member(row, member, probe),
        None => row,
    }
}

fn of_service(row: &mut NodeStatusRow, service: &ServiceFact) {
    row.service = Some(service.active_state.clone());
    row.ready = match &service.health {
        HealthFact::Ready => Some(true),
        HealthFact::NotReady(_) | HealthFact::WaitingForInit | HealthFact::Unknown(_) => Some(false),
        HealthFact::NotAsked => None,
    };
    if let Some(process) = &service.process {
        let package = process.exe.rsplit('/').nth(1).and_then(|package| package.strip_prefix("cockroach-"));
        row.version = package.and_then(|name| name.split(".linux-").next()).map(str::to_owned);
    }
}

fn of_member(mut row: NodeStatusRow, member: &MemberFact, probe: &Probe) -> NodeStatusRow {
    let figures = &member.figures;
    row.id = Some(member.id);
    row.address = row.address.or_else(|| member.address.clone());
    row.membership = match member.membership {
        MembershipFact::Active => Some("active".to_owned()),
        MembershipFact::Decommissioning => Some("decommissioning".to_owned()),
        MembershipFact::Decommissioned => Some("decommissioned".to_owned()),
        MembershipFact::Other => None,
    };
    row.live = figures.live;
    if row.version.is_none() {
        row.version.clone_from(&member.build);
    }
    // What a node reported last says nothing of one that is gone.
    if figures.live == Some(true) {
        row.ranges = figures.ranges;
        row.underreplicated = figures.underreplicated;
        row.unavailable = figures.unavailable;
        row.uptime = figures
            .started_at
            .as_deref()
            .and_then(crate::clock::utc)
            .map(|started| probe.observations.taken_at.since(started));
    }
    row
}

fn address(graph: &ResourceGraph, node: &NodeName) -> Option<String> {
    graph.of_cluster(ResourceKind::Members).find_map(|resource| match &resource.desired {
        Desired::Members(members) => members.staying.get(node).or_else(|| members.leaving.get(node)).cloned(),
        _ => None,
    })
}
