//! Plans made by hand, as the planner makes them.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Action, AllowFrom, AttributeDiff, Basis, Cause, Change, ClusterName, Desired, DesiredAuthority,
    DesiredCa, DesiredClientCertificate, DesiredDirectory, DesiredFile, DesiredFirewall, DesiredGroup,
    DesiredInit, DesiredLink, DesiredNodeCertificate, DesiredPackage, DesiredService, DesiredUnit,
    DesiredUser, Digest, HostPath, Impact, KeyType, Mode, NodeName, Note, OwnerName, PackageMember, Plan,
    Removal, ResourceAddr, ResourceKind, RolloutStep, Transfer, UnitName, UnknownResource, Value, Verdict,
};

/// Returns every plan of the corpus by name.
pub(crate) fn corpus() -> BTreeMap<&'static str, Plan> {
    BTreeMap::from([
        ("certificates", certificates()),
        ("contract", contract()),
        ("empty", empty()),
        ("empty-incomplete", empty_incomplete()),
        ("fresh", fresh()),
        ("fleet", fleet()),
        ("hostile", hostile()),
        ("drift", drift()),
        ("leaving", leaving()),
        ("three-way", three_way()),
        ("unknown", unknown()),
    ])
}

fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

fn addr(text: &str) -> ResourceAddr {
    text.parse().unwrap()
}

fn path(text: &str) -> HostPath {
    HostPath::new(text).unwrap()
}

fn owner(text: &str) -> OwnerName {
    OwnerName::new(text).unwrap()
}

/// What every node has, and the cluster.
const OF_A_NODE: [&str; 14] = [
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
const OF_THE_CLUSTER: [&str; 3] = ["authority.ca", "certificate.client-root", "init.store"];

fn compared(nodes: &[&str], changes: &[Change]) -> BTreeMap<ResourceAddr, Verdict> {
    let of_nodes = nodes.iter().flat_map(|node| OF_A_NODE.map(|local| addr(&format!("{node}/{local}"))));
    let of_cluster = OF_THE_CLUSTER.map(|local| addr(&format!("cluster/{local}")));
    let mut compared: BTreeMap<ResourceAddr, Verdict> =
        of_nodes.chain(of_cluster).map(|addr| (addr, Verdict::Same)).collect();
    let restarting =
        changes.iter().filter(|it| it.addr.kind == ResourceKind::Unit && it.impact == Impact::Restart);
    compared.extend(
        restarting.map(|unit| {
            (addr(&format!("{}/service.cockroach", unit.addr.node().unwrap())), Verdict::Settled)
        }),
    );
    compared.extend(changes.iter().map(|change| (change.addr.clone(), Verdict::Differs)));
    compared
}

fn plan(nodes: &[&str], changes: Vec<Change>) -> Plan {
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
        transfers: changes.iter().filter(|change| change.bytes > 0).map(sent).collect(),
        compared: compared(nodes, &changes),
        changes,
        unknown: Vec::new(),
        notes: Vec::new(),
    }
}

