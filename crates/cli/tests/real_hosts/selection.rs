//! A part of a plan is planned and applied: what was selected, on its hosts, and nothing anywhere else.

use std::collections::BTreeMap;

use crdbctl_testlab::{Listing, VOLATILE};

use crate::bench::{ADMIN, Bench, pid};
use crate::cluster::{edit, sql};
use crate::release::Release;

const PROFILE: &str = "/etc/ufw/applications.d/cockroach";

/// What is on a host, and which process runs. What CockroachDB writes itself does not count.
fn state(bench: &Bench, number: usize) -> (Listing, String) {
    let except: Vec<&str> = VOLATILE.iter().copied().chain(["/var/lib/cockroach", "/root"]).collect();
    (bench.host(number).listing(&["/"], &except).unwrap(), pid(bench.host(number)))
}

/// Sees that hosts are as they were, to the byte and the process.
#[track_caller]
fn untouched(bench: &Bench, before: &BTreeMap<usize, (Listing, String)>) {
    for (number, (listing, running)) in before {
        let (now, runs) = state(bench, *number);
        assert_eq!(listing.differences(&now), [], "store-{number}");
        assert_eq!(*running, runs, "store-{number}");
    }
}

fn states(bench: &Bench, numbers: &[usize]) -> BTreeMap<usize, (Listing, String)> {
    numbers.iter().map(|number| (*number, state(bench, *number))).collect()
}

