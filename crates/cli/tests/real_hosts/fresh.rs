//! From bare hosts to a running cluster, and then nothing to do.

use crdbctl_testlab::VOLATILE;

use crate::bench::{Bench, pid};
use crate::release::Release;

/// What a plan must name on every node.
const RESOURCES: [&str; 14] = [
    "group.cockroach",
    "user.cockroach",
    "package.cockroach-v",
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

#[test]
fn bare_hosts_become_a_cluster_and_the_second_plan_is_empty() {
    let Some(bench) = Bench::start(3) else { return };
    // sudo itself leaves a mark in the home of an admin who uses it for the first time.
    for host in bench.lab.hosts() {
        host.exec_ok("su - admin -c 'sudo -n true'").unwrap();
    }
    let bare: Vec<_> = bench.lab.hosts().iter().map(|host| host.listing(&["/"], VOLATILE).unwrap()).collect();
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode", "--format", "json"]).code(2);
    for host in bench.lab.hosts() {
        for resource in RESOURCES {
            let addr = format!("{}/{resource}", host.name());
            assert!(plan.stdout.contains(&addr), "the plan does not name {addr}: {}", plan.stdout);
        }
    }
    for addr in ["cluster/authority.ca", "cluster/certificate.client.root", "cluster/init.store"] {
        assert!(plan.stdout.contains(addr), "the plan does not name {addr}");
    }
    bench.crdbctl(&["plan"]).code(0);
    bench.crdbctl(&["probe", "-o", "observed.json"]).code(0);
    for (host, before) in bench.lab.hosts().iter().zip(&bare) {
        let after = host.listing(&["/"], VOLATILE).unwrap();
        assert_eq!(before.differences(&after), [], "planning changed something on {}", host.name());
    }

    let bytes_before: Vec<u64> = bench.lab.hosts().iter().map(received).collect();
    bench.apply();
    let archive = std::fs::metadata(&Release::of_hosts().archive).unwrap().len();
    for (host, before) in bench.lab.hosts().iter().zip(bytes_before) {
        // Scripts, certificates and the nodes' own talk are small beside the archive.
        let came = received(host) - before;
        assert!(came >= archive, "{came} bytes came to {}, the archive has {archive}", host.name());
        assert!(
            came < archive * 3 / 2,
            "the archive of {archive} bytes went more than once: {came} bytes came to {}",
            host.name()
        );
        let health = format!(
            "curl -sk https://{}:8080/health?ready=1 -w '%{{http_code}}' -o /dev/null",
            host.address()
        );
        assert_eq!(host.exec_ok(&health).unwrap().text(), "200", "{} is not ready", host.name());
        assert_layout(host);
    }

    // Nothing to do: the plan is empty, and neither it nor an apply touches anything.
    let made: Vec<_> =
        bench.lab.hosts().iter().map(|host| (settled(host), pid(host), received(host))).collect();
    bench.assert_empty_plan();
    bench.apply().says("No changes.");
    for (host, (before, running, bytes)) in bench.lab.hosts().iter().zip(&made) {
        assert_eq!(before.differences(&settled(host)), [], "{} was touched", host.name());
        assert_eq!(pid(host), *running);
        assert!(received(host) - bytes < archive / 2, "the archive went to {} again", host.name());
    }
    assert_no_authority_key(&bench);
    assert_interrupted_leaves_nothing(&bench);
}

/// How many bytes came to a host over its network so far (proc_net_dev, second field of a line).
fn received(host: &crdbctl_testlab::Host) -> u64 {
    let text = host.exec_ok("cat /proc/net/dev").unwrap().text();
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(interface, _)| interface.trim() != "lo")
        .map(|(_, figures)| figures.split_whitespace().next().unwrap().parse::<u64>().unwrap())
        .sum()
}

/// Everything of a host but what CockroachDB itself writes.
fn settled(host: &crdbctl_testlab::Host) -> crdbctl_testlab::Listing {
    let except: Vec<&str> = VOLATILE.iter().copied().chain(["/var/lib/cockroach"]).collect();
    host.listing(&["/"], &except).unwrap()
}

