//! What belongs to the cluster and to no single node: settings, members, the version.

use crate::bench::{Bench, pid};
use crate::release::Release;

/// Runs a statement as the SQL user root, past crdbctl; the pair lies on the host for as long.
pub(crate) fn sql(bench: &Bench, host: usize, statement: &str) -> String {
    let host = bench.host(host);
    for file in ["ca.crt", "client.root.crt", "client.root.key"] {
        let content = std::fs::read(bench.path("keys").join(file)).unwrap();
        host.exec_ok("mkdir -p /run/sql").unwrap();
        host.write(&format!("/run/sql/{file}"), &content, 0o600, "root:root").unwrap();
    }
    let command = format!(
        "/opt/cockroach/cockroach sql --certs-dir=/run/sql --host={} --format=csv -e \"{statement}\"; code=$?; rm -r /run/sql; exit $code",
        host.address()
    );
    host.exec_ok(&command).unwrap().text()
}

fn pids(bench: &Bench, hosts: std::ops::RangeInclusive<usize>) -> Vec<String> {
    hosts.map(|host| pid(bench.host(host))).collect()
}

#[test]
fn settings_are_set_with_a_new_cluster_drift_and_heal_without_a_restart() {
    let Some(bench) = Bench::start(3) else { return };
    let settings = "  settings:\n    kv.snapshot_rebalance.max_rate: 64MiB\n    server.time_until_store_dead: 6m\n    cluster.organization: \"it's; DROP TABLE x --\"\n";
    bench.manifest_with(settings, "", "", crate::bench::ADMIN);
    bench.apply().says("cluster/setting.server.time_until_store_dead");
    bench.assert_empty_plan();
    let shown = |name: &str| sql(&bench, 2, &format!("SHOW CLUSTER SETTING {name}"));
    assert!(shown("cluster.organization").ends_with("it's; DROP TABLE x --"));
    assert!(shown("kv.snapshot_rebalance.max_rate").ends_with("64 MiB"));
    let before = pids(&bench, 1..=3);

    // Somebody changes one by hand; another spelling of the same value is no change.
    sql(&bench, 3, "SET CLUSTER SETTING server.time_until_store_dead = '7m'");
    sql(&bench, 3, "SET CLUSTER SETTING kv.snapshot_rebalance.max_rate = '67108864'");
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2);
    assert!(plan.stdout.contains("cluster/setting.server.time_until_store_dead"), "{}", plan.stdout);
    assert!(!plan.stdout.contains("max_rate"), "{}", plan.stdout);
    assert!(plan.stdout.contains("1 to update"), "{}", plan.stdout);
    bench.apply();
    bench.assert_empty_plan();

    // A plan from recorded observations knows what the cluster said.
    bench.crdbctl(&["probe", "-o", "seen.json"]).code(0);
    bench.crdbctl(&["plan", "--observed", "seen.json", "--detailed-exitcode"]).code(0).says("No changes.");

    // One that this version does not have is unknown, and nothing is done.
    bench.manifest_with("  settings: {kv.no_such_thing: 1}\n", "", "", crate::bench::ADMIN);
    bench.crdbctl(&["plan"]).code(5).says("kv.no_such_thing").says("unknown setting");
    // What the manifest has no more is left alone.
    bench.manifest("", crate::bench::ADMIN);
    bench.assert_empty_plan();
    assert!(shown("cluster.organization").ends_with("it's; DROP TABLE x --"));
    assert_eq!(pids(&bench, 1..=3), before, "a setting is no reason for a restart");

    // A cluster that is stopped can be started: what nobody can be asked is looked at afterwards.
    for host in 1..=3 {
        bench.host(host).exec_ok("systemctl stop cockroach").unwrap();
    }
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("are not compared");
    bench.apply();
    bench.assert_empty_plan();
}

