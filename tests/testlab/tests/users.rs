//! Who may log in to a host, and what sudo lets them do.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use std::process::{Command, Output, Stdio};

use crdbctl_testlab::{Lab, require_lab, users};

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a command as the user `asks` and gives a password to its sudo.
fn sudo_with(lab: &Lab, password: &str) -> Output {
    let mut command = lab.ssh(users::ASKS, "host-1");
    command
        .arg("sudo -k -S -p '' id -un")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{password}\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn everybody_logs_in_by_the_labs_configuration_and_sudo_is_as_told() {
    let Some(lab) = require_lab(Lab::builder().hosts(2)) else { return };
    for host in &lab {
        for user in ["root", users::ADMIN, users::ASKS, users::PLAIN] {
            let output = lab
                .ssh(user, host.name().as_str())
                .arg("id -un; hostname; stat -c %a:%U ~/.ssh")
                .output()
                .unwrap();
            assert_eq!(text(&output), format!("{user}\n{}\n700:{user}\n", host.name()));
        }
    }
    // By address as well, and as the admin when nobody is named.
    let by_address = |arguments: &[&str]| {
        let host = lab.host("host-2").address().to_string();
        text(&Command::new("ssh").arg("-F").arg(lab.ssh_config()).arg(host).args(arguments).output().unwrap())
    };
    assert_eq!(by_address(&["id", "-un"]), "admin\n");

    let sudo = |user: &str| lab.ssh(user, "host-1").arg("sudo -n id -un").output().unwrap();
    assert_eq!(text(&sudo(users::ADMIN)), "root\n");
    assert_eq!(text(&sudo(users::ASKS)), "sudo: a password is required\n");
    assert!(!sudo(users::PLAIN).status.success());

    assert_eq!(text(&sudo_with(&lab, users::ASKS_PASSWORD)), "root\n");
    let refused = sudo_with(&lab, "wrong");
    assert!(
        !refused.status.success() && text(&refused).contains("incorrect password attempt"),
        "{refused:?}"
    );
}

#[test]
fn a_changed_host_key_is_refused_until_the_host_is_fresh() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    let host = lab.host("host-1");
    let login = || lab.ssh(users::ADMIN, "host-1").arg("true").output().unwrap();
    assert!(login().status.success());

    host.change_host_key().unwrap();
    let refused = login();
    assert_eq!(refused.status.code(), Some(255));
    assert!(text(&refused).contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{refused:?}");

    host.fresh().unwrap();
    assert!(login().status.success(), "{:?}", login());
}

#[test]
fn the_ssh_server_can_be_told_to_be_mean() {
    let Some(lab) = require_lab(Lab::builder()) else { return };
    lab.host("host-1").configure_sshd("MaxSessions 1\nMaxStartups 2:100:2").unwrap();
    let effective = lab.host("host-1").exec_ok("sshd -T").unwrap().text();
    assert!(
        effective.contains("maxsessions 1\n") && effective.contains("maxstartups 2:100:2\n"),
        "{effective}"
    );
    assert!(lab.host("host-1").configure_sshd("NoSuchOption yes").is_err());
}
