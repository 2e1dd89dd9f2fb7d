//! systemd is the real one.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use std::time::{Duration, Instant};

use crdbctl_testlab::{Host, Lab, require_lab};

const UNIT: &str = "\
[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c 'sleep 0.3; systemd-notify --ready --status=serving; sleep infinity & wait'
TasksMax=100
MemoryMax=100M
TimeoutStopSec=20
";

fn property(host: &Host, name: &str) -> String {
    host.exec_ok(&format!("systemctl show --value --property={name} told.service"))
        .expect("systemctl answers")
        .text()
}

#[test]
fn a_service_tells_when_it_is_ready_and_hosts_do_not_share_its_cgroup() {
    let Some(lab) = require_lab(Lab::builder().hosts(2)) else { return };
    for host in &lab {
        host.write("/etc/systemd/system/told.service", UNIT.as_bytes(), 0o644, "root:root").unwrap();
        let start = Instant::now();
        host.exec_ok("systemctl daemon-reload && systemctl start told.service").unwrap();
        assert!(start.elapsed() >= Duration::from_millis(300), "started before it was ready");
        assert_eq!(property(host, "StatusText"), "serving");
        assert_eq!(property(host, "MemoryMax"), "104857600");
        // The shell and what it started; of another host's, nothing.
        let processes =
            host.exec_ok("wc -l < $(find /sys/fs/cgroup -path '*/told.service/cgroup.procs')").unwrap();
        assert_eq!(processes.text(), "2");
    }
    let [first, second] = lab.hosts() else { panic!("two hosts") };
    let start = Instant::now();
    first.exec_ok("systemctl stop told.service").unwrap();
    // A cgroup shared with the other host would not become empty before the stop times out.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(property(first, "Result"), "success");
    assert!(!first.exec("pgrep -x sleep").unwrap().success());
    assert_eq!(property(second, "ActiveState"), "active");
}

#[test]
fn a_host_that_has_booted_runs_with_nothing_failed_and_nothing_left_to_do() {
    let Some(lab) = require_lab(Lab::builder().hosts(3)) else { return };
    for host in &lab {
        assert_eq!(host.exec_ok("systemctl is-system-running").unwrap().text(), "running");
        assert_eq!(host.exec_ok("systemctl list-jobs --no-legend").unwrap().text(), "");
        // Nothing starts by itself in the middle of a test.
        assert_eq!(host.exec_ok("systemctl list-timers --no-legend").unwrap().text(), "");
        assert!(!host.exists("/run/nologin").unwrap());
    }
}

/// Programs that bind the host's address fail at boot where nobody waits for it.
#[test]
fn what_starts_when_the_network_is_online_finds_the_host_s_address() {
    let Some(lab) = require_lab(Lab::builder().hosts(1)) else { return };
    let [host] = lab.hosts() else { panic!("one host") };
    let unit = "[Unit]\nWants=network-online.target\nAfter=network-online.target\n[Service]\nType=oneshot\n\
        ExecStart=/bin/sh -c 'ip -4 -oneline address show host0 >> /var/lib/seen; echo . >> /var/lib/seen'\n\
        [Install]\nWantedBy=multi-user.target\n";
    host.write("/etc/systemd/system/seen.service", unit.as_bytes(), 0o644, "root:root").unwrap();
    host.exec_ok("systemctl --quiet enable seen.service").unwrap();
    for boots in 1..=3 {
        host.power_cut().unwrap();
        host.power_on().unwrap();
        let seen = host.exec_ok("cat /var/lib/seen").unwrap().text();
        assert_eq!(seen.matches(&format!(" {}/", host.address())).count(), boots, "{seen}");
    }
}
