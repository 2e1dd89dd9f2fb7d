use std::sync::Arc;
use std::time::Duration;

use openssh::Stdio;
use tokio::sync::Mutex;

use super::{forward::host_and_port, master::Master, settings::Settings};
use crate::error::{Lost, TransportErrorKind};
use crate::failure::Failure;
use crate::https::{HostStream, HttpsError, HttpsErrorKind, Io};
use crate::not_run::NotRun;
use crate::process::Process;
use crate::sanitize::sanitize;
use crate::target::Target;
use crate::words::one_line;

/// sshd frees a session's place a moment after its end; so long is waited for it.
const SESSION_TRIES: u32 = 7;

/// How the multiplexing client says that sshd gave no session; nothing was run then.
const REFUSAL: &str = "Server refused the request";

/// The way to one host: the connection, made again when it went away between two commands.
#[derive(Debug)]
pub(crate) struct SshLink {
    settings: Settings,
    master: Mutex<Arc<Master>>,
}

/// What a running session holds on to: its connection.
#[derive(Debug)]
pub(crate) struct SshHold {
    master: Arc<Master>,
}

impl SshHold {
    /// Notes that the session was given up while its command may run on.
    pub(crate) fn give_up(&self) {
        self.master.give_up();
    }

    /// Tells a shell that was killed from a connection that broke, and adds what ssh said.
    pub(crate) async fn explain(&self, mut failure: Failure) -> Failure {
        if failure.kind != TransportErrorKind::Lost(Lost::Disconnected) {
            return failure;
        }
        // The connection stands: it was the shell that went.
        if self.master.session().check().await.is_ok() {
            failure.kind = TransportErrorKind::Lost(Lost::ShellGone);
        } else if failure.said.is_empty() {
            failure.said = one_line(&sanitize(self.master.last_words().as_bytes()));
        }
        failure
    }
}

impl SshLink {
    /// Connects and logs in.
    pub(crate) async fn open(target: &Target) -> Result<Self, (Failure, String)> {
        if let Some(fault) = target.fault() {
            return Err((Failure::not_run(NotRun::Configuration, fault.as_bytes()), "ssh".to_owned()));
        }
        let unsettled = format!("ssh to {}", target.host);
        let settings = Settings::ask(target).await.map_err(|failure| (failure, unsettled))?;
        match Master::connect(target, &settings).await {
            Ok(master) => Ok(Self { settings, master: Mutex::new(Arc::new(master)) }),
            Err(failure) => Err((failure, settings.tried())),
        }
    }

    pub(crate) fn tried(&self) -> String {
        self.settings.tried()
    }

    /// Starts a command; connects again first when the connection went away since the last one.
    pub(crate) async fn spawn(
        &self,
        target: &Target,
        command: &str,
        stdin: bool,
    ) -> Result<(Process, SshHold), Failure> {
        let master = self.live_master(target).await?;
        let mut pause = Duration::from_millis(10);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut request = master.session().arc_raw_command(command);
            request.stdin(if stdin { Stdio::piped() } else { Stdio::null() });
            request.stdout(Stdio::piped()).stderr(Stdio::piped());
            match request.spawn().await {
                Ok(child) => {
                    let process = Process::ssh(child)
                        .map_err(|error| Failure::lost(Lost::Disconnected, error.to_string().as_bytes()))?;
                    return Ok((process, SshHold { master }));
                }
                Err(openssh::Error::SshMux(error)) if error.to_string().starts_with(REFUSAL) => {
                    if attempt >= SESSION_TRIES {
                        return Err(Failure::not_run(NotRun::SessionRefused, error.to_string().as_bytes()));
                    }
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => {
                    // The request was on its way: the host may have got it.
                    let said = format!("{error}; {}", master.last_words());
                    return Err(Failure::lost(Lost::Disconnected, said.as_bytes()));
                }
            }
        }
    }

    /// Connects to an address that the host reaches; connects to the host again first when that connection went away.
    pub(crate) async fn connect_from_host(
        &self,
        target: &Target,
        address: &str,
    ) -> Result<HostStream, HttpsError> {
        let error = |kind, said: &str| HttpsError::new(kind, address, said);
        let parts = host_and_port(address).ok_or_else(|| error(HttpsErrorKind::Address, ""))?;
        let master = self.live_master(target).await;
        let master = master.map_err(|failure| error(HttpsErrorKind::Ssh, &failure.said))?;
        let connected = master.connect_from_host(parts).await;
        let (stream, forward) = connected.map_err(|why| error(HttpsErrorKind::Ssh, &why))?;
        Ok(HostStream::new(Io::Unix(stream), address, Some(forward)))
    }

    async fn live_master(&self, target: &Target) -> Result<Arc<Master>, Failure> {
        let mut master = self.master.lock().await;
        // A session that was given up still takes its place among `MaxSessions`; a new connection ends it, too.
        if !master.is_usable().await {
            tracing::debug!(node = %target.node, "the connection is gone, connecting again");
            *master = Arc::new(Master::connect(target, &self.settings).await?);
        }
        Ok(Arc::clone(&master))
    }
}