/// Changes the manifest's text.
pub(crate) fn edit(bench: &Bench, changes: &[(&str, &str)]) {
    let path = bench.path("cluster.yaml");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "no {from:?} in\n{text}");
        text = text.replace(from, to);
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_node_joins_and_leaves_and_no_other_is_touched() {
    let Some(bench) = Bench::start(4) else { return };
    let address = bench.host(4).address();
    let line = format!("  - {{name: store-4, address: {address}, hostname: store-4}}\n");
    edit(&bench, &[(&line, "")]);
    bench.apply();
    bench.assert_empty_plan();
    let before = pids(&bench, 1..=3);

    // Growing: the plan speaks of the new node alone.
    let text = std::fs::read_to_string(bench.path("cluster.yaml")).unwrap();
    std::fs::write(bench.path("cluster.yaml"), text + &line).unwrap();
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2);
    assert!(plan.stdout.contains("store-4/service.cockroach"), "{}", plan.stdout);
    for other in ["store-1", "store-2", "store-3"] {
        assert!(!plan.stdout.contains(&format!("{other}/")), "{other}: {}", plan.stdout);
    }
    plan.says("0 restarts, 0 reloads");
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(pids(&bench, 1..=3), before, "a joining node restarts nobody");

    let table = bench.crdbctl(&["status"]).code(0).stdout;
    let row = |table: &str, of: &str| -> Vec<String> {
        let line =
            table.lines().find(|line| line.starts_with(of)).unwrap_or_else(|| panic!("no {of} in\n{table}"));
        line.split_whitespace().map(str::to_owned).collect()
    };
    let version = Release::of_hosts().version.as_str();
    for number in 1..=4 {
        let row = row(&table, &format!("store-{number} "));
        assert_eq!([&row[2], &row[3], &row[5], &row[6]], ["active", version, "yes", "yes"], "{table}");
    }

    // Left out of the manifest while it is a member: told, and left alone.
    edit(&bench, &[(&line, "")]);
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(0);
    assert!(plan.stdout.contains(&format!("n4 at {address}:26257 is a member")), "{}", plan.stdout);

    let table = bench.crdbctl(&["status"]).code(0).stdout;
    assert!(table.contains(&format!("{address}:26257 (not in the manifest)")), "{table}");
    let json = bench.crdbctl(&["status", "--format", "json"]).code(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (json["format_version"].as_i64(), json["version"].as_str()),
        (Some(1), Some(Release::of_hosts().series()))
    );
    assert!(json["nodes"].as_array().unwrap().iter().all(|node| node["live"] == true), "{json}");

    // Shrinking.
    let leaving = line.replace("}", ", state: decommissioned}");
    let text = std::fs::read_to_string(bench.path("cluster.yaml")).unwrap();
    std::fs::write(bench.path("cluster.yaml"), text + &leaving).unwrap();
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("cluster/members.store");
    assert!(plan.stdout.contains("decommissioned") && plan.stdout.contains("n4"), "{}", plan.stdout);
    let applied = bench.apply();
    assert!(applied.stderr.contains("replicas to leave store-4"), "{}", applied.stderr);
    assert!(sql(&bench, 1, "SHOW CLUSTER SETTING version").ends_with(Release::of_hosts().series()));
    let state = bench.host(4).exec("systemctl is-active cockroach; systemctl is-enabled cockroach").unwrap();
    assert!(state.text().starts_with("inactive"), "{state:?}");
    bench.host(4).exec_ok("test -d /var/lib/cockroach && [ -n \"$(ls -A /var/lib/cockroach)\" ]").unwrap();
    bench.assert_empty_plan();
    assert_eq!(pids(&bench, 1..=3), before, "a leaving node restarts nobody");

    // Its store cannot come back, and crdbctl says so before it tries.
    edit(&bench, &[(", state: decommissioned}", "}")]);
    bench.crdbctl(&["plan"]).code(5).says("has left the cluster for good").says("wipe /var/lib/cockroach");
    bench.host(4).exec_ok("rm -rf /var/lib/cockroach/*").unwrap();
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(pids(&bench, 1..=3), before);
}

