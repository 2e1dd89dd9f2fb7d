use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tracing::Instrument;

use crate::channel::{Channel, ChannelStart, Patience};
use crate::error::{Lost, TransportError};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::hold::Hold;
use crate::https::{self, HostStream, HttpsError, HttpsErrorKind, HttpsReply, Io};
use crate::limits::Limits;
use crate::nonce::Nonce;
use crate::not_run::NotRun;
use crate::output::Output;
use crate::payload::Payload;
use crate::process::Process;
use crate::script::{Effect, Mutating, ReadOnly, Script};
use crate::scripted::Scripted;
use crate::ssh::SshLink;
use crate::target::{Privilege, Target};
use crate::wrapper::{self, Wrapped};

/// A host that runs scripts as root.
///
/// A clone is the same connection. It ends when the last clone and the last channel are dropped.
#[derive(Clone, Debug)]
pub struct Connection {
    inner: Arc<Inner>,
}

/// A host that runs read-only scripts as root, and no others: there is no way back to a [`Connection`].
///
/// It takes a script that only reads:
///
/// ```
/// use crdbctl_transport::{Limits, ReadOnly, ReadOnlyConnection, Script};
/// async fn look(host: &ReadOnlyConnection, script: &Script<ReadOnly>, limits: Limits) {
///     let _ = host.run(script, limits).await;
/// }
/// ```
///
/// One that may change the host is refused when the program is compiled:
///
/// ```compile_fail,E0308
/// use crdbctl_transport::{Limits, Mutating, ReadOnlyConnection, Script};
/// async fn look(host: &ReadOnlyConnection, script: &Script<Mutating>, limits: Limits) {
///     let _ = host.run(script, limits).await;
/// }
/// ```
///
/// So is any attempt to get at the connection behind it:
///
/// ```compile_fail,E0616
/// use crdbctl_transport::{Connection, ReadOnlyConnection};
/// fn back(host: &ReadOnlyConnection) -> Connection {
///     host.connection.clone()
/// }
/// ```
///
/// ```compile_fail,E0277
/// use crdbctl_transport::{Connection, ReadOnlyConnection};
/// fn back(host: ReadOnlyConnection) -> Connection {
///     host.into()
/// }
/// ```
///
/// And it opens no channel, whose shell would run any script:
///
/// ```compile_fail,E0599
/// use crdbctl_transport::{Limits, Mutating, ReadOnlyConnection, Script};
/// async fn stay(host: &ReadOnlyConnection, bootstrap: &Script<Mutating>, limits: Limits) {
///     let _ = host.open_channel(bootstrap, limits).await;
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ReadOnlyConnection {
    connection: Connection,
}

#[derive(Debug)]
struct Inner {
    target: Target,
    link: Link,
    /// One session at a time: hardened hosts allow no more (`MaxSessions`).
    turn: Mutex<()>,
}

#[derive(Debug)]
enum Link {
    Ssh(SshLink),
    Local,
    Scripted(Scripted),
}

impl Connection {
    /// Connects to the host and logs in; root is reached by each script anew.
    ///
    /// # Errors
    /// [`NotRun`] with what ssh said: name, network, host key, login. A connection that was dropped before the
    /// login is tried again up to three times; a refused key or host key never.
    pub async fn open(target: Target) -> Result<Self, TransportError> {
        let span = tracing::debug_span!("connect", node = %target.node, host = target.host);
        match SshLink::open(&target).instrument(span).await {
            Ok(link) => Ok(Self::new(target, Link::Ssh(link))),
            Err((failure, tried)) => Err(failure.at(&target, &tried)),
        }
    }

    /// Returns this machine as a host: scripts run in the same wrapper, by this machine's `sh`. For tests of scripts.
    ///
    /// The target's privilege counts, its host and ssh options do not.
    pub fn local(target: Target) -> Self {
        Self::new(target, Link::Local)
    }

