//! Nodes go one after the other, each behind its gates; what goes wrong with one stops the rollout there and leaves the
//! others alone.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::bench::{ADMIN, Bench, Done, pid};

/// What goes wrong with a node, in the stand-in's own words.
const FAULTS: &str = "/var/lib/cockroach.faults";

/// Writes a manifest with a cache of this size, by which every node restarts, and these lines at its top level.
fn manifest(bench: &Bench, cache: &str, rollout: &str, more: &str) {
    let cockroach = format!("  flags: {{cache: \"{cache}\"}}\n");
    bench.manifest_with(&cockroach, "", more, ADMIN);
    let path = bench.path("cluster.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.starts_with("rollout:")).unwrap().to_owned();
    std::fs::write(&path, text.replace(&line, &format!("rollout: {{{rollout}}}"))).unwrap();
}

const QUICK: &str = "settle: 0s, health_timeout: 60s, ranges_pause: 1s";

fn pids(bench: &Bench) -> Vec<String> {
    (1..=bench.lab.hosts().len()).map(|number| pid(bench.host(number))).collect()
}

fn at(done: &Done, words: &str) -> usize {
    done.stderr.find(words).unwrap_or_else(|| panic!("no {words:?} in\n{}", done.stderr))
}

#[test]
fn nodes_restart_one_by_one_drained_gated_and_between_hooks() {
    let Some(bench) = Bench::start_stand_in(3) else { return };
    // The figures read 0 for 0.8 seconds after a start, and ranges lack replicas for four.
    let slow = "  environment: {ROACHSIM_CATCHUP_MS: \"4000\"}\n";
    bench.manifest_with(slow, "", "", ADMIN);
    bench.apply();
    bench.assert_empty_plan();

    // A join list alone restarts nothing, and the plan says so.
    let before = pids(&bench);
    bench.manifest_with(&format!("{slow}  join: [store-1, store-2]\n"), "", "", ADMIN);
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("0 restarts").says("unit.cockroach");
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(pids(&bench), before);

    let hooks = "hooks: {before_node: \"echo silence $CRDBCTL_NODE $CRDBCTL_IMPACT\", after_node: \"echo $CRDBCTL_NODE $CRDBCTL_RESULT >>after.txt\"}";
    bench.manifest_with(
        &format!("{slow}  join: [store-1, store-2]\n  flags: {{cache: \".3\"}}\n"),
        "",
        hooks,
        ADMIN,
    );
    bench
        .crdbctl(&["plan", "--detailed-exitcode"])
        .code(2)
        .says("Rolling order: store-1, store-2, store-3.")
        .says("hooks.before_node runs on this host");
    let plan = bench.crdbctl(&["plan", "--format", "json"]).code(0).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let least = Duration::from_secs(plan["least_seconds"].as_u64().unwrap());
    assert!(least >= Duration::from_secs(3 * plan["pace"]["ranges_pause"].as_u64().unwrap()), "{plan}");
    let began = Instant::now();
    let done = bench.apply();
    assert!(began.elapsed() >= least, "a plan promises no less than {least:?}: {:?}", began.elapsed());
    bench.assert_empty_plan();
    assert!(pids(&bench).iter().zip(&before).all(|(now, before)| now != before));
    // Seen twice: the first look at figures that are too good is not believed.
    at(&done, "under-replicated");
    for number in 1..=3 {
        let node = format!("store-{number}");
        let order: Vec<usize> = [
            "before_node: silence NODE restart",
            "NODE: draining",
            "NODE: drained",
            "NODE: stopping and starting",
            "NODE: ready",
        ]
        .iter()
        .map(|words| at(&done, &words.replace("NODE", &node)))
        .collect();
        assert!(order.is_sorted(), "{order:?} in\n{}", done.stderr);
        if number > 1 {
            assert!(at(&done, &format!("store-{}: ready", number - 1)) < order[0], "{}", done.stderr);
        }
    }
    let after = std::fs::read_to_string(bench.path("after.txt")).unwrap();
    assert_eq!(after, "store-1 ok\nstore-2 ok\nstore-3 ok\n");

    // A hook that refuses: nothing is touched.
    let before = pids(&bench);
    bench.manifest_with(
        &format!("{slow}  flags: {{cache: \".31\"}}\n"),
        "",
        "hooks: {before_node: exit 9}",
        ADMIN,
    );
    bench
        .crdbctl(&["apply", "--yes"])
        .code(4)
        .says("hooks.before_node (`exit 9`) ended with exit status: 9")
        .says("store-1 was not touched");
    assert_eq!(pids(&bench), before);

    // What should have been taken back after the last node may still stand: nothing is begun on top of it.
    bench.manifest_with(
        &format!("{slow}  flags: {{cache: \".31\"}}\n  settings: {{cluster.organization: acme}}\n"),
        "",
        "hooks: {after_node: \"[ $CRDBCTL_NODE != store-3 ]\"}",
        ADMIN,
    );
    bench
        .crdbctl(&["apply", "--yes"])
        .code(4)
        .says("Failed beside the changes")
        .says("hooks.after_node of store-3")
        .says("cluster/setting.cluster.organization");
    assert!(pids(&bench).iter().zip(&before).all(|(now, before)| now != before));
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("cluster/setting.cluster.organization");
}

/// Sets a fault on `store-2`, applies, checks that it stopped there and which nodes it restarted on its way, lifts the
/// fault, and has the next apply do the rest.
fn stops_at(bench: &Bench, fault: &str, cache: &str, rollout: &str, restarted: &[usize], says: &[&str]) {
    let before = pids(bench);
    manifest(bench, cache, rollout, "");
    bench.host(2).exec_ok(&format!("echo '{fault}' >{FAULTS}")).unwrap();
    let mut done = bench.crdbctl(&["apply", "--yes"]).code(4);
    for words in says {
        done = done.says(words);
    }
    let now = pids(bench);
    for number in 1..=3 {
        assert_eq!(
            now[number - 1] != before[number - 1],
            restarted.contains(&number),
            "{fault}: store-{number}\n{}",
            done.stderr
        );
    }
    bench.host(2).exec_ok(&format!("rm {FAULTS}")).unwrap();
    recover(bench);
    bench.assert_empty_plan();
    let last = pids(bench);
    assert!(last.iter().zip(&before).all(|(last, before)| last != before), "{fault}");
    if restarted.contains(&1) {
        assert_eq!(last[0], now[0], "{fault}: what was done is not done again");
    }
}

/// Applies, and nothing else. While systemd starts a node again and again, a plan may be stale by the time it is carried out.
fn recover(bench: &Bench) {
    for _ in 0..5 {
        let done = bench.crdbctl(&["apply", "--yes"]);
        if done.code != 3 {
            done.code(0);
            return;
        }
    }
    panic!("the plan is stale again and again");
}

#[test]
fn each_fault_stops_the_rollout_at_its_node_and_the_next_apply_does_the_rest() {
    let Some(bench) = Bench::start_stand_in(3) else { return };
    manifest(&bench, ".25", QUICK, "");
    bench.apply();
    bench.assert_empty_plan();
    let short = "settle: 0s, health_timeout: 12s, ranges_pause: 1s, drain_timeout: 3s";
    let drain = [
        "store-2 did not drain within rollout.drain_timeout (3s)",
        "systemctl restart cockroach.service",
        "the rollout stopped at store-2",
    ];
    stops_at(&bench, "slow-drain 10m", ".26", short, &[1], &drain);
    let crash = ["store-2/unit.cockroach", "ActiveState", "the rollout stopped at store-2"];
    stops_at(&bench, "crash-at-start", ".27", QUICK, &[1, 2], &crash);
    // These two show at once that store-2 serves nobody, so it goes first, and alone.
    let dies = ["store-2 was restarted and did not become ready", "the rollout stopped at store-2"];
    stops_at(&bench, "dies-at-readiness", ".28", QUICK, &[2], &dies);
    let never = ["store-2 was restarted and did not become ready: not as wanted after 12s", "not healthy"];
    stops_at(&bench, "never-ready", ".29", short, &[2], &never);
    let stuck = [
        "the gate before store-1 did not open within",
        "ranges are under-replicated (n",
        "--force-gate store-1",
    ];
    stops_at(&bench, "stuck-ranges", ".30", short, &[], &stuck);
}

#[test]
fn nodes_of_one_locality_go_together_and_are_waited_for_together() {
    let Some(bench) = Bench::start(5) else { return };
    let localities = |cache: &str| {
        manifest(&bench, cache, &format!("{QUICK}, max_unavailable: 2"), "");
        let path = bench.path("cluster.yaml");
        let mut text = std::fs::read_to_string(&path).unwrap();
        for (number, zone) in (1..=5).zip(["a", "b", "c", "a", "b"]) {
            let name = format!("{{name: store-{number},");
            text = text.replace(&name, &format!("{name} locality: \"region=x,zone={zone}\","));
        }
        std::fs::write(&path, text).unwrap();
    };
    localities(".25");
    bench.apply();
    let before = pids(&bench);
    localities(".26");
    let done = bench.apply().says("Rolling order: store-1 with store-4, store-2 with store-5, store-3.");
    bench.assert_empty_plan();
    assert!(pids(&bench).iter().zip(&before).all(|(now, before)| now != before));
    let batches = [vec!["store-1", "store-4"], vec!["store-2", "store-5"], vec!["store-3"]];
    for pair in batches.windows(2) {
        for (node, later) in pair[0].iter().flat_map(|node| pair[1].iter().map(move |later| (node, later))) {
            let (ready, down) = (format!("{node}: ready"), format!("{later}: draining"));
            assert!(at(&done, &ready) < at(&done, &down), "{node} before {later}:\n{}", done.stderr);
        }
    }
}

#[test]
fn a_dead_node_keeps_the_others_up_and_is_itself_started() {
    let Some(bench) = Bench::start_stand_in(3) else { return };
    let short = "settle: 0s, health_timeout: 10s, ranges_pause: 1s";
    manifest(&bench, ".25", short, "");
    bench.apply();
    let before = pids(&bench);
    // It does not come up, whatever apply does.
    bench.host(3).exec_ok(&format!("systemctl stop cockroach; echo crash-at-start >{FAULTS}")).unwrap();
    manifest(&bench, ".26", short, "");
    bench.crdbctl(&["apply", "--yes"]).code(4).says("store-3/service.cockroach").says("nothing is disrupted");
    assert_eq!(pids(&bench)[..2], before[..2]);

    // Somebody who knows better says so, once for each node.
    bench
        .crdbctl(&["apply", "--yes", "--force-gate", "store-9"])
        .code(64)
        .says("the manifest has no such node");
    bench.host(3).exec_ok(&format!("rm {FAULTS}; systemctl reset-failed cockroach")).unwrap();
    bench.host(2).exec_ok(&format!("echo stuck-ranges >{FAULTS}")).unwrap();
    bench
        .crdbctl(&["apply", "--yes", "--force-gate", "store-1"])
        .code(4)
        .says("GATE SKIPPED because of --force-gate store-1")
        .says("Note: the gate before store-1 was skipped")
        .says("it was restarted and is ready, but the gate after store-1 did not open");
    let now = pids(&bench);
    assert_ne!(now[0], before[0]);
    assert_eq!(now[1], before[1]);
    let record = bench.host(1).exec_ok("cat /var/lib/crdbctl/store.json").unwrap().text();
    assert!(record.contains("forced_gate"), "{record}");
    bench.host(2).exec_ok(&format!("rm {FAULTS}")).unwrap();
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(pids(&bench)[0], now[0]);
}

#[test]
fn an_interrupt_finishes_the_node_in_hand_and_skips_the_rest() {
    let Some(bench) = Bench::start_stand_in(3) else { return };
    manifest(&bench, ".25", QUICK, "");
    bench.apply();
    let before = pids(&bench);
    manifest(&bench, ".26", "settle: 0s, health_timeout: 60s, ranges_pause: 1s", "");
    bench.host(1).exec_ok(&format!("echo 'slow-drain 5s' >{FAULTS}")).unwrap();
    let apply =
        bench.command(&["apply", "--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let drains = "for i in $(seq 300); do curl -ks https://$(hostname -I | cut -d' ' -f1):8080/health?ready=1 | grep -q 'shutting down' && exit 0; sleep 0.1; done; exit 1";
    bench.host(1).exec_ok(drains).unwrap();
    let id = apply.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = apply.wait_with_output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("the run was interrupted"), "{said}");
    assert!(!said.contains("failed"), "{said}");
    let now = pids(&bench);
    assert_ne!(now[0], before[0], "the node in hand is brought to its end: {said}");
    assert_eq!(now[1..], before[1..]);

    // Killed in the middle of a drain: the next apply brings the node back.
    bench.host(1).exec_ok(&format!("rm {FAULTS}")).unwrap();
    bench.host(2).exec_ok(&format!("echo 'slow-drain 60s' >{FAULTS}")).unwrap();
    let mut apply =
        bench.command(&["apply", "--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    bench.host(2).exec_ok(drains).unwrap();
    apply.kill().unwrap();
    apply.wait().unwrap();
    bench.host(2).exec_ok(&format!("rm {FAULTS}")).unwrap();
    std::thread::sleep(Duration::from_secs(5));
    // Even when nobody wants the change any more.
    manifest(&bench, ".25", QUICK, "");
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2).says("store-2/service.cockroach").says("pending");
    bench.apply();
    bench.assert_empty_plan();
}
