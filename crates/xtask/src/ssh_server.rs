//! What is tested against on this machine: an OpenSSH server, login shells, and openssl.

use std::path::Path;
use std::process::Command;

use crdbctl_testlab::{install, is_installed};

use crate::Failure;
use crate::runner::succeeds;

/// Programs, and the Debian packages that bring them.
const NEEDED: [(&str, &str); 7] = [
    ("sshd", "openssh-server"),
    ("ssh", "openssh-client"),
    ("openssl", "openssl"),
    ("fish", "fish"),
    ("tcsh", "tcsh"),
    ("zsh", "zsh"),
    ("busybox", "busybox"),
];

/// Makes this machine able to run an sshd and login shells for tests. No sshd of the machine is started.
pub(crate) fn prepare() -> Result<(), Failure> {
    let packages: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    println!("installing the Debian packages {}", packages.join(" "));
    if packages.contains(&"openssh-server") {
        keep_from_starting()?;
    }
    Ok(install(&packages)?)
}

/// Masks the services of a server that is about to be installed: Debian starts them at once, and at every boot.
fn keep_from_starting() -> Result<(), Failure> {
    // Without systemd, as in a container, Debian starts nothing (`invoke-rc.d`).
    if !Path::new("/run/systemd/system").exists() {
        return Ok(());
    }
    println!("masking ssh.service and ssh.socket; `systemctl unmask ssh.service ssh.socket` undoes it");
    if !succeeds(Command::new("systemctl").args(["mask", "--quiet", "ssh.service", "ssh.socket"]))? {
        return Err(
            "`systemctl mask ssh.service ssh.socket` failed, so openssh-server is not installed".into()
        );
    }
    Ok(())
}
