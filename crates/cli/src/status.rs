use std::collections::BTreeSet;

use crdbctl_cockroach::members::MemberAddresses;
use crdbctl_model::{
    Fact, HealthFact, MemberFact, MembersFact, MembershipFact, NodeName, NodeObservation, Observed,
    ResourceAddr, ResourceGraph, ResourceKind, ServiceFact, VersionFact,
};
use crdbctl_pki::Certificate;
use crdbctl_report::{ClusterStatus, NodeStatusRow};

use crate::observe::{Clocks, ReadOnlyProbe};

/// Returns the cluster as a probe found it.
pub(crate) fn status(graph: &ResourceGraph, probe: &ReadOnlyProbe, clocks: &Clocks) -> ClusterStatus {
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
    notes.extend(crdbctl_planner::running(observations));
    let addresses = MemberAddresses::of(graph, observations);
    let mut known = BTreeSet::new();
    let mut nodes = Vec::new();
    for name in graph.staying().chain(graph.leaving()) {
        let member = addresses.member(name, &members.members);
        known.extend(member.map(|member| member.id));
        let row = row(graph, &addresses, probe, clocks, name, member);
        // What has left needs no machine any more; the cluster forgets its address after a while.
        let is_gone =
            graph.is_leaving(name) && member.map_or(!members.members.is_empty(), MemberFact::has_left);
        match &row.unread {
            Some(why) if is_gone => {
                let state = match member {
                    Some(_) => "has left",
                    None => "leaves, and no member has its address",
                };
                notes.push(format!("{name} {state}; it could not be read: {why}"));
            }
            Some(why) => unknown.push(format!("{name}: {why}")),
            None => {}
        }
        let rest = [(&row.health_unread, "whether it is ready"), (&row.certificate_unread, "certificate")];
        for (why, what) in rest {
            unknown.extend(why.iter().map(|why| format!("{name}: {what}: {why}")));
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

fn row(
    graph: &ResourceGraph,
    addresses: &MemberAddresses,
    probe: &ReadOnlyProbe,
    clocks: &Clocks,
    name: &NodeName,
    member: Option<&MemberFact>,
) -> NodeStatusRow {
    let mut row = NodeStatusRow {
        node: Some(name.clone()),
        leaving: graph.is_leaving(name),
        address: member
            .and_then(|member| member.address.clone())
            .or_else(|| addresses.of_node(name).next().map(str::to_owned)),
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
                    let Some(file) = &pair.certificate else { continue };
                    match Certificate::parse_pem_bundle(file.pem.as_bytes()) {
                        Ok(found) => {
                            let left = |leaf: &Certificate| {
                                leaf.info().not_after.since(probe.observations.taken_at).div_euclid(86_400)
                            };
                            row.certificate_days = found.first().map(left);
                        }
                        Err(error) => row.certificate_unread = Some(error.to_string()),
                    }
                }
                _ => {}
            },
            Observed::Unknown { reason } if addr.kind == ResourceKind::Certificate => {
                row.certificate_unread = Some(format!("{}: {reason}", addr.local()));
            }
            Observed::Unknown { reason } => row.unread = Some(format!("{}: {reason}", addr.local())),
            Observed::Absent | Observed::Deferred { .. } => {}
        }
    }
    let whole = || {
        let host = &reading?.host;
        let clock = host.clock.as_unix() * 1000 + i64::from(host.clock_millis);
        Some((clock, *probe.windows.get(name)?))
    };
    if let Some((clock, (before, after))) = clocks.get(name).copied().or_else(whole) {
        // Whenever between the two it was read: what the look itself cannot explain.
        row.clock_skew = Some(if clock > after {
            clock - after
        } else if clock < before {
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
        HealthFact::NotReady(_) | HealthFact::WaitingForInit => Some(false),
        HealthFact::Unknown(_) | HealthFact::NotAsked => None,
    };
    if let HealthFact::Unknown(why) = &service.health {
        row.health_unread = Some(why.clone());
    }
    if let Some(process) = &service.process {
        let package = process.exe.rsplit('/').nth(1).and_then(|package| package.strip_prefix("cockroach-"));
        row.version = package.and_then(|name| name.split(".linux-").next()).map(str::to_owned);
    }
}

fn of_member(mut row: NodeStatusRow, member: &MemberFact, probe: &ReadOnlyProbe) -> NodeStatusRow {
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
    // A node counts as live for some seconds after it has stopped, and what it reported last says nothing of one that is gone.
    let has_stopped = row.service.as_deref().is_some_and(|state| matches!(state, "inactive" | "failed"));
    if row.version.is_none() && !has_stopped {
        row.version.clone_from(&member.build);
    }
    if figures.live == Some(true) && !has_stopped {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use crdbctl_model::{
        CertificateFileFact, Desired, Digest, FileKind, Footprint, HostFact, MemberFigures, Mode,
        NodeCertificateFact, Observations, PathFact, ProcessFact, Reading, Timestamp, Unreadable,
        UnreadableKind,
    };
    use crdbctl_spec::{Inputs, lower, parse, placeholder_archives};

    use super::*;

    const MANIFEST: &str = "apiVersion: crdbctl/v1\nkind: Cluster\nname: store\ncockroach: {version: v24.1.0}\nnodes:\n  \
                            - {name: store-1, address: 198.0.2.1}\n  - {name: store-2, address: 198.0.2.2}\n  \
                            - {name: store-3, address: 198.0.2.3}\n  \
                            - {name: store-4, address: 198.0.2.4, state: decommissioned}\n";

    fn service(health: HealthFact) -> Fact {
        Fact::Service(ServiceFact {
            load_state: "loaded".to_owned(),
            active_state: "active".to_owned(),
            sub_state: "running".to_owned(),
            unit_file_state: "enabled".to_owned(),
            need_daemon_reload: false,
            process: None,
            health,
            health_way: crdbctl_model::HealthWay::OnHost,
            pending: None,
            store_used: Some(true),
        })
    }

    /// Three nodes that were read, and the machine of a fourth that is gone.
    fn probe(graph: &ResourceGraph) -> ReadOnlyProbe {
        let mut nodes = BTreeMap::new();
        for name in graph.staying() {
            let health = graph.of_node(name).filter(|it| matches!(it.desired, Desired::Service(_)));
            let resources = health
                .map(|it| (it.addr.clone(), Observed::Present(Box::new(service(HealthFact::Ready)))))
                .collect();
            let reading = Reading {
                room: None,
                host: HostFact {
                    machine: String::new(),
                    kernel: String::new(),
                    os: String::new(),
                    hostname: name.to_string(),
                    machine_id: None,
                    clock: Timestamp::from_unix(1_800_000_000),
                    clock_millis: 0,
                },
                resources,
                drop_ins: Vec::new(),
                record: None,
                start_blockers: Vec::new(),
                footprint: Footprint::default(),
                digest: Digest::of(name.as_str()),
            };
            nodes.insert(name.clone(), NodeObservation::Read(Box::new(reading)));
        }
        for name in graph.leaving() {
            let unreadable = Unreadable {
                kind: UnreadableKind::Unreachable,
                reason: "no route".to_owned(),
                hint: String::new(),
            };
            nodes.insert(name.clone(), NodeObservation::Unreadable(unreadable));
        }
        let members = (1..=4).map(|id| MemberFact {
            id,
            address: Some(format!("198.0.2.{id}:26257")),
            build: None,
            membership: if id == 4 { MembershipFact::Decommissioned } else { MembershipFact::Active },
            figures: MemberFigures::default(),
        });
        let members = MembersFact { members: members.collect() };
        let version =
            VersionFact { version: "24.1".to_owned(), auto_upgrade: None, preserve_downgrade: None };
        let live = |kind| graph.of_cluster(kind).next().unwrap().addr.clone();
        let cluster = BTreeMap::from([
            (live(ResourceKind::Members), Observed::Present(Box::new(Fact::Members(members)))),
            (live(ResourceKind::Version), Observed::Present(Box::new(Fact::Version(version)))),
        ]);
        ReadOnlyProbe {
            observations: Observations {
                format_version: Observations::FORMAT_VERSION,
                taken_at: Timestamp::from_unix(1_800_000_000),
                cluster,
                nodes,
            },
            connections: BTreeMap::new(),
            windows: BTreeMap::new(),
            took: Duration::ZERO,
            password: None,
        }
    }

    fn graph() -> ResourceGraph {
        let manifest = parse(MANIFEST, "cluster.yaml", &Inputs::none()).unwrap();
        lower(&manifest, &placeholder_archives()).unwrap()
    }

    fn set(graph: &ResourceGraph, probe: &mut ReadOnlyProbe, name: &str, observed: Observed) {
        let addr: ResourceAddr = name.parse().unwrap();
        assert!(graph.resources.contains_key(&addr), "{addr}");
        match probe.observations.nodes.get_mut(addr.node().unwrap()) {
            Some(NodeObservation::Read(reading)) => reading.resources.insert(addr, observed),
            other => panic!("{other:?}"),
        };
    }

    #[test]
    fn a_machine_of_a_node_that_has_left_need_not_be_there() {
        let graph = graph();
        let mut probe = probe(&graph);
        let found = status(&graph, &probe, &Clocks::new());
        assert_eq!(found.unknown, Vec::<String>::new());
        assert!(found.notes.iter().any(|note| note.contains("store-4 has left")), "{:?}", found.notes);
        // It has not left.
        let addr = graph.of_cluster(ResourceKind::Members).next().unwrap().addr.clone();
        let Some(Observed::Present(fact)) = probe.observations.cluster.get_mut(&addr) else { panic!() };
        let Fact::Members(members) = fact.as_mut() else { panic!() };
        members.members[3].membership = MembershipFact::Active;
        assert_eq!(status(&graph, &probe, &Clocks::new()).unknown, ["store-4: no route"]);
    }

    #[test]
    fn what_could_not_be_asked_is_unknown_and_leaves_the_rest_of_the_row() {
        let graph = graph();
        let mut probe = probe(&graph);
        let health = service(HealthFact::Unknown("no curl".to_owned()));
        set(&graph, &mut probe, "store-1/service.cockroach", Observed::Present(Box::new(health)));
        let unread = Observed::Unknown { reason: "Input/output error".to_owned() };
        set(&graph, &mut probe, "store-2/certificate.node", unread);
        let path = PathFact {
            kind: FileKind::Regular,
            owner: "root".to_owned(),
            group: "root".to_owned(),
            mode: Mode::new(0o644),
        };
        let certificate = Some(CertificateFileFact { path, pem: "garbage".to_owned() });
        let pair = Fact::Certificate(NodeCertificateFact { certificate, key: None });
        set(&graph, &mut probe, "store-3/certificate.node", Observed::Present(Box::new(pair)));
        let found = status(&graph, &probe, &Clocks::new());
        assert_eq!(found.unknown.len(), 3, "{:?}", found.unknown);
        assert_eq!((found.nodes[0].ready, found.nodes[1].ready), (None, Some(true)));
        for row in &found.nodes[..3] {
            assert_eq!((row.service.as_deref(), &row.unread), (Some("active"), &None));
        }
        assert!(found.nodes[1].certificate_unread.is_some() && found.nodes[2].certificate_unread.is_some());
    }

    #[test]
    fn a_cluster_of_which_the_members_leave_is_not_taken_for_a_new_one() {
        let graph = graph();
        let mut probe = probe(&graph);
        // Three new hosts, on which nothing runs.
        for number in 1..=3 {
            let name = format!("store-{number}/service.cockroach");
            let idle = service(HealthFact::NotAsked);
            set(&graph, &mut probe, &name, Observed::Present(Box::new(idle)));
        }
        let init = |probe: &ReadOnlyProbe| crdbctl_probe::observe_init(&graph, &probe.observations.nodes);
        // The one that leaves may be all that there is, and cannot be asked.
        assert!(matches!(init(&probe), Observed::Unknown { .. }));
        let any = graph.staying().next().unwrap();
        let leaver = graph.leaving().next().unwrap();
        let mut reading = probe.observations.nodes[any].clone();
        let NodeObservation::Read(read) = &mut reading else { panic!() };
        read.resources.clear();
        probe.observations.nodes.insert(leaver.clone(), reading);
        let ready = Observed::Present(Box::new(service(HealthFact::Ready)));
        set(&graph, &mut probe, "store-4/service.cockroach", ready);
        assert!(matches!(init(&probe), Observed::Present(_)));
        // Nothing runs there either.
        let idle = Observed::Present(Box::new(service(HealthFact::NotAsked)));
        set(&graph, &mut probe, "store-4/service.cockroach", idle);
        assert!(matches!(init(&probe), Observed::Absent));
    }

    #[test]
    fn a_node_that_has_just_stopped_shows_no_figures_of_the_process_that_is_gone() {
        let graph = graph();
        let mut probe = probe(&graph);
        let addr = graph.of_cluster(ResourceKind::Members).next().unwrap().addr.clone();
        let Some(Observed::Present(fact)) = probe.observations.cluster.get_mut(&addr) else { panic!() };
        let Fact::Members(members) = fact.as_mut() else { panic!() };
        for member in &mut members.members {
            member.build = Some("v24.1.0".to_owned());
            member.figures.live = Some(true);
            member.figures.ranges = Some(60);
        }
        let Fact::Service(mut stopped) = service(HealthFact::NotAsked) else { panic!() };
        stopped.active_state = "inactive".to_owned();
        let stopped = Observed::Present(Box::new(Fact::Service(stopped)));
        set(&graph, &mut probe, "store-2/service.cockroach", stopped);
        let rows = status(&graph, &probe, &Clocks::new()).nodes;
        assert_eq!((rows[0].version.as_deref(), rows[0].ranges), (Some("v24.1.0"), Some(60)));
        assert_eq!((rows[1].version.as_deref(), rows[1].ranges, rows[1].live), (None, None, Some(true)));
    }

    #[test]
    fn a_node_is_the_member_that_it_runs_as_whatever_address_the_manifest_has_now() {
        let graph = graph();
        let mut probe = probe(&graph);
        let addr = graph.of_cluster(ResourceKind::Members).next().unwrap().addr.clone();
        let Some(Observed::Present(fact)) = probe.observations.cluster.get_mut(&addr) else { panic!() };
        let Fact::Members(members) = fact.as_mut() else { panic!() };
        members.members[1].address = Some("203.0.113.2:26257".to_owned());
        let Fact::Service(mut running) = service(HealthFact::Ready) else { panic!() };
        let argv = ["cockroach", "start", "--advertise-addr=203.0.113.2:26257"];
        running.process = Some(ProcessFact {
            pid: 1,
            started: 1,
            user: "cockroach".to_owned(),
            exe: "/opt/cockroach-v24.1.0.linux-amd64/cockroach".to_owned(),
            exe_deleted: false,
            exe_digest: None,
            argv: argv.map(str::to_owned).to_vec(),
            environment: BTreeMap::new(),
            nofile: None,
            nofile_ceiling: None,
        });
        set(
            &graph,
            &mut probe,
            "store-2/service.cockroach",
            Observed::Present(Box::new(Fact::Service(running))),
        );
        let rows = status(&graph, &probe, &Clocks::new()).nodes;
        assert_eq!(rows.len(), 4, "no member is shown apart from its node: {rows:#?}");
        assert_eq!((rows[1].id, rows[1].address.as_deref()), (Some(2), Some("203.0.113.2:26257")));
    }

    #[test]
    fn a_clock_is_judged_by_the_look_that_was_for_it_alone() {
        let graph = graph();
        let mut probe = probe(&graph);
        let name = graph.staying().next().unwrap().clone();
        let now = 1_800_000_000_000;
        probe.windows.insert(name.clone(), (now - 900, now + 900));
        let wide = status(&graph, &probe, &Clocks::new());
        assert_eq!((wide.nodes[0].clock_skew, wide.nodes[0].clock_uncertainty), (Some(0), Some(1800)));
        let clocks = Clocks::from([(name, (now + 500, (now, now + 40)))]);
        let tight = status(&graph, &probe, &clocks);
        assert_eq!((tight.nodes[0].clock_skew, tight.nodes[0].clock_uncertainty), (Some(460), Some(40)));
    }
}
