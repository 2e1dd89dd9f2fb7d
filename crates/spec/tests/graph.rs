//! From manifests to graphs: addresses, edges, units.

mod common;

use common::{MINIMAL, graph, manifest};
use crdbctl_model::{Desired, NodeName, Presence, Resource, ResourceAddr, ResourceGraph, ResourceKind};
use crdbctl_spec::{Arch, Inputs, lower, parse, placeholder_archives};

#[test]
fn a_minimal_manifest_gives_every_resource_in_order() {
    let graph = graph(MINIMAL);
    let addresses: Vec<String> = graph
        .resources
        .keys()
        .map(ToString::to_string)
        .filter(|addr| !addr.starts_with("store-2") && !addr.starts_with("store-3"))
        .collect();
    insta::assert_snapshot!(addresses.join("\n"), @"
    cluster/authority.ca
    cluster/certificate.client.root
    cluster/init.store
    cluster/members.store
    cluster/version.store
    store-1/group.cockroach
    store-1/user.cockroach
    store-1/package.cockroach-v24.1.0.linux-amd64
    store-1/directory.certs
    store-1/directory.data
    store-1/directory.root
    store-1/link.cockroach
    store-1/link.data
    store-1/certificate.ca
    store-1/certificate.node
    store-1/file.ufw-profile
    store-1/firewall.ufw
    store-1/unit.cockroach
    store-1/service.cockroach
    ");
    assert!(graph.order().is_ok());
}

#[test]
fn the_built_in_unit() {
    let graph = graph(MINIMAL);
    let files = crdbctl_spec::render(&graph, &NodeName::new("store-1").unwrap());
    let text: Vec<String> = files.iter().map(|(path, content)| format!("== {path}\n{content}")).collect();
    insta::assert_snapshot!(text.join("\n"), @"
    == /etc/systemd/system/cockroach.service
    # Written by crdbctl for the cluster store: changes made here are drift.
    [Unit]
    Description=CockroachDB node store-1 of cluster store
    Documentation=https://www.cockroachlabs.com/docs/
    After=network-online.target
    Wants=network-online.target
    ConditionPathExists=!/opt/cockroach/cockroach_not_to_be_run
    StartLimitIntervalSec=600
    StartLimitBurst=20

    [Service]
    Type=notify
    User=cockroach
    Group=cockroach
    WorkingDirectory=/opt/cockroach
    ExecStart=/opt/cockroach/cockroach start --certs-dir=/opt/cockroach/certs --listen-addr=198.0.2.166:26257 --advertise-addr=198.0.2.166:26257 --http-addr=198.0.2.166:8080 --store=/var/lib/cockroach --join=198.0.2.166:26257,198.0.2.158:26257,198.0.2.171:26257
    ExecReload=/bin/kill -HUP $MAINPID
    KillMode=mixed
    TimeoutStartSec=300
    TimeoutStopSec=300
    Restart=always
    RestartSec=10
    RestartPreventExitStatus=10
    LimitNOFILE=65536

    [Install]
    WantedBy=multi-user.target

    == /etc/ufw/applications.d/cockroach
    [CockroachDB]
    title=CockroachDB
    description=SQL and traffic between nodes of CockroachDB, and its HTTP endpoint
    ports=26257,8080/tcp
    ");
    let service = graph.resources.values().find_map(|resource| match &resource.desired {
        Desired::Service(service) => Some(service.clone()),
        _ => None,
    });
    insta::assert_snapshot!(format!("{:#?}", service.unwrap()), @r#"
    DesiredService {
        unit: UnitName(
            "cockroach",
        ),
        user: OwnerName(
            "cockroach",
        ),
        argv: [
            "/opt/cockroach/cockroach",
            "start",
            "--certs-dir=/opt/cockroach/certs",
            "--listen-addr=198.0.2.166:26257",
            "--advertise-addr=198.0.2.166:26257",
            "--http-addr=198.0.2.166:8080",
            "--store=/var/lib/cockroach",
            "--join=198.0.2.166:26257,198.0.2.158:26257,198.0.2.171:26257",
        ],
        environment: {},
        nofile: Some(
            65536,
        ),
        binary: HostPath(
            "/opt/cockroach-v24.1.0.linux-amd64/cockroach",
        ),
        binary_digest: Some(
            Digest(0000000000000000000000000000000000000000000000000000000000000000),
        ),
        program: HostPath(
            "/opt/cockroach/cockroach",
        ),
        http_address: "198.0.2.166:8080",
        sql_address: "198.0.2.166:26257",
        rpc_address: "198.0.2.166:26257",
        certs: HostPath(
            "/opt/cockroach/certs",
        ),
        version: "v24.1.0",
        store: HostPath(
            "/var/lib/cockroach",
        ),
    }
    "#);
    assert!(manifest(MINIMAL).unsupported().is_empty());
}

/// Everything that systemd would expand or stumble over, in flags and variables.
#[test]
fn hostile_values_stay_words_of_the_unit() {
    let text = MINIMAL.replace(
        "  version: v24.1.0\n",
        r#"  version: v24.1.0
  flags:
    log: "{sinks: {stderr: {filter: NONE}}, file-defaults: {dir: '/var/log/%n $$HOME'}}"
    cluster-name: 'a"b\c;d'
    socket-dir: ""
  environment:
    A: 50% of $$HOME
    B: it's "quoted" \
"#,
    );
    let graph = graph(&text);
    let service = graph.resources.values().find_map(|resource| match &resource.desired {
        Desired::Service(service) => Some(service.clone()),
        _ => None,
    });
    let service = service.unwrap();
    insta::assert_snapshot!(service.argv[8..].join("\n"), @r#"
    --cluster-name=a"b\c;d
    --log={sinks: {stderr: {filter: NONE}}, file-defaults: {dir: '/var/log/%n $HOME'}}
    --socket-dir=
    "#);
    insta::assert_snapshot!(format!("{:#?}", service.environment), @r#"
    {
        "A": "50% of $HOME",
        "B": "it's \"quoted\" \\",
    }
    "#);
    let files = crdbctl_spec::render(&graph, &NodeName::new("store-1").unwrap());
    let lines: Vec<&str> = files[0]
        .1
        .lines()
        .filter_map(|line| {
            line.split_once(" --cluster-name")
                .map_or_else(|| line.starts_with("Environment").then_some(line), |(_, rest)| Some(rest))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Environment="A=50%% of $HOME"
    Environment="B=it's \"quoted\" \\"
    "#);
}

#[test]
fn a_node_has_its_own_over_the_clusters() {
    let graph = graph(include_str!("../../../specs/examples/full.yaml"));
    let first = &graph.nodes[&NodeName::new("store-1").unwrap()];
    insta::assert_snapshot!(format!("{first:#?}"), @r#"
    NodeSpec {
        name: NodeName(
            "store-1",
        ),
        address: 198.0.2.166,
        ssh_host: "store-1.int.seo01.mgmt",
        ssh_user: Some(
            "azmin",
        ),
        ssh_port: Some(
            2222,
        ),
        ssh_identity_file: Some(
            "~/.ssh/id_ed25519",
        ),
        ssh_config_file: Some(
            "~/.ssh/config",
        ),
        ssh_jump: Some(
            "bastion.example.com",
        ),
        privilege: "auto",
        arch: "amd64",
        presence: Present,
        locality: Some(
            "region=kr,zone=seo01",
        ),
    }
    "#);
    let argv = |node: &str| -> Vec<String> {
        let addr: ResourceAddr = format!("{node}/service.cockroach").parse().unwrap();
        match &graph.resources[&addr].desired {
            Desired::Service(service) => {
                service.argv.iter().filter(|word| word.starts_with("--cache")).cloned().collect()
            }
            _ => panic!(),
        }
    };
    assert_eq!(
        (argv("store-1"), argv("store-2")),
        (vec!["--cache=.35".to_owned()], vec!["--cache=.25".to_owned()])
    );
    let addr: ResourceAddr = "store-1/certificate.node".parse().unwrap();
    insta::assert_snapshot!(format!("{:#?}", graph.resources[&addr].desired), @r#"
    NodeCertificate(
        DesiredNodeCertificate {
            certificate: HostPath(
                "/opt/cockroach/certs/node.crt",
            ),
            key: HostPath(
                "/opt/cockroach/certs/node.key",
            ),
            owner: OwnerName(
                "cockroach",
            ),
            group: OwnerName(
                "cockroach",
            ),
            dns_names: {
                "lb.example.com",
                "localhost",
                "store-1",
                "store-1.int.seo01.mgmt",
            },
            addresses: {
                127.0.0.1,
                198.0.2.10,
                198.0.2.166,
            },
            key_type: EcdsaP256,
            lifetime: 158112000,
            renew_before: 2592000,
        },
    )
    "#);
    assert!(graph.resources.contains_key(&"store-3/package.cockroach-v24.1.0.linux-arm64".parse().unwrap()));
}

#[test]
fn what_a_manifest_leaves_out_has_no_resources() {
    let text =
        format!("{MINIMAL}install: {{create_user: false}}\nfirewall: none\ncertificates: {{clients: []}}\n");
    let graph = graph(&text);
    let kinds: std::collections::BTreeSet<ResourceKind> =
        graph.resources.keys().map(|addr| addr.kind).collect();
    for gone in [ResourceKind::User, ResourceKind::Group, ResourceKind::Firewall, ResourceKind::File] {
        assert!(!kinds.contains(&gone), "{gone}");
    }
    assert!(!graph.resources.contains_key(&"cluster/certificate.client.root".parse().unwrap()));
    for resource in graph.resources.values() {
        let missing: Vec<_> =
            resource.depends_on.iter().filter(|addr| !graph.resources.contains_key(addr)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", resource.addr);
    }
    graph.order().unwrap();
}

#[test]
fn making_demands_come_in_order() {
    let text = format!("{MINIMAL}service: {{unit_path: /opt/cockroach/cockroach.service}}\n");
    let graph = graph(&text);
    let order = graph.order().unwrap();
    let at = |addr: &str| {
        order.iter().position(|other| other.to_string() == addr).unwrap_or_else(|| panic!("{addr}"))
    };
    for (first, then) in [
        ("cluster/authority.ca", "cluster/certificate.client.root"),
        ("store-1/group.cockroach", "store-1/user.cockroach"),
        ("store-1/user.cockroach", "store-1/directory.root"),
        ("store-1/directory.root", "store-1/directory.certs"),
        ("store-1/directory.root", "store-1/link.data"),
        ("store-1/directory.data", "store-1/link.data"),
        ("store-1/package.cockroach-v24.1.0.linux-amd64", "store-1/link.cockroach"),
        ("store-1/directory.certs", "store-1/certificate.ca"),
        ("cluster/authority.ca", "store-1/certificate.ca"),
        ("store-1/certificate.ca", "store-1/certificate.node"),
        ("store-1/file.ufw-profile", "store-1/firewall.ufw"),
        ("store-1/directory.root", "store-1/unit.cockroach"),
        ("store-1/unit.cockroach", "store-1/link.unit"),
        ("store-1/link.unit", "store-1/service.cockroach"),
        ("store-1/certificate.node", "store-1/service.cockroach"),
        ("store-3/service.cockroach", "cluster/init.store"),
    ] {
        assert!(at(first) < at(then), "{first} before {then}");
        let reached = graph.resources[&then.parse().unwrap()].depends_on.contains(&first.parse().unwrap());
        assert!(reached, "{then} depends on {first}");
    }
    for resource in graph.resources.values().filter(|resource| resource.addr.kind == ResourceKind::Service) {
        for other in graph.of_node(resource.addr.node().unwrap()).filter(|other| other.addr != resource.addr)
        {
            assert!(resource.depends_on.contains(&other.addr), "{} without {}", resource.addr, other.addr);
        }
    }
}

#[test]
fn the_digest_follows_all_that_a_manifest_draws_in() {
    let of = |text: &str, version: &'static str| {
        let environment = move |name: &str| (name == "V").then(|| version.to_owned());
        let inputs = crdbctl_spec::Inputs { environment: &environment, file: &|_| Err(String::new()) };
        crdbctl_spec::parse(text, "x", &inputs).unwrap().digest
    };
    let text = MINIMAL.replace("v24.1.0", "${V}");
    assert_eq!(of(&text, "v24.1.0"), of(&text, "v24.1.0"));
    assert_ne!(of(&text, "v24.1.0"), of(&text, "v24.1.1"));
    assert_ne!(of(MINIMAL, "v24.1.0"), of(&format!("{MINIMAL}# a comment\n"), "v24.1.0"));
    assert_eq!(of(MINIMAL, "v24.1.0"), of(MINIMAL, "v24.1.1"));
}

#[test]
fn pictures() {
    let text = "apiVersion: crdbctl/v1\nkind: Cluster\nname: s\ncockroach: {version: v24.1.0}\nfirewall: none\ninstall: {create_user: false}\nnodes: [{name: a, address: 198.0.2.1}]\n";
    let graph = graph(text);
    insta::assert_snapshot!(crdbctl_spec::to_dot(&graph), @r#"
    digraph crdbctl {
      rankdir=LR;
      node [shape=box];
      subgraph "cluster_cluster" {
        label="cluster";
        "cluster/authority.ca" [label="authority.ca"];
        "cluster/certificate.client.root" [label="certificate.client.root"];
        "cluster/init.s" [label="init.s"];
        "cluster/members.s" [label="members.s"];
        "cluster/version.s" [label="version.s"];
      }
      subgraph "cluster_a" {
        label="a";
        "a/package.cockroach-v24.1.0.linux-amd64" [label="package.cockroach-v24.1.0.linux-amd64"];
        "a/directory.certs" [label="directory.certs"];
        "a/directory.data" [label="directory.data"];
        "a/directory.root" [label="directory.root"];
        "a/link.cockroach" [label="link.cockroach"];
        "a/link.data" [label="link.data"];
        "a/certificate.ca" [label="certificate.ca"];
        "a/certificate.node" [label="certificate.node"];
        "a/unit.cockroach" [label="unit.cockroach"];
        "a/service.cockroach" [label="service.cockroach"];
      }
      "cluster/certificate.client.root" -> "cluster/authority.ca";
      "cluster/init.s" -> "a/service.cockroach";
      "cluster/members.s" -> "cluster/init.s";
      "cluster/version.s" -> "cluster/members.s";
      "a/directory.certs" -> "a/directory.root";
      "a/link.cockroach" -> "a/package.cockroach-v24.1.0.linux-amd64";
      "a/link.cockroach" -> "a/directory.root";
      "a/link.data" -> "a/directory.data";
      "a/link.data" -> "a/directory.root";
      "a/certificate.ca" -> "cluster/authority.ca";
      "a/certificate.ca" -> "a/directory.certs";
      "a/certificate.node" -> "a/certificate.ca";
      "a/service.cockroach" -> "a/link.cockroach";
      "a/service.cockroach" -> "a/link.data";
      "a/service.cockroach" -> "a/certificate.node";
      "a/service.cockroach" -> "a/unit.cockroach";
    }
    "#);
    insta::assert_snapshot!(crdbctl_spec::to_mermaid(&graph), @r#"
    flowchart LR
      subgraph s0["cluster"]
        r0["authority.ca"]
        r1["certificate.client.root"]
        r2["init.s"]
        r3["members.s"]
        r4["version.s"]
      end
      subgraph s1["a"]
        r5["package.cockroach-v24.1.0.linux-amd64"]
        r6["directory.certs"]
        r7["directory.data"]
        r8["directory.root"]
        r9["link.cockroach"]
        r10["link.data"]
        r11["certificate.ca"]
        r12["certificate.node"]
        r13["unit.cockroach"]
        r14["service.cockroach"]
      end
      r1 --> r0
      r2 --> r14
      r3 --> r2
      r4 --> r3
      r6 --> r8
      r9 --> r5
      r9 --> r8
      r10 --> r7
      r10 --> r8
      r11 --> r0
      r11 --> r6
      r12 --> r11
      r14 --> r9
      r14 --> r10
      r14 --> r12
      r14 --> r13
    "#);
    let json = crdbctl_spec::to_json(&graph);
    assert_eq!(json["format_version"], 1);
    assert_eq!(json["resources"].as_array().unwrap().len(), graph.resources.len());
    assert_eq!(json["resources"][0]["address"], "cluster/authority.ca");
}

#[test]
fn archives_that_are_missing_or_wrong_are_errors() {
    let manifest = manifest(MINIMAL);
    let mut archives = crdbctl_spec::placeholder_archives();
    for archive in archives.values_mut() {
        archive.members.clear();
    }
    let error = crdbctl_spec::lower(&manifest, &archives).unwrap_err().to_string();
    assert_eq!(
        error,
        "store-1: the archive for amd64 holds no program `cockroach`: is it a release of CockroachDB?"
    );
    let error = crdbctl_spec::lower(&manifest, &std::collections::BTreeMap::new()).unwrap_err().to_string();
    assert_eq!(error, "store-1: nothing is known of the archive for amd64: fetch it first");
}

#[test]
fn a_decommissioned_node_has_all_that_it_had_to_be_gone_in_the_reverse_order() {
    let manifest = |state: &str| {
        format!(
            "apiVersion: crdbctl/v1\nkind: Cluster\nname: store\ncockroach: {{version: v24.1.0}}\nnodes:\n\
             - {{name: a, address: 10.0.0.1}}\n- {{name: b, address: 10.0.0.2, arch: arm64, state: {state}}}\n\
             - {{name: c, address: 10.0.0.3}}\n- {{name: d, address: 10.0.0.4}}\n"
        )
    };
    let lowered = |state: &str, archs: &[Arch]| {
        let manifest = parse(&manifest(state), "cluster.yaml", &Inputs::none()).unwrap();
        let archives = placeholder_archives();
        lower(&manifest, &archives.into_iter().filter(|(arch, _)| archs.contains(arch)).collect()).unwrap()
    };
    let member = lowered("present", &Arch::all());
    // Nobody fetches an archive for a node that leaves.
    let left = lowered("decommissioned", &[Arch::Amd64]);
    let b = NodeName::new("b").unwrap();
    assert!(left.is_leaving(&b) && !member.is_leaving(&b));
    assert_eq!(left.staying().map(NodeName::as_str).collect::<Vec<_>>(), ["a", "c", "d"]);
    assert_eq!(left.leaving().collect::<Vec<_>>(), [&b]);
    let addrs = |graph: &ResourceGraph| graph.resources.keys().cloned().collect::<Vec<_>>();
    assert_eq!(addrs(&left), addrs(&member));
    let init = &left.resources[&"cluster/init.store".parse().unwrap()];
    assert!(matches!(&init.desired, Desired::Init(init) if !init.nodes.contains(&b)), "{init:?}");
    assert!(init.depends_on.iter().all(|addr| addr.node() != Some(&b)), "{init:?}");
    for resource in member.of_node(&b) {
        let gone = &left.resources[&resource.addr];
        assert_eq!(gone.presence, Presence::Absent);
        for below in resource.depends_on.iter().filter(|below| below.node() == Some(&b)) {
            assert!(
                left.resources[below].depends_on.contains(&resource.addr),
                "{below} goes before {}",
                gone.addr
            );
        }
        // What still holds data is not stopped: the service goes after its node has left.
        let members = "cluster/members.store".parse().unwrap();
        let waits = gone.depends_on.contains(&members);
        assert_eq!(waits, gone.addr.kind == crdbctl_model::ResourceKind::Service, "{gone:?}");
        assert!(gone.depends_on.iter().all(|addr| addr.node() == Some(&b) || *addr == members), "{gone:?}");
    }
    assert!(left.order().is_ok());
    let members = &left.resources[&"cluster/members.store".parse().unwrap()];
    let Desired::Members(members) = &members.desired else { panic!("{members:?}") };
    assert_eq!(members.leaving.values().collect::<Vec<_>>(), ["10.0.0.2:26257"]);
    assert_eq!(members.staying.len(), 3);
    let present = |resource: &Resource| resource.presence == Presence::Present;
    assert!(left.resources.values().filter(|r| r.addr.node() != Some(&b)).all(present));
}

#[test]
fn a_cluster_that_everybody_leaves_has_nothing_cluster_wide() {
    let mut graph = graph(MINIMAL);
    let all = graph.nodes.keys().cloned().collect();
    graph.retire(&all);
    assert_eq!(graph.staying().next(), None);
    assert!(graph.resources.keys().all(|addr| addr.node().is_some()));
    assert!(graph.resources.values().all(|resource| resource.presence == Presence::Absent));
    assert!(graph.order().is_ok());
}
