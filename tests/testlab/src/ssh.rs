//! Files by which OpenSSH finds the hosts and knows them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::{Doing as _, LabError};
use crate::host::Host;
use crate::lab::Lab;
use crate::users;

pub(crate) const CONFIG: &str = "ssh_config";
pub(crate) const KNOWN_HOSTS: &str = "known_hosts";
pub(crate) const IDENTITY: &str = "id_ed25519";

/// Writes `ssh_config` and `known_hosts` into the lab's folder.
pub(crate) fn write_files(directory: &Path, hosts: &[Host]) -> Result<(), LabError> {
    let mut known_hosts = String::new();
    let mut config = String::new();
    for host in hosts {
        let (name, address) = (host.name(), host.address());
        let _ = writeln!(known_hosts, "{name},{address} {}", host.host_key.public_without_comment());
        let _ = writeln!(config, "Host {name}\n    HostName {address}\n");
    }
    let file = |name: &str| directory.join(name).display().to_string();
    // OpenSSH 9.2 prefers sntrup761x25519, by which a connection costs the client 0.14 s of CPU; by this one, 0.01 s.
    let _ = write!(
        config,
        "Host *\n    User {user}\n    IdentityFile {identity}\n    IdentitiesOnly yes\n    IdentityAgent none\n    \
         UserKnownHostsFile {known_hosts}\n    GlobalKnownHostsFile /dev/null\n    StrictHostKeyChecking yes\n    \
         UpdateHostKeys no\n    CheckHostIP no\n    BatchMode yes\n    ConnectTimeout 10\n    \
         KexAlgorithms curve25519-sha256\n",
        user = users::ADMIN,
        identity = file(IDENTITY),
        known_hosts = file(KNOWN_HOSTS),
    );
    for (name, text) in [(CONFIG, config), (KNOWN_HOSTS, known_hosts)] {
        let path = directory.join(name);
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

impl Lab {
    /// Returns a command that runs another one on a host by ssh; add the remote command as its arguments.
    ///
    /// It reads the lab's ssh configuration alone, neither the user's nor the machine's, and gives up 15 s after the host
    /// has fallen silent: one that loses its power does not close its connections.
    #[must_use]
    pub fn ssh(&self, user: &str, host: &str) -> Command {
        let mut command = Command::new("ssh");
        command
            .arg("-F")
            .arg(self.ssh_config())
            .args(["-o", "ServerAliveInterval=5"])
            .args(["-l", user, "--", host]);
        command
    }
}

impl Host {
    /// Gives the host another host key, which the lab's known_hosts does not know: to ssh it is an impostor.
    ///
    /// [`Host::fresh`] restores the old key.
    ///
    /// # Errors
    /// The host is off, or ssh could not be restarted.
    pub fn change_host_key(&self) -> Result<(), LabError> {
        self.exec_ok(
            "rm -f /etc/ssh/ssh_host_* && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key && \
             systemctl restart ssh.service",
        )?;
        self.wait_ssh()
    }

    /// Puts lines in front of the host's ssh server configuration, for instance `MaxSessions 1`, and restarts it.
    ///
    /// Replaces what an earlier call has put there.
    ///
    /// # Errors
    /// The host is off, or sshd refuses the lines.
    pub fn configure_sshd(&self, lines: &str) -> Result<(), LabError> {
        self.write("/etc/ssh/sshd_config.d/lab.conf", format!("{lines}\n").as_bytes(), 0o644, "root:root")?;
        self.exec_ok("sshd -t && systemctl restart ssh.service")?;
        self.wait_ssh()
    }
}
