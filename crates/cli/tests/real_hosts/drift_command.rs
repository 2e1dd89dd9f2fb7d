//! `drift`: hosts that were changed by hand beside a manifest that was changed, and that looking at it changes nothing.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use crdbctl_model::{Day, Timestamp};
use crdbctl_testlab::{Listing, VOLATILE};

use crate::bench::{ADMIN, Bench, Done, pid};

const PROFILE: &str = "/etc/ufw/applications.d/cockroach";

fn today() -> Day {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Day::of(Timestamp::from_unix(now.try_into().unwrap()))
}

/// Everything on the hosts but what systemd, sshd and CockroachDB themselves keep writing, with the processes.
fn everything(bench: &Bench, hosts: &[usize]) -> Vec<(Listing, String)> {
    let except: Vec<&str> = VOLATILE.iter().copied().chain(["/var/lib/cockroach"]).collect();
    hosts
        .iter()
        .map(|host| (bench.host(*host).listing(&["/"], &except).unwrap(), pid(bench.host(*host))))
        .collect()
}

/// The files beside the manifest, which is the user's home too.
fn beside(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    let output =
        std::process::Command::new("find").arg(bench.directory.path()).args(["-type", "f"]).output().unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().map(|name| (name.to_owned(), std::fs::read(name).unwrap())).collect()
}

fn accept(bench: &Bench, entries: &[(&str, &str, Day)]) {
    let mut text = "accept:\n".to_owned();
    for (address, attribute, until) in entries {
        text.push_str(&format!(
            "  - {{address: \"{address}\", {attribute}until: {until}, reason: \"OPS-12: known\"}}\n"
        ));
    }
    std::fs::write(bench.directory.path().join("cluster.accept.yaml"), text).unwrap();
}

#[track_caller]
fn ends(done: Done, sentence: &str) -> Done {
    assert_eq!(done.stdout.lines().last(), Some(sentence), "{}\n{}", done.stdout, done.stderr);
    done
}

#[test]
fn drift_tells_who_moved_and_changes_nothing() {
    let Some(bench) = Bench::start(3) else { return };
    bench.apply();
    ends(bench.crdbctl(&["drift"]).code(0), "No drift.");

    // Two hosts change, and the manifest with them.
    bench.host(2).exec_ok(&format!("chmod 0666 {PROFILE}")).unwrap();
    bench.host(3).exec_ok(&format!("chown 1 {PROFILE} && chmod 0640 {PROFILE}")).unwrap();
    bench.host(3).exec_ok("chmod 0777 /opt/cockroach/certs").unwrap();
    bench.manifest_with("  flags: {cache: \".35\"}\n", "", "", ADMIN);

    let before = everything(&bench, &[1, 2, 3]);
    let files = beside(&bench);
    look_at_all(&bench);
    look_at_one_side(&bench);
    for (host, (was, is)) in before.iter().zip(everything(&bench, &[1, 2, 3])).enumerate() {
        assert_eq!(was.0.differences(&is.0), [], "store-{}", host + 1);
        assert_eq!(was.1, is.1, "the process of store-{}", host + 1);
    }
    assert_eq!(files, beside(&bench), "nothing is written on the control host");

    what_is_accepted(&bench);
    what_cannot_be_read(&bench);
    // All of it is there for apply, accepted or not.
    bench.apply();
    bench.assert_empty_plan();
    ends(bench.crdbctl(&["drift"]).code(0), "No drift.");
}

fn look_at_all(bench: &Bench) {
    let done = bench.crdbctl(&["drift"]).code(2);
    let done = ends(done, "3 resources have drifted on 2 nodes, 3 changes of the manifest are not applied.");
    let (drift, change) =
        done.stdout.split_once("\nNot applied: the manifest is ahead of the hosts\n").unwrap();
    for words in [
        "Drift: the hosts are not",
        "store-2/file.ufw-profile has drifted",
        "store-3/file.ufw-profile",
        "store-3/directory.certs has drifted",
    ] {
        assert!(drift.contains(words), "{words}: {}", done.stdout);
    }
    assert!(
        !drift.contains("unit.cockroach") && change.contains("unit.cockroach is not applied"),
        "{}",
        done.stdout
    );
    let json: serde_json::Value =
        serde_json::from_str(&bench.crdbctl(&["drift", "--format", "json"]).code(2).stdout).unwrap();
    assert_eq!((&json["exit_code"], json["changes"].as_array().unwrap().len()), (&2.into(), 6));
    let junit = bench.crdbctl(&["drift", "--format", "junit"]).code(2).stdout;
    assert_eq!((junit.matches("type=\"drift\"").count(), junit.matches("type=\"change\"").count()), (3, 3));
}