    /// Returns a host of canned answers; a script that has none panics. For tests.
    pub fn scripted(target: Target, scripted: Scripted) -> Self {
        Self::new(target, Link::Scripted(scripted))
    }

    fn new(target: Target, link: Link) -> Self {
        Self { inner: Arc::new(Inner { target, link, turn: Mutex::new(()) }) }
    }

    /// Returns the target that this connects to.
    pub fn target(&self) -> &Target {
        &self.inner.target
    }

    /// Returns a handle on the same connection that refuses mutating scripts.
    pub fn read_only(&self) -> ReadOnlyConnection {
        ReadOnlyConnection { connection: self.clone() }
    }

    /// Runs a script as root, in one exec, and returns what came of it; a status other than 0 is no error.
    ///
    /// Its stdin is empty. A process that it leaves in the background does not hold this up.
    ///
    /// # Errors
    /// [`NotRun`] when the script was not started, [`Lost`] when its end is not known.
    pub async fn run<E: Effect>(&self, script: &Script<E>, limits: Limits) -> Result<Output, TransportError> {
        self.run_with(script, Payload::none(), limits).await
    }

    /// Runs a script as [`Connection::run`] does, with a small payload on its stdin.
    ///
    /// # Errors
    /// As [`Connection::run`].
    pub async fn run_with<E: Effect>(
        &self,
        script: &Script<E>,
        payload: Payload,
        limits: Limits,
    ) -> Result<Output, TransportError> {
        let target = &self.inner.target;
        let span = tracing::debug_span!("run", node = %target.node, effect = E::NAME);
        async {
            tracing::trace!(script = script.text());
            let result = self.run_unplaced(script, payload, limits).await;
            if let Ok(output) = &result {
                tracing::debug!(
                    status = output.status,
                    stdout = output.stdout.len(),
                    stderr = output.stderr.len(),
                    "the script ended"
                );
            }
            result.map_err(|failure| failure.at(target, &self.tried()))
        }
        .instrument(span)
        .await
    }

