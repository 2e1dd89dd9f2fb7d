use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openssh::Session;
use tokio::net::UnixStream;
use tokio::process::Command;

use super::forward::{Forward, Forwards};
use super::{arguments, diagnosis, directory, gate, settings::Settings};
use crate::failure::Failure;
use crate::not_run::NotRun;
use crate::target::Target;

/// sshd's random early drop (`MaxStartups`) passes; more tries than this do not make it pass sooner.
const TRIES: u32 = 4;

/// A live connection: the ssh process in the background and its control socket.
///
/// Dropped, it tells ssh to end; the directory of the socket goes with it.
#[derive(Debug)]
pub(super) struct Master {
    session: Arc<Session>,
    log: PathBuf,
    forwards: Forwards,
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
        let directory = directory::private().map_err(no_directory)?;
        let log = directory.path().join("log");
        let mut command = ssh(target, settings);
        command.arg("-E").arg(&log).arg("-S").arg(directory.path().join("master")).args(["-M", "-f", "-N"]);
        // Ends by itself when this process was killed; a later command connects again.
        command.args(["-o", "ControlPersist=120", "--", &target.host]);
        let turn = gate::turn(settings.through.as_deref()).await;
        // ConnectTimeout does not cover key exchange and login; a hung one ends here.
        let patience = connect_timeout(target) + Duration::from_secs(20);
        match wait(command, patience).await? {
            Some(true) => Ok(Self {
                session: Arc::new(Session::new_native_mux(directory)),
                log,
                forwards: Forwards::default(),
                given_up: AtomicBool::new(false),
            }),
            Some(false) => {
                let said = read_log(&log);
                let why = diagnosis::diagnose(&said);
                if why == NotRun::Jump {
                    let failure = explain_jump(target, settings, &log, patience).await;
                    drop(turn);
                    return Err(failure);
                }
                Err(Failure::not_run(why, diagnosis::telling_lines(&said).as_bytes()))
            }
            None => Err(Failure::not_run(NotRun::TimedOut, b"connected, but the login did not end")),
        }
    }

    pub(super) fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session)
    }

    /// Connects to an address that the host reaches. No session of the host is taken.
    pub(super) async fn connect_from_host(
        self: &Arc<Self>,
        address: (&str, u16),
    ) -> Result<(UnixStream, Forward), String> {
        self.forwards.connect(Arc::clone(self), &self.session, &self.log, address).await
    }

    /// Returns what ssh said since the login, for a lost connection.
    pub(super) fn last_words(&self) -> String {
        diagnosis::telling_lines(&read_log(&self.log))
    }

    /// Returns whether it can carry another session: it stands, and none was given up on it.
    pub(super) async fn is_usable(&self) -> bool {
        !self.given_up.load(Ordering::Relaxed) && self.session.check().await.is_ok()
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

/// Returns ssh with everything that all its uses share; the host is to be added.
fn ssh(target: &Target, settings: &Settings) -> Command {
    let mut command = Command::new("ssh");
    for option in [
        "BatchMode=yes".to_owned(),
        format!("StrictHostKeyChecking={}", settings.host_keys),
        format!("ConnectTimeout={}", connect_timeout(target).as_secs().max(1)),
        "ServerAliveInterval=5".to_owned(),
        "ServerAliveCountMax=3".to_owned(),
        // What the user set up for logins by hand has no place here.
        "ClearAllForwardings=yes".to_owned(),
        "RemoteCommand=none".to_owned(),
        "RequestTTY=no".to_owned(),
        "PermitLocalCommand=no".to_owned(),
        // Its log says why a host refused a connection: `QUIET` says nothing, and debug levels too much.
        "LogLevel=INFO".to_owned(),
        // A picture of the host key in the middle of the reason.
        "VisualHostKey=no".to_owned(),
    ] {
        command.arg("-o").arg(option);
    }
    command.args(arguments::of_target(target));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Of its own process group: Ctrl-C is for crdbctl, which finishes the step in hand.
    command.process_group(0).kill_on_drop(true);
    command
}

fn connect_timeout(target: &Target) -> Duration {
    target.ssh.connect_timeout.unwrap_or(Duration::from_secs(10))
}

/// Returns whether the command succeeded, or `None` when it took too long and was killed.
async fn wait(mut command: Command, patience: Duration) -> Result<Option<bool>, Failure> {
    let not_started =
        |error: std::io::Error| Failure::not_run(NotRun::NoSshClient, error.to_string().as_bytes());
    let mut child = command.spawn().map_err(not_started)?;
    match tokio::time::timeout(patience, child.wait()).await {
        Ok(status) => Ok(Some(status.map_err(not_started)?.success())),
        Err(_) => Ok(None),
    }
}

/// Connects once more to learn why the way through failed: a master in the background hides what its proxy says.
///
/// A jump host that only dropped the connection (`MaxStartups`) makes it [`NotRun::Dropped`], which is tried again.
async fn explain_jump(target: &Target, settings: &Settings, log: &Path, patience: Duration) -> Failure {
    // In place of ssh's own log, which its proxy does not write to.
    let Ok(stderr) = std::fs::File::create(log) else {
        return Failure::not_run(NotRun::Jump, b"the way through failed");
    };
    let mut command = ssh(target, settings);
    command.stderr(stderr);
    // The ssh that a `ProxyJump` starts reads the user's configuration again, with a level that may be `QUIET`. Of all
    // that is on our command line it is handed `-v` alone (ssh(1)), which goes before what the configuration says.
    command.arg("-v");
    // Of use here alone: with `-N` ssh takes no session type.
    for option in &settings.overrides {
        command.arg("-o").arg(option);
    }
    command.args(["-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ControlPersist=no"]);
    command.args(["--", &target.host, "true"]);
    match wait(command, patience).await {
        Err(failure) => failure,
        Ok(None) => Failure::not_run(NotRun::Jump, b"connected, but the login did not end"),
        Ok(Some(true)) => Failure::not_run(NotRun::Dropped, b"the way through failed once"),
        Ok(Some(false)) => {
            let said = read_log(log);
            let cause: String = said
                .lines()
                .filter(|line| !line.contains("UNKNOWN port"))
                .fold(String::new(), |lines, line| lines + line + "\n");
            let why = match diagnosis::diagnose(&cause) {
                NotRun::Dropped => NotRun::Dropped,
                _ => NotRun::Jump,
            };
            Failure::not_run(why, diagnosis::telling_lines(&cause).as_bytes())
        }
    }
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
    fn pauses_differ_within_bounds() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_millis(1000)).as_millis();
            assert!((500..1500).contains(&pause), "{pause}");
        }
    }
}