fn look_at_one_side(bench: &Bench) {
    let drift = bench.crdbctl(&["drift", "--only", "drift"]).code(2);
    let drift = ends(drift, "3 resources have drifted on 2 nodes; 3 changes of the manifest left out.");
    assert!(
        !drift.stdout.contains("Not applied") && !drift.stdout.contains("restarts cockroach"),
        "{}",
        drift.stdout
    );
    let change = bench.crdbctl(&["drift", "--only", "change"]).code(2);
    ends(change, "3 changes of the manifest are not applied; 3 drifted resources left out.");
    let junit = bench.crdbctl(&["drift", "--only", "drift", "--format", "junit"]).code(2).stdout;
    assert_eq!((junit.matches("<failure").count(), junit.matches("type=\"change\"").count()), (3, 0));
}

fn what_is_accepted(bench: &Bench) {
    let day = |days| today().plus(days);
    // One attribute of two, and one resource whole.
    accept(
        bench,
        &[
            ("*/file.ufw-profile", "attribute: mode, ", day(30)),
            ("store-3/directory.*", "", day(30)),
            ("*/unit.cockroach", "", day(30)),
        ],
    );
    let done = bench.crdbctl(&["drift", "--only", "drift"]).code(2);
    let done =
        ends(done, "1 resource has drifted on 1 node; 3 accepted, 3 changes of the manifest left out.");
    assert!(done.stdout.contains("~ owner") && !done.stdout.contains("~ mode"), "{}", done.stdout);
    done.says("(*/unit.cockroach) accepts nothing: no drift is like that");
    accept(
        bench,
        &[("*/file.ufw-profile", "attribute: \"*\", ", day(30)), ("store-3/directory.*", "", day(3))],
    );
    let done = bench.crdbctl(&["drift", "--only", "drift", "--metrics", "crdbctl.prom"]).code(0);
    ends(done, "No drift; 3 accepted, 3 changes of the manifest left out.")
        .says("an accepted drift ends in 3 days");
    let metrics = std::fs::read_to_string(bench.directory.path().join("crdbctl.prom")).unwrap();
    for line in [
        "crdbctl_accepted_resources{cluster=\"store\",node=\"store-3\"} 2\n".to_owned(),
        "crdbctl_drifted_resources{cluster=\"store\",node=\"store-3\",kind=\"file\",divergence=\"drift\"} 0\n".to_owned(),
        "crdbctl_last_run_exit_code{cluster=\"store\"} 0\n".to_owned(),
        format!("crdbctl_accept_next_end_timestamp_seconds{{cluster=\"store\"}} {}\n", day(3).end().as_unix()),
    ] {
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    // A change of the manifest is never accepted, and plan and apply know nothing of what is.
    bench.crdbctl(&["drift"]).code(2).says("3 changes of the manifest are not applied; 3 accepted.");
    let plan = bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2);
    assert!(plan.stdout.contains("store-2/file.ufw-profile") && !plan.stderr.contains("accept"), "{plan:?}");
    // Its day has passed.
    accept(
        bench,
        &[("*/file.ufw-profile", "attribute: \"*\", ", day(-1)), ("store-3/directory.*", "", day(30))],
    );
    let done = bench.crdbctl(&["--quiet", "drift", "--only", "drift"]).code(2);
    assert!(
        done.stderr.starts_with("warning: an accepted drift has expired: cluster.accept.yaml:2 "),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains("ended 1 day ago") && done.stderr.contains("OPS-12: known"),
        "{}",
        done.stderr
    );
    ends(done, "2 resources have drifted on 2 nodes; 1 accepted, 3 changes of the manifest left out.");
}

fn what_cannot_be_read(bench: &Bench) {
    accept(bench, &[("*/*", "", today().plus(30))]);
    let before = everything(bench, &[2, 3]);
    bench.host(1).power_cut().unwrap();
    let done = bench.crdbctl(&["drift"]).code(5);
    assert!(done.stdout.lines().last().unwrap().starts_with("Incomplete: 1 node"), "{}", done.stdout);
    let junit = bench.crdbctl(&["drift", "--only", "drift", "--format", "junit"]).code(5).stdout;
    assert_eq!((junit.matches("<failure").count(), junit.contains("<error ")), (0, true), "{junit}");
    for (was, is) in before.iter().zip(everything(bench, &[2, 3])) {
        assert_eq!(was.0.differences(&is.0), []);
    }
    bench.host(1).power_on().unwrap();
    bench.host(1).wait_ssh().unwrap();
}