    async fn run_unplaced<E: Effect>(
        &self,
        script: &Script<E>,
        payload: Payload,
        limits: Limits,
    ) -> Result<Output, Failure> {
        let sends = !payload.is_empty();
        if let Link::Scripted(scripted) = &self.inner.link {
            let mut received = Vec::new();
            let room = usize::try_from(payload.len()).unwrap_or(usize::MAX);
            let filled = payload.into_source().fill(&mut received, room).await;
            filled.map_err(|error| Failure::not_run(NotRun::Other, error.to_string().as_bytes()))?;
            return scripted.answer(script.effect(), script.text(), received);
        }
        let _turn = self.inner.turn.lock().await;
        let target = &self.inner.target;
        let wrapped = self
            .wrap(|nonce, password| wrapper::run(script.text(), target.privilege, password, sends, nonce))?;
        let mut hold = Hold::default();
        let work = self.exchange_one(&wrapped, script.text(), payload, limits, &mut hold);
        match tokio::time::timeout(limits.timeout, work).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(failure)) => Err(hold.explain(failure).await),
            Err(_) => Err(Failure::lost(Lost::TimedOut(limits.timeout), b"")),
        }
    }

    async fn exchange_one(
        &self,
        wrapped: &Wrapped,
        script: &str,
        payload: Payload,
        limits: Limits,
        hold: &mut Hold,
    ) -> Result<Output, Failure> {
        let process = self.spawn(wrapped, wrapped.script_on_stdin, hold).await?;
        // From here to the end of the command ssh would wait for it.
        hold.busy();
        let mut exchange = Exchange::begin(process, wrapped, self.inner.target.password.as_ref()).await?;
        if wrapped.script_on_stdin {
            exchange.send_script(script, payload).await;
        }
        let output = exchange.end(0, limits.max_output).await?;
        if exchange.finish().await {
            hold.done();
        }
        Ok(output)
    }

    /// Starts a resident shell on the host: it runs the bootstrap, and stays when that ends with status 0.
    ///
    /// The bootstrap runs in the resident shell itself, so that what it opens stays open: a lock that it takes on
    /// file descriptor 9 is held until the channel is dropped, the connection is gone, and the script in progress
    /// has ended. It is short (it is an argument, and in sudo's log) and leaves stdin alone.
    ///
    /// # Errors
    /// As [`Connection::run`].
    pub async fn open_channel(
        &self,
        bootstrap: &Script<Mutating>,
        limits: Limits,
    ) -> Result<ChannelStart, TransportError> {
        let target = &self.inner.target;
        let span = tracing::debug_span!("open_channel", node = %target.node);
        let result = async {
            tracing::trace!(bootstrap = bootstrap.text());
            self.open_channel_with(bootstrap, limits, Patience::default()).await
        };
        result.instrument(span).await.map_err(|failure| failure.at(target, &self.tried()))
    }

    pub(crate) async fn open_channel_with(
        &self,
        bootstrap: &Script<Mutating>,
        limits: Limits,
        patience: Patience,
    ) -> Result<ChannelStart, Failure> {
        if let Link::Scripted(scripted) = &self.inner.link {
            let output = scripted.answer(bootstrap.effect(), bootstrap.text(), Vec::new())?;
            if !output.is_success() {
                return Ok(ChannelStart::Refused(output));
            }
            return Ok(ChannelStart::Ready(Channel::scripted(self.clone(), scripted.clone()), output));
        }
        let _turn = self.inner.turn.lock().await;
        let target = &self.inner.target;
        let wrapped = self.wrap(|nonce, password| {
            wrapper::resident(bootstrap.text(), patience.shell, target.privilege, password, nonce)
        })?;
        let mut hold = Hold::default();
        let work = async {
            let process = self.spawn(&wrapped, true, &mut hold).await?;
            hold.busy();
            let mut exchange = Exchange::begin(process, &wrapped, target.password.as_ref()).await?;
            let output = exchange.end(0, limits.max_output).await?;
            Ok((exchange, output))
        };
        match tokio::time::timeout(limits.timeout, work).await {
            Ok(Ok((exchange, output))) if output.is_success() => {
                Ok(ChannelStart::Ready(Channel::new(self.clone(), exchange, hold, patience), output))
            }
            Ok(Ok((exchange, output))) => {
                if exchange.finish().await {
                    hold.done();
                }
                Ok(ChannelStart::Refused(output))
            }
            Ok(Err(failure)) => Err(hold.explain(failure).await),
            Err(_) => Err(Failure::lost(Lost::TimedOut(limits.timeout), b"")),
        }
    }

    /// Connects to an address as the host would.
    async fn connect_from_host(&self, address: &str) -> Result<HostStream, HttpsError> {
        match &self.inner.link {
            Link::Ssh(link) => link.connect_from_host(&self.inner.target, address).await,
            Link::Local | Link::Scripted(_) => match tokio::net::TcpStream::connect(address).await {
                Ok(stream) => Ok(HostStream::new(Io::Tcp(stream), address, None)),
                Err(error) => Err(HttpsError::new(HttpsErrorKind::NotConnected, address, error.to_string())),
            },
        }
    }

    fn wrap(
        &self,
        make: impl FnOnce(Nonce, bool) -> Result<Wrapped, crate::quote::NulInWord>,
    ) -> Result<Wrapped, Failure> {
        let target = &self.inner.target;
        let nonce =
            Nonce::fresh().map_err(|error| Failure::not_run(NotRun::Other, error.to_string().as_bytes()))?;
        let password =
            target.password.is_some() && matches!(target.privilege, Privilege::Auto | Privilege::Sudo);
        make(nonce, password).map_err(|error| Failure::not_run(NotRun::Other, error.to_string().as_bytes()))
    }

    async fn spawn(&self, wrapped: &Wrapped, stdin: bool, hold: &mut Hold) -> Result<Process, Failure> {
        match &self.inner.link {
            Link::Ssh(link) => {
                let (process, ssh) = link.spawn(&self.inner.target, &wrapped.command, stdin).await?;
                hold.ssh = Some(ssh);
                Ok(process)
            }
            Link::Local | Link::Scripted(_) => Process::local(&wrapped.command, stdin)
                .map_err(|error| Failure::not_run(NotRun::NoShell, error.to_string().as_bytes())),
        }
    }

    pub(crate) fn tried(&self) -> String {
        match &self.inner.link {
            Link::Ssh(link) => link.tried(),
            Link::Local => "sh on this machine".to_owned(),
            Link::Scripted(_) => "a scripted host".to_owned(),
        }
    }
}

