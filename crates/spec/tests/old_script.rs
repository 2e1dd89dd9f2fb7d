//! A manifest can describe what the old installation script built.

mod common;

use crdbctl_model::{Desired, NodeName, ResourceAddr};
use crdbctl_spec::{Inputs, lower, parse, placeholder_archives};

#[test]
fn its_layout_is_accepted() {
    let text = include_str!("../../../specs/examples/old-script.yaml");
    let file = |path: &str| match path {
        "old-script.service.j2" => {
            Ok(include_str!("../../../specs/examples/old-script.service.j2").to_owned())
        }
        other => Err(format!("no file {other}")),
    };
    let manifest = parse(text, "old-script.yaml", &Inputs { environment: &|_| None, file: &file })
        .unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(manifest.unsupported().is_empty());
    let graph = lower(&manifest, &placeholder_archives()).unwrap();
    let desired = |addr: &str| &graph.resources[&addr.parse::<ResourceAddr>().unwrap()].desired;

    let names: Vec<String> =
        graph.of_node(&NodeName::new("store-1").unwrap()).map(|resource| resource.addr.local()).collect();
    insta::assert_snapshot!(names.join("\n"), @"
    package.cockroach-v24.1.0.linux-amd64
    directory.certs
    directory.data
    directory.root
    link.cockroach
    link.data
    link.unit
    certificate.ca
    certificate.node
    file.ufw-profile
    firewall.ufw
    unit.cockroach
    service.cockroach
    ");
    assert!(graph.order().is_ok());

    let Desired::Link(link) = desired("store-1/link.unit") else { panic!() };
    assert_eq!(link.path.as_str(), "/etc/systemd/system/cockroach.service");
    assert_eq!(link.target.as_str(), "/opt/cockroach/cockroach.service");
    let Desired::Unit(unit) = desired("store-1/unit.cockroach") else { panic!() };
    assert_eq!((unit.file.owner.as_str(), unit.file.mode.to_string().as_str()), ("root", "0644"));
    assert_eq!(unit.file.path.as_str(), "/opt/cockroach/cockroach.service");
    insta::assert_snapshot!(unit.file.content, @r"
    [Unit]
    Description=CockroachDB
    Requires=network.target
    ConditionPathExists=!/opt/cockroach/cockroach_not_to_be_run

    [Service]
    Type=notify
    User=azmin
    Group=zees
    WorkingDirectory=/opt/cockroach
    Environment=COCKROACH_BACKGROUND_RESTART=false
    ExecStart=/opt/cockroach/cockroach start --certs-dir=/opt/cockroach/certs --store=/opt/cockroach/data --host=198.0.2.166 --http-host=198.0.2.166 \
      --join=198.0.2.166,198.0.2.158,198.0.2.171 --cache=.25 --max-sql-memory=.25
    TimeoutStopSec=300
    Restart=always
    RestartSec=10
    LimitNOFILE=65536

    [Install]
    WantedBy=multi-user.target
    ");
    let Desired::Directory(root) = desired("store-1/directory.root") else { panic!() };
    assert_eq!((root.owner.as_str(), root.group.as_str()), ("azmin", "zees"));

    let Desired::Service(service) = desired("store-1/service.cockroach") else { panic!() };
    insta::assert_snapshot!(service.argv.join("\n"), @"
    /opt/cockroach/cockroach
    start
    --certs-dir=/opt/cockroach/certs
    --store=/opt/cockroach/data
    --host=198.0.2.166
    --http-host=198.0.2.166
    --join=198.0.2.166,198.0.2.158,198.0.2.171
    --cache=.25
    --max-sql-memory=.25
    ");
    assert_eq!(service.sql_address, "198.0.2.166:26257");
    assert_eq!(service.http_address, "198.0.2.166:8080");
    assert_eq!(service.environment["COCKROACH_BACKGROUND_RESTART"], "false");
}
