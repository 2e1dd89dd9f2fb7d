//! What belongs to the cluster and to no single node: settings, members, the version.

use crate::bench::{Bench, pid};

/// Runs a statement as the SQL user root, past crdbctl; the pair lies on the host for as long.
fn sql(bench: &Bench, host: usize, statement: &str) -> String {
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
