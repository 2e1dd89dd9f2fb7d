use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crdbctl_model::NodeName;
use crdbctl_transport::{Privilege, Target};
use tempfile::TempDir;

/// An sshd of our own on 127.0.0.1, with its own keys and configuration; it ends with the value.
pub(crate) struct Sshd {
    pub(crate) port: u16,
    directory: TempDir,
    child: Child,
}

impl Sshd {
    /// Starts one with further lines of configuration; `None`, reported as skipped, when this machine has no sshd.
    pub(crate) fn start(lines: &str) -> Option<Self> {
        let Some(program) =
            ["/usr/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| Path::new(path).exists())
        else {
            crdbctl_testlab::skip_unless_required(
                "this machine has no sshd: `cargo xtask setup` installs it (Debian package openssh-server)",
            );
            return None;
        };
        // Root's sshd wants it; on a machine where the service never ran it is missing.
        let _ = std::fs::create_dir("/run/sshd");
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        keygen(&at("host_key"));
        keygen(&at("id"));
        std::fs::copy(at("id.pub"), at("authorized_keys")).unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let text = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {host}\nAuthorizedKeysFile {keys}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n{lines}\n",
            host = at("host_key").display(),
            keys = at("authorized_keys").display(),
        );
        std::fs::write(at("sshd_config"), text).unwrap();
        let log = std::fs::File::create(at("log")).unwrap();
        let child = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(at("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let it = Self { port, directory, child };
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                it.trust(port, "host_key.pub");
                return Some(it);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("sshd does not come up:\n{}", std::fs::read_to_string(it.at("log")).unwrap());
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes known_hosts and the client's configuration for a port: the sshd's own, or that of a relay.
    pub(crate) fn trust(&self, port: u16, key: &str) {
        let key = std::fs::read_to_string(self.at(key)).unwrap();
        std::fs::write(self.at("known_hosts"), format!("[127.0.0.1]:{port} {key}")).unwrap();
        self.configure("");
    }

    /// Writes the client's configuration with further lines before ours.
    pub(crate) fn configure(&self, lines: &str) {
        let text = format!(
            "{lines}\nIdentityFile {}\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile {}\n\
             GlobalKnownHostsFile /dev/null\n",
            self.at("id").display(),
            self.at("known_hosts").display()
        );
        std::fs::write(self.at("ssh_config"), text).unwrap();
    }

    pub(crate) fn keygen(&self, name: &str) {
        keygen(&self.at(name));
    }

    /// The way there as the user of this test, through a port.
    pub(crate) fn target(&self, port: u16) -> Target {
        let mut target = Target::new(NodeName::new("n1").unwrap(), "127.0.0.1");
        target.ssh.port = Some(port);
        target.ssh.config_file = Some(self.at("ssh_config").display().to_string());
        target.privilege = Privilege::Login;
        target
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keygen(path: &Path) {
    let _ = std::fs::remove_file(path);
    let status = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status();
    assert!(status.unwrap().success());
}
