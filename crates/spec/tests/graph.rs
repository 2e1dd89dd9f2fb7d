//! From manifests to graphs: addresses, edges, units.

mod common;

use common::{MINIMAL, graph, manifest};
use crdbctl_model::{Desired, NodeName};

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
        binary_digest: Digest(0000000000000000000000000000000000000000000000000000000000000000),
        program: HostPath(
            "/opt/cockroach/cockroach",
        ),
        http_address: "198.0.2.166:8080",
        sql_address: "198.0.2.166:26257",
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