fn change(at: &str, action: Action, cause: Cause, attributes: Vec<AttributeDiff>) -> Change {
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

fn because(mut change: Change, reason: &str) -> Change {
    change.reason = Some(reason.to_owned());
    change
}

fn hiding(mut change: Change, unchanged: usize) -> Change {
    change.unchanged = unchanged;
    change
}

fn create(at: &str, desired: Desired) -> Change {
    let mut change = change(at, Action::Create, Cause::Missing, Vec::new());
    change.desired = Some(desired);
    change
}

fn flags(cache: &str) -> String {
    format!(
        "/opt/cockroach/cockroach start --certs-dir=/opt/cockroach/certs --store=/opt/cockroach/data \
         --cache={cache} --max-sql-memory={cache}"
    )
}

/// The example of the contract.
pub(crate) fn contract() -> Plan {
    let exec_start = AttributeDiff::words("ExecStart", Some(flags(".25")), Some(flags(".35")))
        .with_impact(Impact::Restart);
    let mode = AttributeDiff::words("mode", Some("0666"), Some("0644"));
    let not_after = AttributeDiff::words("not_after", Some("2026-12-04"), Some("2031-11-26"));
    plan(
        &["store-1", "store-2", "store-3"],
        vec![
            change("store-1/unit.cockroach", Action::Update, Cause::Manifest, vec![exec_start]),
            because(
                change("store-2/file.ufw-profile", Action::Update, Cause::Drift, vec![mode]),
                "edited on the host",
            ),
            because(
                change(
                    "store-3/certificate.node",
                    Action::Replace,
                    Cause::Expiry,
                    vec![not_after.with_impact(Impact::Reload)],
                ),
                "expires in 12 days",
            ),
        ],
    )
}

/// Nothing to do.
pub(crate) fn empty() -> Plan {
    plan(&["store-1", "store-2", "store-3"], Vec::new())
}

/// Nothing to do where it could be read.
pub(crate) fn empty_incomplete() -> Plan {
    let mut plan = plan(&["store-1", "store-3"], Vec::new());
    plan.unknown = vec![unreachable("store-2")];
    plan
}

fn unreachable(name: &str) -> UnknownResource {
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

/// Three bare hosts.
pub(crate) fn fresh() -> Plan {
    let names = ["store-1", "store-2", "store-3"];
    let mut changes = vec![
        create(
            "cluster/authority.ca",
            Desired::Authority(DesiredAuthority {
                directory: "keys".to_owned(),
                key: KeyType::EcdsaP256,
                lifetime: 3660 * 86_400,
            }),
        ),
        create(
            "cluster/certificate.client-root",
            Desired::ClientCertificate(DesiredClientCertificate {
                user: "root".to_owned(),
                key: KeyType::EcdsaP256,
                lifetime: 1830 * 86_400,
                renew_before: 0,
            }),
        ),
    ];
    for (at, name) in names.iter().enumerate() {
        changes.extend(fresh_node(name, at));
    }
    let mut init = create(
        "cluster/init.store",
        Desired::Init(DesiredInit {
            nodes: names.iter().map(|name| node(name)).collect(),
            through: node("store-1"),
        }),
    );
    init.depends_on = names.iter().map(|name| addr(&format!("{name}/service.cockroach"))).collect();
    changes[1].depends_on = BTreeSet::from([addr("cluster/authority.ca")]);
    changes.push(init);
    plan(&names, changes)
}

fn file(at: &str, content: String) -> DesiredFile {
    let root = owner("root");
    DesiredFile { path: path(at), content, owner: root.clone(), group: root, mode: Mode::new(0o644) }
}

fn directory(at: &str) -> Desired {
    let user = owner("cockroach");
    Desired::Directory(DesiredDirectory {
        path: path(at),
        owner: user.clone(),
        group: user,
        mode: Mode::new(0o750),
    })
}

fn fresh_node(name: &str, number: usize) -> Vec<Change> {
    let user = owner("cockroach");
    let address = std::net::IpAddr::from([198, 0, 2, 166 + u8::try_from(number).unwrap()]);
    let package = path("/opt/cockroach-v24.1.0.linux-amd64");
    let binary = package.join("cockroach").unwrap();
    let link =
        |at: &str, target: &HostPath| Desired::Link(DesiredLink { path: path(at), target: target.clone() });
    let member = PackageMember {
        path: "cockroach".to_owned(),
        mode: Mode::new(0o755),
        size: 1,
        digest: Digest::of("cockroach"),
    };
    let at = |local: &str| format!("{name}/{local}");
    let mut unpack = create(
        &at("package.cockroach-v24.1.0.linux-amd64"),
        Desired::Package(DesiredPackage {
            path: package,
            version: "v24.1.0".to_owned(),
            archive: Digest::of("archive"),
            archive_size: 118_400_000,
            members: vec![member],
        }),
    );
    unpack.bytes = 118_400_000;
    let ca = DesiredCa {
        path: path("/opt/cockroach/certs/ca.crt"),
        owner: user.clone(),
        group: user.clone(),
        mode: Mode::new(0o644),
    };
    let certificate = DesiredNodeCertificate {
        certificate: path("/opt/cockroach/certs/node.crt"),
        key: path("/opt/cockroach/certs/node.key"),
        owner: user.clone(),
        group: user.clone(),
        dns_names: BTreeSet::from(["localhost".to_owned(), name.to_owned()]),
        addresses: BTreeSet::from([address]),
        key_type: KeyType::EcdsaP256,
        lifetime: 1830 * 86_400,
        renew_before: 30 * 86_400,
    };
    let firewall = DesiredFirewall {
        profile: "CockroachDB".to_owned(),
        profile_path: path("/etc/ufw/applications.d/cockroach"),
        ports: "26257,8080/tcp".to_owned(),
        allow_from: BTreeSet::from([AllowFrom::Any]),
        enable: false,
        ssh_port: 22,
    };
    let service = DesiredService {
        unit: UnitName::new("cockroach").unwrap(),
        user: user.clone(),
        argv: vec!["/opt/cockroach/cockroach".to_owned(), "start".to_owned()],
        environment: BTreeMap::new(),
        nofile: Some(65_536),
        binary: binary.clone(),
        binary_digest: Digest::of("cockroach"),
        program: path("/opt/cockroach/cockroach"),
        http_address: format!("{address}:8080"),
        sql_address: format!("{address}:26257"),
        rpc_address: format!("{address}:26257"),
        certs: path("/opt/cockroach/certs"),
        version: "v24.1.0".to_owned(),
        store: path("/var/lib/cockroach"),
    };
    let home = path("/var/lib/cockroach");
    let mut changes = vec![
        create(&at("group.cockroach"), Desired::Group(DesiredGroup { name: user.clone() })),
        create(
            &at("user.cockroach"),
            Desired::User(DesiredUser { name: user.clone(), group: user.clone(), home }),
        ),
        unpack,
        create(&at("directory.root"), directory("/opt/cockroach")),
        create(&at("directory.certs"), directory("/opt/cockroach/certs")),
        create(&at("directory.data"), directory("/var/lib/cockroach")),
        create(&at("link.data"), link("/opt/cockroach/data", &path("/var/lib/cockroach"))),
        create(&at("link.cockroach"), link("/opt/cockroach/cockroach", &binary)),
        create(&at("certificate.ca"), Desired::Ca(ca)),
        create(&at("certificate.node"), Desired::NodeCertificate(certificate)),
        create(
            &at("file.ufw-profile"),
            Desired::File(file("/etc/ufw/applications.d/cockroach", "[CockroachDB]\n".repeat(4))),
        ),
        create(&at("firewall.ufw"), Desired::Firewall(firewall)),
        create(
            &at("unit.cockroach"),
            Desired::Unit(DesiredUnit {
                name: UnitName::new("cockroach").unwrap(),
                file: file("/etc/systemd/system/cockroach.service", "[Unit]\n".repeat(23)),
                set_drop_ins_aside: true,
            }),
        ),
        create(&at("service.cockroach"), Desired::Service(service)),
    ];
    let rests_on: [(usize, &[usize]); 12] = [
        (1, &[0]),
        (3, &[0, 1]),
        (4, &[3]),
        (5, &[0, 1]),
        (6, &[3, 5]),
        (7, &[2, 3]),
        (8, &[4]),
        (9, &[4, 8]),
        (11, &[10]),
        (12, &[1, 3, 7]),
        (13, &[2, 3, 5, 6, 7, 8, 9, 12]),
        (10, &[]),
    ];
    for (of, on) in rests_on {
        changes[of].depends_on = on.iter().map(|at| changes[*at].addr.clone()).collect();
    }
    for of in [8, 9] {
        changes[of].depends_on.insert(addr("cluster/authority.ca"));
    }
    changes
}

fn unit(address: &str, nofile: u32) -> String {
    format!(
        "[Unit]\nDescription=CockroachDB\nAfter=network-online.target\n\n[Service]\nType=notify\n\
         ExecStart=/opt/cockroach/cockroach start --certs-dir=/opt/cockroach/certs --listen-addr={address}\n\
         LimitNOFILE={nofile}\nTimeoutStopSec=300\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n"
    )
}

/// Thirty nodes with the same change, and one that needs more.
pub(crate) fn fleet() -> Plan {
    let names: Vec<String> = (1..=30).map(|number| format!("store-{number:02}")).collect();
    let mut changes = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let address = format!("198.0.2.{}", at + 1);
        let content =
            AttributeDiff::texts("content", Some(unit(&address, 35_000)), Some(unit(&address, 65_536)));
        changes.push(hiding(
            change(
                &format!("{name}/unit.cockroach"),
                Action::Update,
                Cause::Manifest,
                vec![
                    content.with_impact(Impact::Restart).with_remark(format!("restarts cockroach on {name}")),
                ],
            ),
            3,
        ));
    }
    let mode = AttributeDiff::words("mode", Some("0755"), Some("0750"));
    let group = AttributeDiff::words("group", Some("root"), Some("cockroach"));
    changes.push(change("store-17/directory.root", Action::Update, Cause::Drift, vec![mode, group]));
    plan(&names.iter().map(String::as_str).collect::<Vec<_>>(), changes)
}

/// Hosts that were edited by hand.
pub(crate) fn drift() -> Plan {
    let link = |name: &str| DesiredLink { path: path(name), target: path("/var/lib/cockroach") };
    let mut lost = create("store-1/link.data", Desired::Link(link("/opt/cockroach/data")));
    lost.cause = Cause::Drift;
    lost.reason = Some("deleted on the host".to_owned());
    let drop_in =
        AttributeDiff::texts("content", Some("[Service]\nExecStart=\nExecStart=/bin/false\n"), None::<&str>)
            .with_impact(Impact::Restart)
            .with_remark("set aside as /var/lib/crdbctl/set-aside/override.conf");
    let argv = AttributeDiff {
        name: "argv".to_owned(),
        before: Some(Value::List(vec![
            "start".to_owned(),
            "--cache=.1".to_owned(),
            "--join=198.0.2.166".to_owned(),
        ])),
        after: Some(Value::List(vec![
            "start".to_owned(),
            "--cache=.25".to_owned(),
            "--join=198.0.2.166".to_owned(),
        ])),
        impact: Impact::Restart,
        remark: None,
    };
    let names = AttributeDiff {
        name: "names".to_owned(),
        before: Some(Value::List(vec!["localhost".to_owned(), "store-2".to_owned()])),
        after: Some(Value::List(vec![
            "localhost".to_owned(),
            "store-1".to_owned(),
            "lb.example.com".to_owned(),
        ])),
        impact: Impact::Reload,
        remark: Some("it is the certificate of store-2".to_owned()),
    };
    let mut package = change(
        "store-2/package.v24.1.0",
        Action::Replace,
        Cause::Drift,
        vec![
            AttributeDiff::words("cockroach digest", Some("9f86d081"), Some("2c26b46b"))
                .with_impact(Impact::Restart),
            AttributeDiff::words("libgeos.so", None::<&str>, Some("present")),
        ],
    );
    package.bytes = 118_400_000;
    let mut plan = plan(
        &["store-1", "store-2", "store-3"],
        vec![
            lost,
            hiding(change("store-1/certificate.node", Action::Replace, Cause::Drift, vec![names]), 4),
            hiding(package, 2),
            because(
                change("store-2/drop-in.override.conf", Action::Delete, Cause::Differs, vec![drop_in]),
                "the manifest has no such drop-in",
            ),
            because(
                hiding(change("store-3/service.cockroach", Action::Update, Cause::Drift, vec![argv]), 9),
                "the process runs with other flags than the unit's",
            ),
        ],
    );
    plan.notes = vec![
        Note {
            addr: Some(addr("store-1/certificate.node")),
            text: "its key was not made by crdbctl; it is kept as node.key.old until the next apply, then forgotten"
                .to_owned(),
        },
        Note { addr: None, text: "the join list changed; that alone restarts nothing".to_owned() },
    ];
    plan
}

/// Who moved: the manifest, the host, both, nobody that a record tells of, and an apply that was interrupted.
pub(crate) fn three_way() -> Plan {
    let word = |name: &str, before: &str, after: &str| AttributeDiff::words(name, Some(before), Some(after));
    let limits = vec![
        word("LimitNOFILE", "35000", "65536").with_impact(Impact::Restart),
        word("mode", "0666", "0644").with_remark("drift: edited on the host"),
    ];
    let mut plan = plan(
        &["store-1", "store-2", "store-3"],
        vec![
            because(
                hiding(change("store-1/unit.cockroach", Action::Update, Cause::Manifest, limits), 3),
                "and the host changed as well",
            ),
            change(
                "store-1/directory.certs",
                Action::Update,
                Cause::Differs,
                vec![word("owner", "azmin", "cockroach"), word("group", "zees", "cockroach")],
            ),
            because(
                change(
                    "store-2/firewall.ufw",
                    Action::Update,
                    Cause::Drift,
                    vec![AttributeDiff {
                        name: "rules".to_owned(),
                        before: Some(Value::List(vec!["allow 26257 from anywhere".to_owned()])),
                        after: Some(Value::List(vec![
                            "allow 26257 from anywhere".to_owned(),
                            "allow 8080 from 198.0.2.0/24".to_owned(),
                        ])),
                        impact: Impact::None,
                        remark: None,
                    }],
                ),
                "a rule was deleted on the host",
            ),
            because(
                change(
                    "store-2/service.cockroach",
                    Action::Update,
                    Cause::Unfinished,
                    vec![word("process", "of before", "of now").with_impact(Impact::Restart)],
                ),
                "a restart is pending",
            ),
        ],
    );
    plan.changes[3].depends_on = BTreeSet::from([addr("store-2/firewall.ufw")]);
    plan.compared.insert(addr("store-3/unit.cockroach"), Verdict::PutOff);
    plan.notes = vec![Note {
        addr: Some(addr("store-3/unit.cockroach")),
        text: "differs, and is left alone".to_owned(),
    }];
    plan
}

/// Certificates near their end, everywhere: the control host, and every node, without a restart.
fn certificates() -> Plan {
    let not_after = || {
        AttributeDiff::words("not_after", Some("2026-12-04"), Some("2031-11-26")).with_impact(Impact::Reload)
    };
    let of_client = AttributeDiff::words("not_after", Some("2026-12-04"), Some("2031-11-26"));
    let client = change("cluster/certificate.client-root", Action::Replace, Cause::Expiry, vec![of_client]);
    let of_node = |name: &str| {
        because(
            hiding(
                change(
                    &format!("{name}/certificate.node"),
                    Action::Replace,
                    Cause::Expiry,
                    vec![not_after()],
                ),
                4,
            ),
            "expires in 12 days",
        )
    };
    let names = ["store-1", "store-2", "store-3"];
    plan(&names, std::iter::once(client).chain(names.map(of_node)).collect())
}

/// A node leaves, and its data with it: what crdbctl made goes, in the reverse of its order.
fn leaving() -> Plan {
    let word = |name: &str, before: &str| AttributeDiff::words(name, Some(before), None::<&str>);
    let gone = |at: &str, removal, attributes| {
        let mut change = change(at, Action::Delete, Cause::Surplus, attributes);
        change.removal = Some(removal);
        change
    };
    let leaves = AttributeDiff::words("store-4", Some("active (n4)"), Some("decommissioned"))
        .with_remark("118 replicas move to other nodes first; for good");
    let members = change("cluster/members.store", Action::Update, Cause::Manifest, vec![leaves]);
    let unit = UnitName::new("cockroach").unwrap();
    let active = word("active", "active").with_remark("CockroachDB stops for good");
    let mut service = gone(
        "store-4/service.cockroach",
        Removal::Service { unit: unit.clone(), stops: true },
        vec![active, word("enabled", "enabled")],
    );
    service.depends_on = BTreeSet::from([members.addr.clone()]);
    let unit_file = path("/etc/systemd/system/cockroach.service");
    let mut unit = gone(
        "store-4/unit.cockroach",
        Removal::Files { paths: vec![unit_file.clone()], aside: false, unit: Some(unit) },
        vec![word("path", unit_file.as_str())],
    );
    unit.depends_on = BTreeSet::from([service.addr.clone()]);
    let all = word("data", "all in /var/lib/cockroach").with_remark("ALL DATA of this node is deleted");
    let mut data = gone(
        "store-4/directory.data",
        Removal::Data { path: path("/var/lib/cockroach"), directory: true },
        vec![all, word("path", "/var/lib/cockroach")],
    );
    data.depends_on = BTreeSet::from([service.addr.clone(), unit.addr.clone()]);
    plan(&["store-1", "store-2", "store-3", "store-4"], vec![members, service, unit, data])
}

/// One node is down, and on another a file could not be read.
pub(crate) fn unknown() -> Plan {
    let mode = AttributeDiff::words("mode", Some("0666"), Some("0644"));
    let mut plan = plan(
        &["store-1"],
        vec![change("store-1/file.ufw-profile", Action::Update, Cause::Differs, vec![mode])],
    );
    plan.compared.insert(addr("store-1/unit.cockroach"), Verdict::Unknown);
    plan.unknown = vec![
        unreachable("store-2"),
        unreachable("store-3"),
        UnknownResource {
            node: Some(node("store-1")),
            addr: Some(addr("store-1/unit.cockroach")),
            reason:
                "reading /etc/systemd/system/cockroach.service ended with status 1:\ncat: Input/output error"
                    .to_owned(),
            hint: "look at the disk: dmesg on store-1".to_owned(),
        },
    ];
    plan
}

/// Strings that a host or a manifest could use against its reader.
pub(crate) fn hostile() -> Plan {
    let evil = "\x1b[2J\x1b]0;owned\x07\r\n# No changes.\u{202e}gpj\0";
    let text =
        AttributeDiff::texts("content", Some("ok\n\x1b[1A\x1b[2Kgone\n"), Some("ok\nfine\n\u{200b}\n"));
    let word = AttributeDiff::words(evil, Some(evil), Some("")).with_remark(evil);
    let long = AttributeDiff::words("flag", Some("x".repeat(300)), Some(format!("{}y", "x".repeat(300))));
    let update = change("store-1/unit.cockroach", Action::Update, Cause::Drift, vec![text, word, long]);
    let markup = "<script>alert(1)</script><img src=x onerror=alert(2)> ]]> {{ 7*7 }} {% raw %}";
    let table = "| a | b |\n|---|---|\n```\n````\n</details></summary>\n# Heading\n@everyone #1 https://example.com/\n";
    let html =
        AttributeDiff::words(markup, Some(markup), Some("`` ` |pipe| *bold* [x](javascript:alert(3))"));
    let fences = AttributeDiff::texts("content", Some(table), Some("~~~\n```` end\n\u{fffe}\n"));
    let list = AttributeDiff {
        name: "list".to_owned(),
        before: Some(Value::List(vec![markup.to_owned(), table.to_owned(), evil.to_owned()])),
        after: Some(Value::List(Vec::new())),
        impact: Impact::Restart,
        remark: Some(table.to_owned()),
    };
    let second = because(
        change("store-1/file.ufw-profile", Action::Update, Cause::Drift, vec![html, fences, list]),
        table,
    );
    let mut plan = plan(&["store-1"], vec![because(update, evil), because(second, markup)]);
    plan.unknown = vec![UnknownResource {
        node: Some(node("store-2")),
        addr: None,
        reason: evil.to_owned(),
        hint: evil.to_owned(),
    }];
    plan.unknown.push(UnknownResource {
        node: Some(node("store-3")),
        addr: None,
        reason: table.to_owned(),
        hint: markup.to_owned(),
    });
    plan.notes = [evil, markup, table]
        .map(|text| Note { addr: Some(addr("store-1/unit.cockroach")), text: text.to_owned() })
        .to_vec();
    plan
}

/// Returns a plan for `count` nodes of which each differs in its own way, four changes each: nothing can be told once.
pub(crate) fn scattered(count: usize) -> Plan {
    let names: Vec<String> = (1..=count).map(|number| format!("store-{number:04}")).collect();
    let mut changes = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let content = AttributeDiff::texts(
            "content",
            Some(format!("{}# edited by hand {at}\n", unit("198.0.2.1", 35_000))),
            Some(unit("198.0.2.1", 65_536)),
        );
        let mode = AttributeDiff::words("mode", Some(format!("0{at:o}")), Some("0640"));
        let flag = AttributeDiff::words("flags.cache", Some(format!(".{at}")), Some(".25"));
        let until = AttributeDiff::words("not_after", Some(format!("2026-12-04 {at}")), Some("2031-11-26"));
        let local = |local: &str| format!("{name}/{local}");
        let differing =
            |at: &str, attribute| hiding(change(at, Action::Update, Cause::Drift, vec![attribute]), 3);
        let mut service = differing(&local("service.cockroach"), flag.with_impact(Impact::Restart));
        service.depends_on = BTreeSet::from([addr(&local("unit.cockroach"))]);
        changes.extend([
            differing(&local("directory.root"), mode),
            differing(&local("certificate.node"), until.with_impact(Impact::Reload)),
            differing(&local("unit.cockroach"), content.with_impact(Impact::Restart)),
            service,
        ]);
    }
    plan(&names.iter().map(String::as_str).collect::<Vec<_>>(), changes)
}
