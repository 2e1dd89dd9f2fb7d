//! Bare hosts.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    AllowFrom, Change, Desired, DesiredAuthority, DesiredCa, DesiredClientCertificate, DesiredDirectory,
    DesiredFile, DesiredFirewall, DesiredGroup, DesiredInit, DesiredLink, DesiredNodeCertificate,
    DesiredPackage, DesiredService, DesiredUnit, DesiredUser, Digest, HostPath, KeyType, Mode, PackageMember,
    Plan, UnitName,
};

use super::build::{addr, create, node, owner, path, plan};

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

pub(crate) fn file(at: &str, content: String) -> DesiredFile {
    let root = owner("root");
    DesiredFile { path: path(at), content, owner: root.clone(), group: root, mode: Mode::new(0o644) }
}

pub(crate) fn directory(at: &str) -> Desired {
    let user = owner("cockroach");
    Desired::Directory(DesiredDirectory {
        path: path(at),
        owner: user.clone(),
        group: user,
        mode: Mode::new(0o750),
    })
}

pub(crate) fn fresh_node(name: &str, number: usize) -> Vec<Change> {
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
            unknown: None,
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
        binary_digest: Some(Digest::of("cockroach")),
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