impl ReadOnlyConnection {
    /// Connects as [`Connection::open`] does.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub async fn open(target: Target) -> Result<Self, TransportError> {
        Ok(Connection::open(target).await?.read_only())
    }

    /// Runs a read-only script as [`Connection::run`] does.
    ///
    /// # Errors
    /// As [`Connection::run`].
    pub async fn run(&self, script: &Script<ReadOnly>, limits: Limits) -> Result<Output, TransportError> {
        self.connection.run(script, limits).await
    }

    /// Runs a read-only script as [`Connection::run_with`] does.
    ///
    /// # Errors
    /// As [`Connection::run`].
    pub async fn run_with(
        &self,
        script: &Script<ReadOnly>,
        payload: Payload,
        limits: Limits,
    ) -> Result<Output, TransportError> {
        self.connection.run_with(script, payload, limits).await
    }

    /// Sends a GET request over TLS to a port that the host reaches (`HOST:PORT`), from this machine through the
    /// connection, and returns the reply, cut off at [`Limits::max_output`]. Nothing runs on the host but sshd, and the
    /// request takes no session. Requests to one host go one after the other.
    ///
    /// The server proves that it has the key of its certificate. Who signed the certificate is not checked: the
    /// connection to the host is authenticated by ssh.
    ///
    /// # Errors
    /// [`HttpsError`], of the kind [`HttpsErrorKind::Prohibited`] when sshd does not forward connections.
    pub async fn https_get(
        &self,
        address: &str,
        path: &str,
        limits: Limits,
    ) -> Result<HttpsReply, HttpsError> {
        let request = async {
            if let Link::Scripted(scripted) = &self.connection.inner.link {
                return scripted.reply(address, path);
            }
            let stream = self.connection.connect_from_host(address).await?;
            https::get(stream, address, path, limits.max_output).await
        };
        self.in_time(address, limits.timeout, request).await
    }

    /// Returns the certificate that a port shows in a TLS handshake (`HOST:PORT`), as DER. It goes the way of
    /// [`ReadOnlyConnection::https_get`].
    ///
    /// # Errors
    /// As [`ReadOnlyConnection::https_get`].
    pub async fn tls_certificate(&self, address: &str, timeout: Duration) -> Result<Vec<u8>, HttpsError> {
        let request = async {
            let stream = self.connection.connect_from_host(address).await?;
            https::certificate(stream, address).await
        };
        self.in_time(address, timeout, request).await
    }

    async fn in_time<T>(
        &self,
        address: &str,
        timeout: Duration,
        request: impl Future<Output = Result<T, HttpsError>>,
    ) -> Result<T, HttpsError> {
        let span = tracing::debug_span!("https", node = %self.target().node, address);
        let asked = tokio::time::timeout(timeout, request).instrument(span).await;
        let result = asked.unwrap_or_else(|_| Err(HttpsError::new(HttpsErrorKind::TimedOut, address, "")));
        if let Err(error) = &result {
            tracing::debug!(node = %self.target().node, %error, "no reply");
        }
        result
    }

    /// Returns the target that this connects to.
    pub fn target(&self) -> &Target {
        self.connection.target()
    }
}
