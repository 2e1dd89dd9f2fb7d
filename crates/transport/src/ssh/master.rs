use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openssh::Session;
use tempfile::TempDir;
use tokio::process::Command;

use super::{arguments, diagnosis, settings::Settings};
use crate::failure::Failure;
use crate::not_run::NotRun;
use crate::target::Target;

/// sshd's random early drop (`MaxStartups`) passes; more tries than this do not make it pass sooner.
const TRIES: u32 = 4;

/// The longest control socket path: `sun_path` has 108 bytes (104 on BSDs), and ssh binds a name 17 bytes longer first.
const LONGEST_SOCKET: usize = 104 - 18;

/// A live connection: the ssh process in the background and its control socket.
///
/// Dropped, it tells ssh to end; the directory of the socket goes with it.
#[derive(Debug)]
pub(super) struct Master {
    session: Arc<Session>,
    log: PathBuf,
    /// A session was given up while its command may run on: ssh would wait for it.
    given_up: AtomicBool,
}

impl Master {
    /// Connects and logs in; drops before the login are tried again, refusals never.
    pub(super) async fn connect(target: &Target, settings: &Settings) -> Result<Self, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match Self::connect_once(target, settings).await {
                Ok(master) => return Ok(master),
                Err(failure) => failure,
            };
            let dropped = failure.kind == crate::error::TransportErrorKind::NotRun(NotRun::Dropped);
            if !dropped || tries >= TRIES {
                return Err(failure);
            }
            let pause = jittered(Duration::from_millis(250) * 2_u32.pow(tries - 1));
            tracing::debug!(node = %target.node, tries, ?pause, said = failure.said, "dropped before the login, trying again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn connect_once(target: &Target, settings: &Settings) -> Result<Self, Failure> {
        let no_directory = |error: std::io::Error| {
            let said = format!("no directory for the control socket: {error}");
            Failure::not_run(NotRun::Configuration, said.as_bytes())
        };
        let directory = control_directory().map_err(no_directory)?;
        let log = directory.path().join("log");
        let timeout = target.ssh.connect_timeout.unwrap_or(Duration::from_secs(10));
        let mut command = Command::new("ssh");
        command.arg("-E").arg(&log).arg("-S").arg(directory.path().join("master")).args(["-M", "-f", "-N"]);
        for option in [
            "BatchMode=yes".to_owned(),
            format!("StrictHostKeyChecking={}", settings.host_keys),
            format!("ConnectTimeout={}", timeout.as_secs().max(1)),
            // Ends by itself when this process was killed; a later command connects again.
            "ControlPersist=120".to_owned(),
            "ServerAliveInterval=5".to_owned(),
            "ServerAliveCountMax=3".to_owned(),
            // What the user set up for logins by hand has no place here.
            "ClearAllForwardings=yes".to_owned(),
            "RemoteCommand=none".to_owned(),
            "RequestTTY=no".to_owned(),
            "PermitLocalCommand=no".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command.args(arguments::of_target(target)).arg("--").arg(&target.host);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Of its own process group: Ctrl-C is for crdbctl, which finishes the step in hand.
        command.process_group(0).kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| Failure::not_run(NotRun::NoSshClient, error.to_string().as_bytes()))?;
        // ConnectTimeout does not cover key exchange and login; a hung one ends here.
        let status = tokio::time::timeout(timeout + Duration::from_secs(20), child.wait()).await;
        match status {
            Ok(Ok(status)) if status.success() => Ok(Self {
                session: Arc::new(Session::new_native_mux(directory)),
                log,
                given_up: AtomicBool::new(false),
            }),
            Ok(_) => {
                let said = read_log(&log);
                Err(Failure::not_run(diagnosis::diagnose(&said), diagnosis::telling_lines(&said).as_bytes()))
            }
            Err(_) => Err(Failure::not_run(NotRun::TimedOut, b"connected, but the login did not end")),
        }
    }

    pub(super) fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session)
    }

    /// Returns what ssh said since the login, for a lost connection.
    pub(super) fn last_words(&self) -> String {
        diagnosis::telling_lines(&read_log(&self.log))
    }

    /// Notes that a session was given up while its command may run on.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        if self.given_up.load(Ordering::Relaxed) {
            // The session's own end asks ssh to wait for commands still running; this does not.
            let end = std::process::Command::new("ssh")
                .arg("-S")
                .arg(self.session.control_socket())
                .args(["-O", "exit", "--", "host"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            tracing::debug!(?end, "ended ssh with a session in it");
        }
    }
}

/// Returns a private directory (0700) whose path leaves room for the socket.
fn control_directory() -> std::io::Result<TempDir> {
    let fits =
        |base: &Path| base.is_dir() && base.join("crdbctl-XXXXXX/master").as_os_str().len() < LONGEST_SOCKET;
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let base = runtime.filter(|base| fits(base)).unwrap_or_else(std::env::temp_dir);
    let base = if fits(&base) { base } else { PathBuf::from("/tmp") };
    let private = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix("crdbctl-").permissions(private).tempdir_in(base)
}

fn read_log(log: &Path) -> String {
    std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Returns the duration, between one half and one and a half of it.
fn jittered(duration: Duration) -> Duration {
    let mut byte = [128; 1];
    // Without randomness the pause is still a pause.
    let _ = getrandom::fill(&mut byte);
    duration.mul_f64(0.5 + f64::from(byte[0]) / 256.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_directory_is_private_and_short() {
        let directory = control_directory().unwrap();
        assert_eq!(std::fs::metadata(directory.path()).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(directory.path().join("master").as_os_str().len() < LONGEST_SOCKET);
    }

    #[test]
    fn pauses_differ_within_bounds() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_millis(1000)).as_millis();
            assert!((500..1500).contains(&pause), "{pause}");
        }
    }
}
