//! Machines that lost their data: rebuilt, or with another data disk. The cluster still has the members that they were.

use std::time::{Duration, Instant};

use crate::bench::{Bench, Done, pid};
use crate::cluster::edit;

/// What `status` knows of a node.
fn status(bench: &Bench, number: usize) -> serde_json::Value {
    let status = bench.crdbctl(&["status", "--format", "json"]).stdout;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap_or_else(|_| panic!("{status}"));
    let nodes = status["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["node"] == format!("store-{number}")).unwrap().clone()
}

fn id(bench: &Bench, number: usize) -> u64 {
    status(bench, number)["id"].as_u64().unwrap()
}

/// Waits until the cluster calls the member at a node's address dead.
fn until_dead(bench: &Bench, number: usize) {
    let began = Instant::now();
    while status(bench, number)["live"] != false {
        assert!(began.elapsed() < Duration::from_secs(60), "store-{number} is live");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Asserts that words are said, wherever lines are broken.
#[track_caller]
fn says(done: &Done, words: &str) {
    let said = done.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(words), "no {words:?} in\n{}", done.stdout);
}

fn is_stand_in() -> bool {
    crate::release::Release::of_hosts().is_stand_in
}

/// What `cockroach node status` prints of every member that ever was, past crdbctl.
fn node_status(bench: &Bench, host: usize) -> String {
    let host = bench.host(host);
    for file in ["ca.crt", "client.root.crt", "client.root.key"] {
        let content = std::fs::read(bench.path("keys").join(file)).unwrap();
        host.exec_ok("mkdir -p /run/members").unwrap();
        host.write(&format!("/run/members/{file}"), &content, 0o600, "root:root").unwrap();
    }
    let command = format!(
        "/opt/cockroach/cockroach node status --decommission --certs-dir=/run/members --host={} --format=csv; code=$?; rm -r \
         /run/members; exit $code",
        host.address()
    );
    host.exec_ok(&command).unwrap().text()
}

/// Id and membership of every member that ever was.
fn members(bench: &Bench, host: usize) -> Vec<(u64, String)> {
    let table = node_status(bench, host);
    let mut lines = table.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let at = head.iter().position(|name| name == "membership").unwrap();
    lines.map(|row| (row[0].parse().unwrap(), row[at].clone())).collect()
}

#[test]
fn a_rebuilt_machine_joins_and_the_member_that_it_was_is_decommissioned() {
    let Some(bench) = Bench::start(3) else { return };
    // The stand-in's gossip forgets the dead after 6 s, as CockroachDB's does after 2 h.
    bench.manifest_with("  environment: {ROACHSIM_DESCRIPTOR_MS: \"6000\"}\n", "", "", crate::bench::ADMIN);
    bench.apply();
    bench.assert_empty_plan();
    let was = id(&bench, 3);
    bench.host(3).fresh().unwrap();
    until_dead(&bench, 3);
    let began = Instant::now();
    while is_stand_in() && node_status(&bench, 1).contains(&format!("{}:26257", bench.host(3).address())) {
        assert!(began.elapsed() < Duration::from_secs(60), "gossip remembers");
        std::thread::sleep(Duration::from_millis(500));
    }

    // Another node restarts in the same plan: its gate does not wait for the member that is replaced.
    edit(&bench, &[("rollout:", "  flags: {cache: \".3\"}\nrollout:")]);
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("cluster/members.store");
    says(&plan, &format!("joins as a new node in place of n{was}"));
    says(&plan, &format!("active, dead (store-3 at {}:26257)", bench.host(3).address()));
    assert!(plan.stdout.contains("2 restarts"), "{}", plan.stdout);
    let applied = bench.apply();
    let order = |words: &str| {
        applied.stderr.find(words).unwrap_or_else(|| panic!("no {words:?} in\n{}", applied.stderr))
    };
    assert!(order("cluster/members.store: updated") < order("store-1: drain"), "{}", applied.stderr);
    bench.assert_empty_plan();
    let is = id(&bench, 3);
    assert!(is > was, "n{is} after n{was}");
    let members = members(&bench, 1);
    assert_eq!(members.iter().find(|(id, _)| *id == was).unwrap().1, "decommissioned", "{members:?}");
    assert_eq!(members.iter().filter(|(_, membership)| membership == "active").count(), 3, "{members:?}");
}

#[test]
fn a_new_data_disk_is_told_from_one_that_is_not_mounted() {
    let Some(bench) = Bench::start(3) else { return };
    let host = bench.host(3);
    let mount = "mkdir -p /var/lib/cockroach && mount -t tmpfs tmpfs /var/lib/cockroach";
    host.exec_ok(mount).unwrap();
    bench.apply();
    bench.assert_empty_plan();
    let was = id(&bench, 3);
    let before = [1, 2].map(|host| pid(bench.host(host)));

    // Its data are elsewhere, and a process that crdbctl knows nothing of runs with them.
    let aside = "systemctl stop cockroach && mkdir /srv/aside && cp -a /var/lib/cockroach/. /srv/aside/ && umount /var/lib/cockroach";
    host.exec_ok(aside).unwrap();
    let start =
        host.exec_ok("sed -n 's/^ExecStart=//p' /etc/systemd/system/cockroach.service").unwrap().text();
    let start = start.replace("/var/lib/cockroach", "/srv/aside");
    let run = format!(
        "chown -R cockroach: /srv/aside && systemd-run --unit=aside -p User=cockroach -p LimitNOFILE=65536 {start}"
    );
    host.exec_ok(&run).unwrap();
    let ready = format!("curl -skf 'https://{}:8080/health?ready=1'", host.address());
    host.exec_ok(&format!("for i in $(seq 60); do ! {ready} || exit 0; sleep 1; done; exit 1")).unwrap();
    let plan = bench.crdbctl(&["plan"]).code(5);
    says(
        &plan,
        &format!(
            "n{was} at {}:26257 is live in the cluster, while CockroachDB does not run on this host",
            host.address()
        ),
    );
    host.exec_ok("systemctl stop aside").unwrap();
    until_dead(&bench, 3);

    // The disk is not mounted: that is no lost disk, and nothing is started nor decommissioned.
    let plan = bench.crdbctl(&["plan"]).code(5);
    says(
        &plan,
        "at the last apply it was on the file system mounted at /var/lib/cockroach, which is not mounted",
    );
    bench.crdbctl(&["apply", "--yes"]).code(5);
    bench.crdbctl(&["apply", "--yes", "--skip-unknown"]);
    host.exec_ok("! systemctl is-active --quiet cockroach").unwrap();
    assert_eq!(members(&bench, 1).len(), 3);
    // A new one is mounted, but fstab has a second one on the way to the store.
    host.exec_ok(mount).unwrap();
    host.exec_ok("echo '/dev/disk/by-label/lib /var/lib ext4 defaults,nofail 0 2' >>/etc/fstab").unwrap();
    says(
        &bench.crdbctl(&["plan"]).code(5),
        "/var/lib, which /etc/fstab or a mount unit of the host has, is not mounted",
    );
    host.exec_ok("sed -i /by-label/d /etc/fstab").unwrap();

    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2);
    says(&plan, &format!("joins as a new node in place of n{was}"));
    // Of a part that leaves the members alone, the next plan has the rest.
    bench.crdbctl(&["apply", "--yes", "--node", "store-3"]).code(0);
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("store-3 has joined anew");
    plan.says("1 to update");
    bench.apply();
    bench.assert_empty_plan();
    let members = members(&bench, 1);
    assert_eq!(members.iter().find(|(id, _)| *id == was).unwrap().1, "decommissioned", "{members:?}");
    assert!(id(&bench, 3) > was);
    assert_eq!([1, 2].map(|host| pid(bench.host(host))), before, "nobody restarts for it");
}
