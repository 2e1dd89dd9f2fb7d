//! Programs of this machine that a lab is made with.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::error::{LabError, LabErrorKind};
use crate::process::run_ok;

/// Programs, and the Debian packages that bring them.
const NEEDED: &[(&str, &str)] = &[
    ("systemd-nspawn", "systemd-container"),
    ("mmdebstrap", "mmdebstrap"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("ip", "iproute2"),
    ("nsenter", "util-linux"),
    ("unshare", "util-linux"),
    ("setsid", "util-linux"),
    ("mount", "mount"),
    ("tar", "tar"),
];

/// Returns the Debian packages whose programs are missing on this machine, each once.
pub(crate) fn missing() -> Vec<&'static str> {
    let mut packages: Vec<_> =
        NEEDED.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package).collect();
    packages.dedup();
    packages
}

/// Returns whether a program is on this machine.
pub fn is_installed(program: &str) -> bool {
    // An ordinary user's PATH often lacks the sbin directories where some of these live.
    let path = env::var("PATH").unwrap_or_default();
    path.split(':')
        .chain(["/usr/sbin", "/sbin"])
        .any(|directory| Path::new(directory).join(program).is_file())
}

/// Installs from Debian's packages what is missing for a lab, and returns the names of the packages installed.
///
/// # Errors
/// The machine has no `apt-get`, or `apt-get` failed, for instance because the caller is not root.
pub fn install_missing() -> Result<Vec<&'static str>, LabError> {
    let mut packages = missing();
    if packages.is_empty() {
        return Ok(packages);
    }
    if Path::new("/etc/os-release").exists()
        && !Path::new("/usr/share/keyrings/debian-archive-keyring.gpg").exists()
    {
        packages.push("debian-archive-keyring");
    }
    install(&packages)?;
    Ok(packages)
}

/// Installs Debian packages.
///
/// # Errors
/// As [`install_missing`].
pub fn install(packages: &[&str]) -> Result<(), LabError> {
    if !is_installed("apt-get") {
        let reason = format!(
            "this machine has no apt-get; install the programs of these Debian packages: {}",
            packages.join(" ")
        );
        return Err(LabError::new("installing what the tests need", LabErrorKind::Unavailable(reason)));
    }
    apt_get(&["update"])?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(&arguments)
}

fn apt_get(arguments: &[&str]) -> Result<(), LabError> {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-qq", "-o", "DPkg::Lock::Timeout=300"])
        .args(arguments);
    run_ok(&mut command, &[]).map(drop)
}