/// The whole plan's changes with their causes: `store-1/unit.cockroach manifest`.
fn planned(bench: &Bench) -> Vec<String> {
    let json = bench.crdbctl(&["plan", "--format", "json"]).code(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let line = |change: &serde_json::Value| {
        format!("{} {}", change["addr"].as_str().unwrap(), change["cause"].as_str().unwrap())
    };
    json["changes"].as_array().unwrap().iter().map(line).collect()
}

/// Lets every node differ from a manifest that has moved: a file by hand, and the flags by the manifest.
fn diverge(bench: &Bench, cache: &str) {
    bench.manifest_with(&format!("  flags: {{cache: \"{cache}\"}}\n"), "", "", ADMIN);
    for number in 1..=3 {
        bench.host(number).exec_ok(&format!("chmod 0666 {PROFILE}")).unwrap();
    }
}

#[test]
fn what_was_selected_is_healed_and_restarted_and_no_other_host_is_touched() {
    let Some(bench) = Bench::start(3) else { return };

    // Before anything is there, a node alone would be without an authority: refused, and nothing is made, here or there.
    // (Once before, because sudo itself leaves a mark in the user's home.)
    bench.crdbctl(&["plan"]).code(0);
    let fresh = states(&bench, &[1, 2, 3]);
    let alone = bench.crdbctl(&["apply", "--yes", "--node", "store-1"]).code(64);
    assert!(alone.stdout.is_empty() && alone.stderr.contains("--target cluster/authority.ca"), "{alone:?}");
    untouched(&bench, &fresh);
    assert!(!bench.path("keys").exists());
    // What needs nothing of others is made there alone, and leaves no trace of the locks that it took elsewhere but when.
    let accounts = ["--target", "store-1/user.*", "--target", "store-1/group.*"];
    bench.crdbctl(&[&["apply", "--yes"], &accounts[..]].concat()).code(0);
    for number in [2, 3] {
        let differences = fresh[&number].0.differences(&state(&bench, number).0);
        assert!(differences.iter().all(|it| it.path == "/var/lib"), "store-{number}: {differences:?}");
    }
    bench.host(1).exec_ok("id cockroach").unwrap();

    bench.apply();
    bench.assert_empty_plan();
    diverge(&bench, ".3");
    let all = states(&bench, &[1, 2, 3]);

    let plan = bench.crdbctl(&["plan", "--detailed-exitcode", "--target", "store-2/*"]).code(2);
    let plan = plan.says("Rolling order: store-2.").says("Left out by --target 'store-2/*': 4 changes");
    let shown = plan.stdout.split("Left out by").next().unwrap();
    assert!(!shown.contains("store-1") && !shown.contains("store-3"), "{}", plan.stdout);
    bench
        .crdbctl(&["apply", "--yes", "--target", "store-2/unti.*"])
        .code(64)
        .says("did you mean store-2/unit");
    untouched(&bench, &all);

    // Without its unit first: what is left out is not recorded as applied.
    bench.crdbctl(&["apply", "--yes", "--target", "store-2/file.*"]).code(0).says("1 change on 1 node");
    assert_eq!(pid(bench.host(2)), all[&2].1);
    let left = |nodes: &[usize]| -> Vec<String> {
        let of = |number: &usize| {
            [
                format!("store-{number}/file.ufw-profile drift"),
                format!("store-{number}/unit.cockroach manifest"),
            ]
        };
        nodes.iter().flat_map(of).collect()
    };
    let mut expected = left(&[1, 2, 3]);
    expected.retain(|line| line != "store-2/file.ufw-profile drift");
    assert_eq!(planned(&bench), expected);

    bench.crdbctl(&["apply", "--yes", "--target", "store-2/*"]).code(0);
    assert_ne!(pid(bench.host(2)), all[&2].1);
    let others: BTreeMap<_, _> = all.into_iter().filter(|(number, _)| *number != 2).collect();
    untouched(&bench, &others);
    assert_eq!(planned(&bench), left(&[1, 3]), "the rest is there, for the same reasons");
    bench
        .crdbctl(&["plan", "--detailed-exitcode", "--node", "store-2"])
        .code(0)
        .says("No changes in this part");

    saved_parts(&bench);
    bench.apply();
    bench.assert_empty_plan();
    beside_a_dead_node(&bench);
}

/// A saved part rests on its own nodes: whatever is done to others, it is what is done; and by what is done to its own, it is stale.
fn saved_parts(bench: &Bench) {
    let save = || {
        bench.crdbctl(&["plan", "--node", "store-1", "-o", "part.json"]).code(0);
    };
    save();
    let hosts = states(bench, &[1, 2, 3]);
    bench.crdbctl(&["apply", "part.json", "--yes", "--target", "*/*"]).code(64).says("was not made with");
    untouched(bench, &hosts);
    bench.host(1).exec_ok(&format!("chmod 0640 {PROFILE}")).unwrap();
    let inside = bench.crdbctl(&["apply", "part.json", "--yes"]).code(3).says("store-1/file.ufw-profile");
    assert_eq!(inside.stdout, "");
    bench.host(1).exec_ok(&format!("chmod 0666 {PROFILE}")).unwrap();

    save();
    bench.host(3).exec_ok(&format!("chmod 0600 {PROFILE}")).unwrap();
    let others = states(bench, &[2, 3]);
    let shown = bench.crdbctl(&["show", "part.json"]).code(0).stdout;
    let done = bench.crdbctl(&["apply", "part.json", "--yes"]).code(0);
    let plan = shown.split_once("\n\n").unwrap().1;
    assert!(done.stdout.contains(plan), "what was shown is what is applied:\n{}\n{plan}", done.stdout);
    untouched(bench, &others);
    assert_ne!(pid(bench.host(1)), hosts[&1].1);
    bench.crdbctl(&["apply", "part.json", "--yes"]).code(3).says("store-1 was applied to since");
    assert_eq!(planned(bench), ["store-3/file.ufw-profile drift", "store-3/unit.cockroach manifest"]);
}

/// A node that cannot be read is told and stops nobody who has nothing to do with it; a gate that sees it is shut all the same.
fn beside_a_dead_node(bench: &Bench) {
    bench.host(2).exec_ok(&format!("chmod 0666 {PROFILE}")).unwrap();
    bench.host(3).power_cut().unwrap();
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(5);
    let outside = "store-3 is outside of the selection and could not be read";
    bench.crdbctl(&["plan", "--detailed-exitcode", "--node", "store-1"]).code(0).says(outside);
    bench.crdbctl(&["plan", "--detailed-exitcode", "--node", "store-2"]).code(2).says(outside);
    bench.crdbctl(&["plan", "--node", "store-3"]).code(5);
    bench.crdbctl(&["apply", "--yes", "--target", "*/file.*"]).code(5);
    let running = pid(bench.host(2));
    bench.crdbctl(&["apply", "--yes", "--node", "store-2"]).code(0).says(outside);
    assert_eq!(bench.host(2).exec_ok(&format!("stat -c %a {PROFILE}")).unwrap().text(), "644");
    assert_eq!(pid(bench.host(2)), running);

    bench.manifest_with("  flags: {cache: \".31\"}\n", "", "", ADMIN);
    edit(bench, &[("health_timeout: 60s", "health_timeout: 5s")]);
    bench.crdbctl(&["apply", "--yes", "--node", "store-2"]).code(4).says("did not open").says("store-3");
    assert_eq!(pid(bench.host(2)), running, "gates look at every node");
}

#[test]
fn a_canary_goes_first_behind_the_hold_and_the_others_when_somebody_says_so() {
    let Some(bench) = Bench::start_stand_in(3) else { return };
    let archives = crate::release::archives(&["v24.1.0", "v24.3.0"]);
    let archives = archives.join("cockroach-{version}.{os}-{arch}.tgz");
    edit(&bench, &[(Release::of_hosts().archive.to_str().unwrap(), archives.to_str().unwrap())]);
    bench.apply();
    bench.assert_empty_plan();
    let moved = "version: v24.3.0\n  flags: {cache: \".3\"}\n  upgrade: {finalize: manual}";
    edit(&bench, &[("version: v24.1.0", moved)]);
    let build = |number: usize| {
        let link = bench
            .host(number)
            .exec_ok("readlink -f /proc/$(systemctl show cockroach -p MainPID --value)/exe");
        link.unwrap().text()
    };

    // Without the hold, the last node of all would begin what cannot be undone.
    let before = states(&bench, &[1, 2, 3]);
    let refused = bench.crdbctl(&["apply", "--yes", "--node", "store-1"]).code(64);
    let refused = refused.says("store-1/link.cockroach needs cluster/version.store");
    assert!(
        refused.stderr.contains("write instead --target 'store-1/*' --target cluster/version.store"),
        "{refused:?}"
    );
    untouched(&bench, &before);

    let canary = ["apply", "--yes", "--target", "store-1/*", "--target", "cluster/version.store"];
    bench.crdbctl(&canary).code(0).says("Rolling order: store-1.");
    assert!(build(1).contains("v24.3.0"), "{}", build(1));
    untouched(&bench, &BTreeMap::from_iter(before.into_iter().filter(|(number, _)| *number != 1)));
    assert_eq!(sql(&bench, 1, "SHOW CLUSTER SETTING version").lines().last(), Some("24.1"));
    bench.crdbctl(&["plan", "--detailed-exitcode", "--node", "store-1"]).code(0);

    // A unit alone restarts its node with the version that it has: said before, and no reason for a gate to stay shut.
    let half = bench.crdbctl(&["apply", "--yes", "--target", "store-2/unit.*"]).code(0);
    half.says("store-2 is restarted without store-2/link.cockroach, left out: it is restarted again");
    assert!(build(2).contains("v24.1.0"), "{}", build(2));
    let running: Vec<String> = [1, 3].iter().map(|number| pid(bench.host(*number))).collect();
    let planned = planned(&bench);
    assert!(planned.contains(&"store-2/link.cockroach manifest".to_owned()), "{planned:?}");
    assert!(!planned.iter().any(|line| line.starts_with("store-2/unit") || line.starts_with("store-1/")));

    bench.crdbctl(&["apply", "--yes", "--node", "store-2"]).code(0).says("Rolling order: store-2.");
    assert!(build(2).contains("v24.3.0"), "{}", build(2));
    assert_eq!([1, 3].iter().map(|number| pid(bench.host(*number))).collect::<Vec<_>>(), running);
    bench.apply().says("Rolling order: store-3.");
    bench.assert_empty_plan();
    assert_eq!(sql(&bench, 1, "SHOW CLUSTER SETTING version").lines().last(), Some("24.1"));
}