#[test]
fn an_upgrade_is_held_back_taken_back_and_finalised_when_the_manifest_says_so() {
    let Some(bench) = Bench::start_stand_in(3) else { return };
    let archives = crate::release::archives(&["v24.1.0", "v24.3.0", "v25.2.0"]);
    let archives = archives.join("cockroach-{version}.{os}-{arch}.tgz");
    edit(&bench, &[(Release::of_hosts().archive.to_str().unwrap(), archives.to_str().unwrap())]);
    bench.apply();
    let version = || sql(&bench, 1, "SHOW CLUSTER SETTING version").lines().last().unwrap().to_owned();
    let manual = "version: v24.3.0\n  upgrade: {finalize: manual}";
    edit(&bench, &[("version: v24.1.0", manual)]);
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("held back");
    let (hold, link) = (plan.stdout.find("cluster/version.store"), plan.stdout.find("link.cockroach"));
    assert!(hold.is_some() && hold < link, "{}", plan.stdout);
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(version(), "24.1");
    bench.crdbctl(&["plan"]).code(0).says("finalize: auto");

    // The next one waits for this one.
    edit(&bench, &[("version: v24.3.0", "version: v25.2.0")]);
    bench.crdbctl(&["plan"]).code(5).says("is not finalised");

    // Back, and on again.
    edit(&bench, &[("version: v25.2.0", "version: v24.1.0")]);
    bench.apply();
    bench.assert_empty_plan();
    edit(&bench, &[("version: v24.1.0", "version: v24.3.0")]);
    bench.apply();
    assert_eq!(version(), "24.1");
    let running = pids(&bench, 1..=3);

    edit(&bench, &[("finalize: manual", "finalize: auto")]);
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("24.1 -> 24.3").says("cannot be undone");
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(version(), "24.3");
    assert_eq!(pids(&bench, 1..=3), running, "finalising restarts nobody");
    edit(&bench, &[("version: v24.3.0", "version: v24.1.0")]);
    bench.crdbctl(&["plan"]).code(5).says("finalised");
}

/// What of the cluster's members `status` knows of a node.
fn membership(bench: &Bench, number: usize) -> (serde_json::Value, serde_json::Value) {
    let status = bench.crdbctl(&["status", "--format", "json"]).stdout;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let nodes = status["nodes"].as_array().unwrap();
    let node = nodes.iter().find(|node| node["node"] == format!("store-{number}")).unwrap();
    (node["live"].clone(), node["membership"].clone())
}

#[test]
fn a_dead_machine_leaves_and_another_node_goes_with_its_data() {
    let Some(bench) = Bench::start(5) else { return };
    bench.apply();
    bench.assert_empty_plan();
    let before = pids(&bench, 1..=3);
    let leave = |number: usize| {
        let line = format!("address: {}, hostname: store-{number}", bench.host(number).address());
        edit(&bench, &[(&line, &format!("{line}, state: decommissioned"))]);
    };
    bench.host(5).power_cut().unwrap();
    leave(5);
    let began = std::time::Instant::now();
    while membership(&bench, 5).0 != false {
        assert!(began.elapsed().as_secs() < 60, "store-5 is live without power");
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    // While another one is not well is no time to let somebody go.
    edit(&bench, &[("health_timeout: 60s", "health_timeout: 15s")]);
    bench.host(4).exec_ok("echo never-ready >/var/lib/cockroach.faults").unwrap();
    let shut =
        bench.crdbctl(&["apply", "--yes"]).code(4).says("no node leaves while the others are not well");
    shut.says("store-4");
    assert_eq!(membership(&bench, 5).1, "active", "nobody leaves while store-4 is not well");
    bench.host(4).exec_ok("rm /var/lib/cockroach.faults").unwrap();
    edit(&bench, &[("health_timeout: 15s", "health_timeout: 60s")]);

    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("does not answer").says("could not be read");
    bench.apply();
    // The cluster forgets the address of a dead member that has left.
    assert!(!["active", "decommissioning"].map(serde_json::Value::from).contains(&membership(&bench, 5).1));
    bench.assert_empty_plan();
    // A machine that is gone for good is nothing that could not be read.
    bench.crdbctl(&["status"]).code(0).says("store-5 leaves, and no member has its address");

    leave(4);
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode", "--delete-data"]).code(2);
    plan.says("ALL DATA of this node is deleted");
    bench.crdbctl(&["apply", "--yes", "--delete-data"]).code(0);
    let state = bench.host(4).exec("test ! -e /var/lib/cockroach && test ! -e /opt/cockroach").unwrap();
    assert!(state.success(), "{state:?}");
    bench.host(1).exec_ok("test -n \"$(ls /var/lib/cockroach)\"").unwrap();
    bench.assert_empty_plan();
    assert_eq!(pids(&bench, 1..=3), before, "nobody restarts for those that leave");
}
