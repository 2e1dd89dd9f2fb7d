//! Hosts that go off and on again.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use crdbctl_testlab::{Host, Lab, LabErrorKind, require_lab, users};

fn machine_id(host: &Host) -> String {
    host.read_text("/etc/machine-id").expect("every host has one")
}

fn boot_id(host: &Host) -> String {
    // The kernel is the machine's, so its boot id does not change; the time of PID 1's start does.
    host.exec_ok("stat -c %z /proc/1").expect("every host has a PID 1").text()
}

#[test]
fn a_reboot_stops_services_in_good_order_and_keeps_the_disk() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let unit = "[Service]\nExecStart=sleep infinity\nExecStop=touch /var/lib/stopped\n[Install]\nWantedBy=multi-user.target\n";
    host.write("/etc/systemd/system/witness.service", unit.as_bytes(), 0o644, "root:root").unwrap();
    host.exec_ok("systemctl enable --now witness.service && touch /var/lib/kept /run/lost /tmp/lost")
        .unwrap();
    let (id, boot) = (machine_id(host), boot_id(host));

    host.reboot().unwrap();

    assert_ne!(boot_id(host), boot);
    assert_eq!(machine_id(host), id);
    for (path, there) in
        [("/var/lib/kept", true), ("/var/lib/stopped", true), ("/run/lost", false), ("/tmp/lost", false)]
    {
        assert_eq!(host.exists(path).unwrap(), there, "{path}");
    }
    host.exec_ok("systemctl is-active witness.service").unwrap();
    assert!(lab.ssh(users::ADMIN, "host-1").arg("true").status().unwrap().success());
}

#[test]
fn a_power_cut_stops_everything_at_once_and_keeps_the_disk() {
    let Some(lab) = require_lab(Lab::builder().hosts(2)) else { return };
    let host = lab.host("host-1");
    let unit = "[Service]\nExecStart=sleep infinity\nExecStop=touch /var/lib/stopped\n";
    host.write("/etc/systemd/system/witness.service", unit.as_bytes(), 0o644, "root:root").unwrap();
    host.exec_ok("systemctl start witness.service && touch /var/lib/kept").unwrap();

    host.power_cut().unwrap();
    host.power_cut().unwrap();

    assert!(!host.is_on().unwrap());
    let error = host.exec("true").unwrap_err();
    assert!(matches!(error.kind(), LabErrorKind::Off), "{error}");
    assert!(
        std::net::TcpStream::connect_timeout(&(host.address(), 22).into(), std::time::Duration::from_secs(1))
            .is_err()
    );
    assert!(lab.host("host-2").is_on().unwrap());

    host.power_on().unwrap();
    host.power_on().unwrap();
    assert!(host.exists("/var/lib/kept").unwrap());
    assert!(!host.exists("/var/lib/stopped").unwrap());
    assert!(lab.ssh(users::ADMIN, "host-1").arg("true").status().unwrap().success());
}

#[test]
fn a_reboot_asked_for_by_ssh_comes_back() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let boot = boot_id(host);
    // The host may go before its ssh server has closed the connection, so nobody waits for that.
    let mut login = lab.ssh(users::ADMIN, "host-1").arg("sudo systemctl reboot").spawn().unwrap();
    let start = std::time::Instant::now();
    while host.exec("stat -c %z /proc/1").map_or(true, |output| !output.success() || output.text() == boot) {
        assert!(start.elapsed().as_secs() < 60, "the host did not come back");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    login.kill().unwrap();
    login.wait().unwrap();
    host.wait_ssh().unwrap();
    assert!(lab.ssh(users::ADMIN, "host-1").arg("true").status().unwrap().success());
}

#[test]
fn a_fresh_host_has_nothing_of_the_old_one_but_its_name_and_key() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let (id, key) = (machine_id(host), host.read("/etc/ssh/ssh_host_ed25519_key.pub").unwrap());
    host.exec_ok("touch /var/lib/old && useradd somebody && rm /etc/hosts && ufw --force enable").unwrap();

    host.fresh().unwrap();

    assert!(!host.exists("/var/lib/old").unwrap());
    assert!(!host.exec("id somebody").unwrap().success());
    assert_eq!(host.exec_ok("ufw status").unwrap().text(), "Status: inactive");
    assert_ne!(machine_id(host), id);
    assert_eq!(host.read("/etc/ssh/ssh_host_ed25519_key.pub").unwrap(), key);
    assert!(lab.ssh(users::ADMIN, "host-1").arg("grep -q host-1 /etc/hosts").status().unwrap().success());
}
