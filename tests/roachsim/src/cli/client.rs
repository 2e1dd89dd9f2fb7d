//! What client commands share: where and as whom they dial, and how they complain.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::parse::Given;
use super::value::{Address, duration};
use crate::certs::{CertsError, Manager, PrincipalMap, TlsError};
use crate::pgwire::{Session, SqlCallError};
use crate::release::Release;
use crate::wire::{self, CallError, Code, Connection, DialError, Request};

const DEFAULT_PORT: &str = "26257";
const DEFAULT_CONNECT_SECONDS: u64 = 15;

/// A client command's common settings.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) release: Release,
    pub(super) address: Address,
    pub(super) certs_dir: PathBuf,
    pub(super) principal_map: PrincipalMap,
    pub(super) user: String,
    pub(super) cluster_name: String,
    pub(super) check_name: bool,
    /// `--timeout`, for the question once connected.
    pub(super) timeout: Option<Duration>,
}

impl Client {
    /// Reads flags, then the environment (`COCKROACH_HOST`, …), then defaults.
    pub(super) fn new(release: Release, given: &Given) -> Result<Self, Failure> {
        let mut given = given.clone();
        for (flag, variable) in [
            ("host", "COCKROACH_HOST"),
            ("certs-dir", "COCKROACH_CERTS_DIR"),
            ("user", "COCKROACH_USER"),
            ("port", "COCKROACH_PORT"),
        ] {
            if let Ok(value) = std::env::var(variable) {
                given.fall_back(flag, value);
            }
        }
        let port = given.last("port").unwrap_or(DEFAULT_PORT);
        let host = given.last("host").unwrap_or_default();
        let mut address = Address::parse(host, port).map_err(Failure::new)?;
        if address.host.is_empty() {
            "localhost".clone_into(&mut address.host);
        }
        let home = std::env::var("HOME").unwrap_or_default();
        let certs_dir = given
            .last("certs-dir")
            .map_or_else(|| PathBuf::from(home).join(".cockroach-certs"), PathBuf::from);
        let map = given.last("cert-principal-map").unwrap_or_default();
        Ok(Self {
            release,
            address,
            certs_dir,
            principal_map: PrincipalMap::parse(map).map_err(Failure::new)?,
            user: given.last("user").unwrap_or("root").to_owned(),
            cluster_name: given.last("cluster-name").unwrap_or_default().to_owned(),
            check_name: !given.is_on("disable-cluster-name-verification"),
            timeout: given
                .last("timeout")
                .and_then(|text| duration(text).ok())
                .filter(|limit| !limit.is_zero()),
        })
    }

    /// Opens a session of SQL; clients wait for a server that does not accept them yet.
    pub(super) async fn session(&self) -> Result<Session, ClientError> {
        let open = async {
            let stream = wire::connect_sql(&self.address, self.tls()?).await?;
            Ok::<_, ClientError>(Session::open(stream, &self.user).await?)
        };
        tokio::time::timeout(connect_limit(), open).await.map_err(|_| DialError::Timeout)?
    }

    /// Opens a connection for RPCs.
    pub(super) async fn rpc(&self) -> Result<Connection, ClientError> {
        let mut connection = wire::connect(&self.address, self.tls()?, connect_limit()).await?;
        let hello = Request::Hello {
            cluster_id: None,
            cluster_name: self.cluster_name.clone(),
            check_name: self.check_name,
            node: None,
            release: self.release,
        };
        connection.call(&hello).await?;
        Ok(connection)
    }

    /// Loads the user's certificate.
    pub(super) fn tls(&self) -> Result<Arc<rustls::ClientConfig>, ClientError> {
        let (certs, _) = Manager::load(&self.certs_dir, self.principal_map.clone(), self.release.series)?;
        Ok(certs.user_client(&self.user)?)
    }
}

fn connect_limit() -> Duration {
    let seconds = std::env::var("COCKROACH_CONNECT_TIMEOUT").ok().and_then(|text| text.parse().ok());
    match seconds.unwrap_or(DEFAULT_CONNECT_SECONDS) {
        // As in libpq, none means no limit.
        0 => Duration::from_secs(u64::from(u32::MAX)),
        seconds => Duration::from_secs(seconds),
    }
}

/// What can go wrong between a command and a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ClientError {
    #[error("{0}")]
    Certs(#[from] CertsError),
    #[error("{0}")]
    Tls(#[from] TlsError),
    #[error("{0}")]
    Dial(#[from] DialError),
    #[error("{0}")]
    Call(#[from] CallError),
    #[error("{0}")]
    Sql(#[from] SqlCallError),
    /// `--timeout` ran out.
    #[error("query execution canceled due to statement timeout")]
    StatementTimeout,
}

impl ClientError {
    /// Explains it as the real program's `MaybeDecorateError` does.
    pub(super) fn into_failure(self) -> Failure {
        let why = self.to_string();
        if let Self::Sql(SqlCallError::Sql(error)) = &self {
            let failure = Failure::new(format!("{why}\nSQLSTATE: {}", error.code));
            return match &error.hint {
                Some(hint) => failure.hint(hint.clone()),
                None => failure,
            };
        }
        Failure::new(match self {
            Self::Certs(CertsError::Advised(_)) | Self::Tls(TlsError::Certificates(_)) => format!(
                "cannot load certificates.\n\
                 Check your certificate settings, set --certs-dir, or use --insecure for insecure clusters.\n\n{why}"
            ),
            Self::Certs(CertsError::Plain(_)) | Self::Tls(TlsError::Config(_)) => why,
            Self::Dial(DialError::Tcp(_) | DialError::Timeout) => format!(
                "cannot dial server.\nIs the server running?\n\
                 If the server is running, check --host client-side and --advertise server-side.\n\n{why}"
            ),
            Self::Dial(DialError::NotTls(_)) => {
                format!(
                    "cannot establish secure connection to insecure server.\nMaybe use --insecure?\n\n{why}"
                )
            }
            Self::Dial(DialError::ServerCertificate(_) | DialError::Refused(_))
            | Self::Call(CallError::Refused(_))
            | Self::Sql(SqlCallError::Refused(_)) => {
                format!("SSL authentication error while connecting.\n{why}")
            }
            Self::Dial(DialError::Closed(_)) => {
                format!("server closed the connection.\nIs this a CockroachDB node?\n{why}")
            }
            Self::Call(CallError::Lost(_)) | Self::Sql(SqlCallError::Lost(_)) => {
                format!("connection lost.\n\n{why}")
            }
            Self::Call(CallError::Status { message, .. })
                if message == "cluster has already been initialized" =>
            {
                message
            }
            Self::Call(CallError::Status { code: Code::Unauthenticated, message })
                if !message.starts_with("need root") =>
            {
                message
            }
            Self::Call(CallError::Status { .. }) | Self::Sql(SqlCallError::Sql(_)) => why,
            Self::StatementTimeout => format!("{why}\nSQLSTATE: 57014"),
        })
    }
}

/// Runs a command's questions.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start threads: {error}")))?;
    let outcome = runtime.block_on(work);
    // A name lookup that hangs must not keep the command.
    runtime.shutdown_background();
    outcome
}
