//! Cables and firewalls.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use std::time::{Duration, Instant};

use crdbctl_testlab::{Lab, require_lab, users};

#[test]
fn a_host_that_is_cut_off_runs_on_and_cannot_be_reached() {
    let Some(lab) = require_lab(Lab::builder().hosts(2)) else { return };
    let host = lab.host("host-1");
    let login = |name: &str| lab.ssh(users::ADMIN, name).arg("true").output().unwrap().status.success();
    assert!(login("host-1"));

    host.cut_off().unwrap();
    let mut hurried = std::process::Command::new("ssh");
    hurried.arg("-F").arg(lab.ssh_config()).args(["-o", "ConnectTimeout=2", "host-1", "true"]);
    assert_eq!(hurried.output().unwrap().status.code(), Some(255));
    assert!(login("host-2"));
    assert!(host.is_on().unwrap());
    host.exec_ok("systemctl is-active ssh.service").unwrap();

    host.reconnect().unwrap();
    assert!(login("host-1"));
}

#[test]
fn a_connection_that_was_open_survives_a_short_cut() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let mut login = lab.ssh(users::ADMIN, "host-1");
    let login =
        login.arg("echo begun; sleep 1; echo ended").stdout(std::process::Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while !host.exec("pgrep -x sleep").unwrap().success() {
        assert!(start.elapsed() < Duration::from_secs(10));
    }
    host.cut_off().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    host.reconnect().unwrap();
    assert_eq!(String::from_utf8(login.wait_with_output().unwrap().stdout).unwrap(), "begun\nended\n");
}

#[test]
fn the_firewall_is_real() {
    let Some(lab) = require_lab(Lab::builder().names(["left", "right"])) else { return };
    let (left, right) = (lab.host("left"), lab.host("right"));
    let serve =
        "systemd-run --quiet --unit=web python3 -m http.server 8080 --directory /etc/ssh/sshd_config.d";
    right.exec_ok(serve).unwrap();
    right
        .exec_ok("for i in $(seq 100); do curl -s localhost:8080 && exit 0; sleep 0.1; done; exit 1")
        .unwrap();
    let reaches = || left.exec("curl -s --max-time 2 http://right:8080/").unwrap().success();
    assert!(reaches());

    right.exec_ok("ufw allow 22/tcp && ufw --force enable").unwrap();
    assert!(!reaches());
    right.wait_ssh().unwrap();

    right.exec_ok(&format!("ufw allow from {} to any port 8080 proto tcp", left.address())).unwrap();
    assert!(reaches());
    let status = right.exec_ok("ufw status").unwrap().text();
    assert!(status.starts_with("Status: active") && status.contains("8080/tcp"), "{status}");
    // Each host has a firewall of its own.
    assert_eq!(left.exec_ok("ufw status").unwrap().text(), "Status: inactive");

    right.reboot().unwrap();
    assert!(right.exec_ok("ufw status").unwrap().text().starts_with("Status: active"));
}

#[test]
fn a_lab_reaches_nothing_but_itself() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let routes = lab.host("host-1").exec_ok("ip route").unwrap().text();
    assert!(!routes.contains("default"), "{routes}");
    assert!(!lab.host("host-1").exec("getent hosts deb.debian.org").unwrap().success());
}
