//! What cannot be read is unknown: it is told, never planned, and apply does not begin.

use crate::bench::{ADMIN, Bench};

#[test]
fn hosts_that_cannot_be_read_are_unknown_and_the_others_are_planned() {
    let Some(bench) = Bench::start(3) else { return };
    bench.apply();
    bench.host(1).exec_ok("chmod 0666 /etc/ufw/applications.d/cockroach").unwrap();
    let before = bench.host(1).listing(&["/etc", "/opt"], &[]).unwrap();

    // Down.
    bench.host(3).power_cut().unwrap();
    let plan = bench
        .crdbctl(&["plan", "--detailed-exitcode"])
        .code(5)
        .says("store-3")
        .says("store-1/file.ufw-profile");
    assert!(
        ["deleted", "DELETED", "created"]
            .iter()
            .all(|done| !plan.stdout.contains(&format!("will be {done}"))),
        "{}",
        plan.stdout
    );
    bench.crdbctl(&["apply", "--yes"]).code(5).says("--skip-unknown");
    let untouched = bench.host(1).listing(&["/etc", "/opt"], &[]).unwrap();
    assert_eq!(before.differences(&untouched), []);
    bench.crdbctl(&["apply", "--yes", "--skip-unknown"]).code(5);
    assert_eq!(bench.host(1).exec_ok("stat -c %a /etc/ufw/applications.d/cockroach").unwrap().text(), "644");
    bench.host(3).power_on().unwrap();
    bench.host(3).wait_ssh().unwrap();
    bench.assert_empty_plan();

    // Something stands in the way that only a person may move: data may lie in it.
    bench.host(1).exec_ok("chmod 0666 /etc/ufw/applications.d/cockroach").unwrap();
    bench.host(2).exec_ok("rm /opt/cockroach/data && mkdir /opt/cockroach/data").unwrap();
    bench
        .crdbctl(&["plan", "--detailed-exitcode"])
        .code(5)
        .says("store-2/link.data")
        .says("is a directory")
        .says("store-1/file.ufw-profile");
    bench.crdbctl(&["apply", "--yes"]).code(5);
    bench
        .host(2)
        .exec_ok("rmdir /opt/cockroach/data && ln -s /var/lib/cockroach /opt/cockroach/data")
        .unwrap();
    bench.apply();
    bench.assert_empty_plan();

    // Another machine answers under its name, or so it seems.
    bench.host(2).change_host_key().unwrap();
    bench.crdbctl(&["plan"]).code(5).says("store-2").says("host key");
}

#[test]
fn logins_and_privileges_that_are_refused_are_told_apart() {
    let Some(bench) = Bench::start(1) else { return };
    bench.manifest("", "nobody-here");
    bench.crdbctl(&["plan"]).code(5).says("store-1").says("Permission denied");
    bench.manifest("", "plain");
    bench.crdbctl(&["plan"]).code(5).says("store-1").says("sudo");
    bench.manifest("", "asks");
    bench.crdbctl(&["plan"]).code(5).says("password");
    bench.manifest("", ADMIN);
    bench.crdbctl(&["plan"]).code(0);
}
