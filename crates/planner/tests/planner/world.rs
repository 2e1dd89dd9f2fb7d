//! Hosts as they are after an apply, or before the first one, to be altered by tests.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Action, AllowFrom, CaFact, CertificateFileFact, Change, Desired, Digest, Dropped, Fact, FileFact,
    FileKind, FirewallFact, Footprint, GroupFact, HealthFact, HealthWay, HostFact, Impact, InitFact,
    KeyFileFact, LinkFact, MemberFact, MemberFigures, MembersFact, MembershipFact, Mode, NodeCertificateFact,
    NodeName, NodeObservation, Observations, Observed, OtherCertificates, PackageFact, PackageFileFact,
    PathFact, Plan, ProcessFact, PublicKey, Reading, Record, RecordedResource, Resource, ResourceAddr,
    ResourceGraph, ServiceFact, SettingFact, Shard, Timestamp, UnitFact, Unreadable, UnreadableKind,
    UserFact, Verdict, VersionFact,
};
use crdbctl_pki::{Authority, ClientUser, Issued, KeyType, NodeNames, key_spki_sha256};
use crdbctl_planner::{PlanOptions, plan};
use crdbctl_spec::{Inputs, lower, parse, placeholder_archives};

pub(crate) const MANIFEST: &str = "\
apiVersion: crdbctl/v1
kind: Cluster
name: store
cockroach:
  version: v24.1.0
  environment: {COCKROACH_X: \"1\"}
nodes:
  - {name: store-1, address: 198.0.2.166}
  - {name: store-2, address: 198.0.2.158}
  - {name: store-3, address: 198.0.2.171}
";

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const YEAR: i64 = 365 * 86_400;

pub(crate) struct World {
    pub(crate) graph: ResourceGraph,
    pub(crate) observations: Observations,
    pub(crate) authority: Authority,
    pub(crate) now: Timestamp,
    pub(crate) skip_unknown: bool,
    pub(crate) delete_data: bool,
}

pub(crate) fn graph(manifest: &str) -> ResourceGraph {
    let manifest = parse(manifest, "cluster.yaml", &Inputs::none()).unwrap_or_else(|found| panic!("{found}"));
    let mut archives = placeholder_archives();
    for archive in archives.values_mut() {
        archive.size = 1000;
    }
    lower(&manifest, &archives).unwrap()
}

pub(crate) fn addr(text: &str) -> ResourceAddr {
    text.parse().unwrap()
}

pub(crate) fn node(number: usize) -> NodeName {
    NodeName::new(format!("store-{number}")).unwrap()
}

impl World {
    /// Three nodes as an apply leaves them.
    pub(crate) fn converged() -> Self {
        Self::of(MANIFEST)
    }

    /// The nodes of a manifest, `store-1` and up, as an apply leaves them.
    pub(crate) fn of(manifest: &str) -> Self {
        let mut world = Self::bare_of(manifest);
        for resource in world.graph.resources.values().cloned().collect::<Vec<_>>() {
            let fact = world.as_desired(&resource);
            world.set(&resource.addr.to_string(), present(fact));
        }
        world.record();
        world
    }

    /// Three nodes on which nothing was ever done.
    pub(crate) fn bare() -> Self {
        Self::bare_of(MANIFEST)
    }

    /// The nodes of a manifest, `store-1` and up, on which nothing was ever done.
    pub(crate) fn bare_of(manifest: &str) -> Self {
        let graph = graph(manifest);
        let authority = Authority::create(KeyType::EcdsaP256, 10 * YEAR, NOW.plus(-YEAR)).unwrap();
        let nodes = (1..=graph.nodes.len()).map(|number| {
            let reading = Reading {
                room: None,
                host: HostFact {
                    machine: "x86_64".to_owned(),
                    kernel: String::new(),
                    os: "debian 12".to_owned(),
                    hostname: format!("store-{number}"),
                    machine_id: Some(Digest::of(format!("machine {number}"))),
                    clock: NOW,
                    clock_millis: 0,
                },
                resources: BTreeMap::new(),
                drop_ins: Vec::new(),
                record: None,
                start_blockers: Vec::new(),
                footprint: Footprint {
                    certificates: OtherCertificates::Found(BTreeMap::new()),
                    ..Footprint::default()
                },
                digest: Digest::of(format!("answer {number}")),
            };
            (node(number), NodeObservation::Read(Box::new(reading)))
        });
        let observations = Observations {
            format_version: Observations::FORMAT_VERSION,
            taken_at: NOW,
            cluster: BTreeMap::new(),
            nodes: nodes.collect(),
        };
        let mut world =
            Self { graph, observations, authority, now: NOW, skip_unknown: false, delete_data: false };
        for resource in world.graph.resources.values().cloned().collect::<Vec<_>>() {
            let observed = match &resource.desired {
                Desired::Service(_) => present(Fact::Service(stopped("not-found", ""))),
                Desired::Firewall(_) => {
                    present(Fact::Firewall(FirewallFact { enabled: false, ipv6: true, rules: Vec::new() }))
                }
                _ => Observed::Absent,
            };
            world.set(&resource.addr.to_string(), observed);
        }
        world
    }

    /// Notes on every node that the graph as it is was applied.
    pub(crate) fn record(&mut self) {
        for (name, observation) in &mut self.observations.nodes {
            let NodeObservation::Read(reading) = observation else { continue };
            let resources = self.graph.of_node(name).map(|resource| {
                let desired = Digest::of_json(&resource.desired);
                let paths = resource.desired.paths();
                (
                    resource.addr.local(),
                    RecordedResource {
                        desired,
                        created: true,
                        applied_at: NOW,
                        paths,
                        mark: crdbctl_model::Mark::of(&resource.desired),
                    },
                )
            });
            reading.record = Some(Record {
                archive: None,
                format_version: Record::FORMAT_VERSION,
                cluster: self.graph.cluster.clone(),
                applied_by: "tester".to_owned(),
                manifest: self.graph.manifest,
                run: "run".to_owned(),
                forced_gate: None,
                store_mount: None,
                initialised: true,
                resources: resources.collect(),
            });
        }
    }

    pub(crate) fn manifest(&mut self, from: &str, to: &str) {
        assert!(MANIFEST.contains(from), "{from}");
        self.graph = graph(&MANIFEST.replace(from, to));
    }

    pub(crate) fn reading(&mut self, name: &NodeName) -> &mut Reading {
        match self.observations.nodes.get_mut(name) {
            Some(NodeObservation::Read(reading)) => reading,
            other => panic!("{name} is {other:?}"),
        }
    }

    pub(crate) fn set(&mut self, text: &str, observed: Observed) {
        let addr = addr(text);
        match addr.node() {
            None => self.observations.cluster.insert(addr, observed),
            Some(node) => self.reading(&node.clone()).resources.insert(addr, observed),
        };
    }

    pub(crate) fn unreadable(&mut self, number: usize) {
        let unreadable = Unreadable {
            kind: UnreadableKind::Unreachable,
            reason: "no route".to_owned(),
            hint: "look".to_owned(),
        };
        self.observations.nodes.insert(node(number), NodeObservation::Unreadable(unreadable));
    }

    pub(crate) fn fact(&mut self, text: &str) -> &mut Fact {
        let addr = addr(text);
        let observed = match addr.node() {
            None => self.observations.cluster.get_mut(&addr),
            Some(node) => self.reading(&node.clone()).resources.get_mut(&addr),
        };
        match observed {
            Some(Observed::Present(fact)) => fact,
            other => panic!("{text} is {other:?}"),
        }
    }

    pub(crate) fn service(&mut self, number: usize) -> &mut ServiceFact {
        match self.fact(&format!("store-{number}/service.cockroach")) {
            Fact::Service(service) => service,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn process(&mut self, number: usize) -> &mut ProcessFact {
        self.service(number).process.as_mut().unwrap()
    }

    /// What the records tell of and the manifest no longer has there.
    pub(crate) fn dropped(&self, name: &NodeName) -> Vec<Dropped> {
        let Some(reading) = self.observations.reading(name) else { return Vec::new() };
        Dropped::on(&self.graph, name, reading.record.as_ref(), &reading.footprint.begun)
    }

    /// Has nothing be there of what the manifest no longer has.
    pub(crate) fn without_dropped(&mut self) {
        for name in self.graph.nodes.keys().cloned().collect::<Vec<_>>() {
            for dropped in self.dropped(&name) {
                self.set(&dropped.addr.to_string(), Observed::Absent);
            }
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        self.plan_in(None)
    }

    /// The plan of one shard, which may know of all that was observed.
    pub(crate) fn plan_in(&self, shard: Option<Shard>) -> Plan {
        let (now, skip_unknown, delete_data) = (self.now, self.skip_unknown, self.delete_data);
        plan(&self.graph, &self.observations, &PlanOptions { now, skip_unknown, delete_data, shard })
    }

    /// The plan's changes, a line each, then the rollout and what is unknown.
    #[track_caller]
    pub(crate) fn expect(&self, lines: &[&str]) {
        assert_eq!(summary(&self.plan()), lines);
    }

    pub(crate) fn as_desired(&self, resource: &Resource) -> Fact {
        let file = |content: &str, owner: &str, group: &str, mode: Mode| FileFact {
            path: path(FileKind::Regular, owner, group, mode.bits()),
            digest: Some(Digest::of(content)),
            content: Some(content.to_owned()),
        };
        match &resource.desired {
            Desired::Authority(_) => Fact::Ca(CaFact {
                path: path(FileKind::Directory, "", "", 0o700),
                pem: self.authority.bundle().to_pem(),
                has_key: true,
            }),
            Desired::ClientCertificate(desired) => {
                let user = ClientUser::new(desired.user.clone()).unwrap();
                let issued = self.authority.issue_client(&user, desired.key, desired.lifetime, NOW).unwrap();
                pair(&issued, "", "")
            }
            Desired::Group(_) => Fact::Group(GroupFact { gid: 990 }),
            Desired::User(desired) => Fact::User(UserFact {
                uid: 990,
                group: desired.group.to_string(),
                home: desired.home.to_string(),
                shell: "/usr/sbin/nologin".to_owned(),
            }),
            Desired::Package(desired) => Fact::Package(PackageFact {
                path: path(FileKind::Directory, "root", "root", 0o755),
                files: desired
                    .members
                    .iter()
                    .map(|member| {
                        let fact = PackageFileFact {
                            path: path(FileKind::Regular, "root", "root", member.mode.bits()),
                            size: member.size,
                            digest: Some(member.digest),
                        };
                        (member.path.clone(), fact)
                    })
                    .collect(),
            }),
            Desired::Directory(desired) => {
                let (owner, group) = (desired.owner.as_str(), desired.group.as_str());
                Fact::Directory(path(FileKind::Directory, owner, group, desired.mode.bits()))
            }
            Desired::Link(desired) => Fact::Link(LinkFact {
                path: path(FileKind::Link, "root", "root", 0o777),
                target: Some(desired.target.to_string()),
                digest: None,
            }),
            Desired::Ca(desired) => Fact::Ca(CaFact {
                path: path(
                    FileKind::Regular,
                    desired.owner.as_str(),
                    desired.group.as_str(),
                    desired.mode.bits(),
                ),
                pem: self.authority.bundle().to_pem(),
                has_key: false,
            }),
            Desired::NodeCertificate(desired) => {
                let names =
                    NodeNames::new(desired.dns_names.iter(), desired.addresses.iter().copied()).unwrap();
                let issued =
                    self.authority.issue_node(&names, desired.key_type, desired.lifetime, NOW).unwrap();
                pair(&issued, desired.owner.as_str(), desired.group.as_str())
            }
            Desired::File(desired) => Fact::File(file(
                &desired.content,
                desired.owner.as_str(),
                desired.group.as_str(),
                desired.mode,
            )),
            Desired::Unit(desired) => {
                let at = &desired.file;
                let file = file(&at.content, at.owner.as_str(), at.group.as_str(), at.mode);
                Fact::Unit(UnitFact { file })
            }
            Desired::Firewall(desired) => {
                let (ports, protocol) = desired.ports.split_once('/').unwrap();
                assert!(desired.allow_from.contains(&AllowFrom::Any));
                let rule =
                    |any: &str| format!("allow {protocol} {ports} {any} any {any} {} - in", desired.profile);
                Fact::Firewall(FirewallFact {
                    enabled: false,
                    ipv6: true,
                    rules: vec![rule("0.0.0.0/0"), rule("::/0")],
                })
            }
            Desired::Service(desired) => Fact::Service(ServiceFact {
                active_state: "active".to_owned(),
                sub_state: "running".to_owned(),
                process: Some(ProcessFact {
                    pid: 400,
                    started: 1,
                    user: desired.user.to_string(),
                    exe: desired.binary.to_string(),
                    exe_deleted: false,
                    exe_digest: None,
                    argv: desired.argv.clone(),
                    environment: desired.environment.clone(),
                    nofile: desired.nofile,
                    nofile_ceiling: None,
                }),
                health: HealthFact::Ready,
                store_used: Some(true),
                ..stopped("loaded", "enabled")
            }),
            Desired::Init(_) => Fact::Init(InitFact { because: "recorded".to_owned() }),
            Desired::Setting(desired) => Fact::Setting(SettingFact { value: desired.value.clone() }),
            Desired::Members(desired) => Fact::Members(MembersFact {
                members: desired
                    .staying
                    .values()
                    .zip(1..)
                    .map(|(address, id)| member(id, address, &self.graph.version))
                    .collect(),
            }),
            Desired::Version(desired) => Fact::Version(VersionFact {
                version: series(&desired.version),
                auto_upgrade: Some(true),
                preserve_downgrade: Some(String::new()),
            }),
        }
    }
}

/// `24.1` for `v24.1.3`.
pub(crate) fn series(version: &str) -> String {
    version.parse::<crdbctl_cockroach::Version>().unwrap().series().setting()
}

pub(crate) fn member(id: u32, address: &str, build: &str) -> MemberFact {
    MemberFact {
        id,
        address: Some(address.to_owned()),
        build: Some(build.to_owned()),
        membership: MembershipFact::Active,
        figures: MemberFigures {
            live: Some(true),
            replicas: Some(40),
            unavailable: Some(0),
            ..MemberFigures::default()
        },
    }
}

pub(crate) fn present(fact: Fact) -> Observed {
    Observed::Present(Box::new(fact))
}

pub(crate) fn unknown() -> Observed {
    Observed::Unknown { reason: "Input/output error".to_owned() }
}

pub(crate) fn path(kind: FileKind, owner: &str, group: &str, mode: u32) -> PathFact {
    PathFact { kind, owner: owner.to_owned(), group: group.to_owned(), mode: Mode::new(mode) }
}

pub(crate) fn stopped(load: &str, enabled: &str) -> ServiceFact {
    ServiceFact {
        load_state: load.to_owned(),
        active_state: "inactive".to_owned(),
        sub_state: "dead".to_owned(),
        unit_file_state: enabled.to_owned(),
        need_daemon_reload: false,
        process: None,
        health: HealthFact::NotAsked,
        health_way: HealthWay::OnHost,
        pending: None,
        store_used: None,
    }
}

fn pair(issued: &Issued, owner: &str, group: &str) -> Fact {
    Fact::Certificate(NodeCertificateFact {
        certificate: Some(CertificateFileFact {
            path: path(FileKind::Regular, owner, group, 0o644),
            pem: issued.certificate_pem.clone(),
        }),
        key: Some(KeyFileFact {
            path: path(FileKind::Regular, owner, group, 0o600),
            public: PublicKey::Spki(key_spki_sha256(&issued.key_pem).unwrap()),
            made: true,
        }),
    })
}

fn line(change: &Change) -> String {
    let names: Vec<&str> = change.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let impact = match change.impact {
        Impact::None => "",
        Impact::Reload => " reload",
        Impact::Restart => " restart",
    };
    let cause = format!("{:?}", change.cause).to_lowercase();
    let names =
        if change.action == Action::Create { String::new() } else { format!(" [{}]", names.join(", ")) };
    format!("{} {} {cause}{impact}{names}", change.addr, change.action)
}

pub(crate) fn summary(plan: &Plan) -> Vec<String> {
    verdicts_agree(plan);
    let mut lines: Vec<String> = plan.changes.iter().map(line).collect();
    lines.extend(
        plan.rollout.iter().map(|step| format!("roll {} {:?}", step.node, step.impact).to_lowercase()),
    );
    lines.extend(plan.unknown.iter().map(|unknown| match (&unknown.addr, &unknown.node) {
        (Some(addr), _) => format!("unknown {addr}"),
        (None, Some(node)) => format!("unknown {node}"),
        (None, None) => "unknown".to_owned(),
    }));
    lines
}

/// Every change was compared and differs, nothing else does, and nothing unknown counts as well.
fn verdicts_agree(plan: &Plan) {
    let changed: BTreeSet<&ResourceAddr> = plan.changes.iter().map(|change| &change.addr).collect();
    let differing = plan.compared.iter().filter(|(_, verdict)| **verdict == Verdict::Differs);
    assert_eq!(differing.map(|(addr, _)| addr).collect::<BTreeSet<_>>(), changed);
    for unknown in plan.unknown.iter().filter_map(|unknown| unknown.addr.as_ref()) {
        assert_eq!(plan.compared.get(unknown), Some(&Verdict::Unknown), "{unknown}");
    }
}

pub(crate) fn issued_elsewhere(seconds: i64) -> String {
    Authority::create(KeyType::EcdsaP256, YEAR, NOW.plus(seconds)).unwrap().bundle().to_pem()
}
