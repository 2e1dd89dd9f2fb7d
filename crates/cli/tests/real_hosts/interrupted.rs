//! Killed, cut off or met by another apply at any instant: nothing is half-written, and the next apply converges.

use std::process::Stdio;
use std::time::Duration;

use crate::bench::{Bench, pid};

/// Moments after the start of an apply of bare hosts, from its first probe to its last record.
const MOMENTS: [u64; 6] = [350, 700, 1000, 1400, 1900, 2600];

#[test]
fn killed_at_any_moment_the_next_apply_converges_and_leaves_nothing_behind() {
    let Some(bench) = Bench::start(2) else { return };
    bench.manifest_with("  join: [store-1, store-2]\n", "", "", crate::bench::ADMIN);
    for moment in MOMENTS {
        let mut apply =
            bench.command(&["apply", "--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(moment));
        apply.kill().unwrap();
        apply.wait().unwrap();
        let next = bench.crdbctl(&["apply", "--yes"]);
        // What was under way on a host when its master died ends first, with the lock in hand.
        let next = if next.code == 6 || next.code == 3 {
            std::thread::sleep(Duration::from_secs(5));
            bench.crdbctl(&["apply", "--yes"])
        } else {
            next
        };
        assert_eq!(next.code, 0, "after a kill at {moment} ms: {}{}", next.stdout, next.stderr);
        bench.assert_empty_plan();
        // Where only the records were missing, nothing was to be done: they are written with the next change, on whichever node.
        bench.host(1).exec_ok("chmod 0600 /etc/ufw/applications.d/cockroach").unwrap();
        bench.apply();
        for host in bench.lab.hosts() {
            let left = host
                .exec_ok("find / -xdev -name '.crdbctl.*'; ls /run/crdbctl | grep -v lock; true")
                .unwrap()
                .text();
            assert_eq!(left, "", "after a kill at {moment} ms on {}", host.name());
            // The host was bare: all of it is crdbctl's to remove one day, whichever of the two applies made it. A service is
            // its unit's, and goes with that.
            let record = host.exec_ok("cat /var/lib/crdbctl/store.json").unwrap().text();
            let record: serde_json::Value = serde_json::from_str(&record).unwrap();
            let resources = record["resources"].as_object().unwrap();
            let found: Vec<&String> = resources
                .iter()
                .filter(|(_, entry)| entry["created"] == false)
                .map(|(local, _)| local)
                .collect();
            assert!(
                resources.len() >= 13 && found.iter().all(|local| *local == "service.cockroach"),
                "after a kill at {moment} ms on {}: {found:?}",
                host.name()
            );
            assert!(!host.exists("/var/lib/crdbctl/store.begun").unwrap());
            assert!(!host.exists("/var/lib/crdbctl/store.steps").unwrap());
            host.fresh().unwrap();
        }
    }
}

#[test]
fn a_host_that_loses_power_during_apply_fails_alone_and_converges_later() {
    let Some(bench) = Bench::start(3) else { return };
    bench.apply();
    for host in bench.lab.hosts() {
        host.exec_ok("rm /opt/cockroach/certs/node.key; chmod 0666 /etc/ufw/applications.d/cockroach")
            .unwrap();
    }
    let apply =
        bench.command(&["apply", "--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(900));
    bench.host(2).power_cut().unwrap();
    let output = apply.wait_with_output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(4 | 5 | 3 | 0)), "{said}");
    if output.status.code() == Some(4) {
        for number in [1, 3] {
            let mode =
                bench.host(number).exec_ok("stat -c %a /etc/ufw/applications.d/cockroach").unwrap().text();
            assert_eq!(mode, "644", "store-{number} has nothing to do with it: {said}");
        }
    }
    bench.host(2).power_on().unwrap();
    bench.host(2).wait_ssh().unwrap();
    bench.apply();
    bench.assert_empty_plan();
}

#[test]
fn two_applies_exclude_each_other_and_the_loser_names_the_holder() {
    let Some(bench) = Bench::start(1) else { return };
    bench.apply();
    // Somebody else's apply, as far as the lock is concerned.
    let holder = "exec 9>>/run/crdbctl/store.lock; flock -n 9; echo 'run 20261204-101500-abcdef by ann@bastion' >/run/crdbctl/store.lock; \
                  setsid sleep 20 >/dev/null 2>&1 </dev/null & echo $!";
    let sleeper = bench.host(1).exec_ok(holder).unwrap().text();
    bench.host(1).exec_ok("chmod 0666 /etc/ufw/applications.d/cockroach").unwrap();
    let before = bench.host(1).listing(&["/etc", "/opt", "/var/lib/crdbctl"], &[]).unwrap();
    bench.crdbctl(&["apply", "--yes"]).code(6).says("ann@bastion").says("store-1");
    let after = bench.host(1).listing(&["/etc", "/opt", "/var/lib/crdbctl"], &[]).unwrap();
    assert_eq!(before.differences(&after), []);
    // Reading needs no lock.
    bench.crdbctl(&["plan", "--detailed-exitcode"]).code(2);
    bench.host(1).exec_ok(&format!("kill {sleeper}")).unwrap();
    let running = pid(bench.host(1));
    bench.apply();
    bench.assert_empty_plan();
    assert_eq!(pid(bench.host(1)), running);
}