fn assert_layout(host: &crdbctl_testlab::Host) {
    let package = Release::of_hosts().package();
    let address = host.address();
    for (path, expected) in [
        (package.as_str(), "directory root:root 755".to_owned()),
        (&format!("{package}/cockroach"), "regular file root:root 755".to_owned()),
        ("/opt/cockroach", "directory cockroach:cockroach 750".to_owned()),
        ("/opt/cockroach/certs", "directory cockroach:cockroach 750".to_owned()),
        ("/var/lib/cockroach", "directory cockroach:cockroach 750".to_owned()),
        ("/opt/cockroach/certs/ca.crt", "regular file cockroach:cockroach 644".to_owned()),
        ("/opt/cockroach/certs/node.crt", "regular file cockroach:cockroach 644".to_owned()),
        ("/opt/cockroach/certs/node.key", "regular file cockroach:cockroach 600".to_owned()),
        ("/etc/ufw/applications.d/cockroach", "regular file root:root 644".to_owned()),
        ("/etc/systemd/system/cockroach.service", "regular file root:root 644".to_owned()),
        ("/var/lib/crdbctl/store.json", "regular file root:root 600".to_owned()),
    ] {
        let found = host.exec_ok(&format!("stat -c '%F %U:%G %a' {path}")).unwrap().text();
        assert_eq!(found, expected, "{path} on {}", host.name());
    }
    for (link, target) in [
        ("/opt/cockroach/data", "/var/lib/cockroach"),
        ("/opt/cockroach/cockroach", &format!("{package}/cockroach")),
    ] {
        assert_eq!(host.exec_ok(&format!("readlink {link}")).unwrap().text(), target);
    }
    let text = |command: &str| host.exec_ok(command).unwrap().text();
    assert!(text("getent passwd cockroach").ends_with(":/usr/sbin/nologin"));
    assert_eq!(text("systemctl is-enabled cockroach"), "enabled");
    assert_eq!(text("systemctl is-active cockroach"), "active");
    assert!(text("ufw show added").contains("ufw allow CockroachDB"));
    assert!(text("ufw status").contains("inactive"), "ufw was switched on without being asked to");
    let unit = host.read_text("/etc/systemd/system/cockroach.service").unwrap();
    for line in [
        "ConditionPathExists=!/opt/cockroach/cockroach_not_to_be_run",
        "TimeoutStopSec=300",
        "LimitNOFILE=65536",
        "ExecReload=/bin/kill -HUP $MAINPID",
    ] {
        assert!(unit.contains(line), "{line} is not in\n{unit}");
    }
    let listening = text("ss -ltnH");
    for port in [26257, 8080] {
        assert!(listening.contains(&format!("{address}:{port}")), "{listening}");
        assert!(!listening.contains(&format!("0.0.0.0:{port}")), "{listening}");
    }
    let certificate =
        text("openssl x509 -noout -subject -ext subjectAltName -in /opt/cockroach/certs/node.crt");
    for part in [
        "CN = node",
        "DNS:localhost",
        "IP Address:127.0.0.1",
        &format!("IP Address:{address}"),
        host.name().as_str(),
    ] {
        assert!(certificate.contains(part), "{part} is not in {certificate}");
    }
    text("openssl verify -x509_strict -CAfile /opt/cockroach/certs/ca.crt /opt/cockroach/certs/node.crt");
    assert_eq!(
        text("openssl pkey -in /opt/cockroach/certs/node.key -pubout"),
        text("openssl x509 -noout -pubkey -in /opt/cockroach/certs/node.crt")
    );
    assert_eq!(text("ls /opt/cockroach/certs"), "ca.crt\nnode.crt\nnode.key");
}

/// The authority's key is on the control host alone, and nowhere on a node under any name.
fn assert_no_authority_key(bench: &Bench) {
    use std::os::unix::fs::PermissionsExt as _;
    let key = std::fs::read_to_string(bench.path("keys/ca.key")).unwrap();
    assert_eq!(std::fs::metadata(bench.path("keys")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::metadata(bench.path("keys/ca.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let body = key.lines().nth(1).unwrap();
    for host in bench.lab.hosts() {
        let found = host
            .exec_with_input(
                "grep -rlFf /dev/stdin /etc /opt /root /home /run /tmp /var --exclude-dir=journal; true",
                body.as_bytes(),
            )
            .unwrap();
        assert_eq!(found.text(), "", "the authority's key is on {}", host.name());
        assert_eq!(host.exec_ok("find / -xdev -name ca.key").unwrap().text(), "");
        assert_eq!(host.exec_ok("find / -xdev -name 'client.root.*'").unwrap().text(), "");
    }
}

fn assert_interrupted_leaves_nothing(bench: &Bench) {
    for host in bench.lab.hosts() {
        assert_eq!(host.exec_ok("find / -xdev -name '.crdbctl.*'").unwrap().text(), "", "{}", host.name());
    }
}
