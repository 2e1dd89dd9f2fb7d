//! Opens connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::connection::Connection;
use crate::certs::words_of;
use crate::cli::value::Address;
use crate::pgwire::SSL_REQUEST;

/// Why no connection came about; the texts are Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// TCP failed.
    #[error("{0}")]
    Tcp(String),
    /// The other side does not speak TLS.
    #[error("{0}")]
    NotTls(String),
    /// The server's certificate is not acceptable.
    #[error("{0}")]
    ServerCertificate(String),
    /// The server did not like what it was shown.
    #[error("{0}")]
    Refused(String),
    /// The connection ended.
    #[error("{0}")]
    Closed(String),
    /// It took too long.
    #[error("context deadline exceeded")]
    Timeout,
}

/// Dials an address and does the TLS handshake, verifying that the certificate covers the host dialled.
///
/// # Errors
/// When any of it fails or takes longer than `limit`.
pub async fn connect(
    address: &Address,
    tls: Arc<ClientConfig>,
    limit: Duration,
) -> Result<Connection, DialError> {
    let stream = timeout(limit, dial(address, tls, false)).await.map_err(|_| DialError::Timeout)??;
    Ok(Connection::new(stream))
}

/// As [`connect`], asking for TLS first as clients of SQL do; brings its own time limit.
///
/// # Errors
/// When any of it fails.
pub async fn connect_sql(
    address: &Address,
    tls: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, DialError> {
    dial(address, tls, true).await
}

async fn dial(
    address: &Address,
    tls: Arc<ClientConfig>,
    sql: bool,
) -> Result<TlsStream<TcpStream>, DialError> {
    let mut stream = TcpStream::connect(address.to_string()).await.map_err(|error| tcp(address, &error))?;
    let _ = stream.set_nodelay(true);
    if sql {
        let closed = |error: io::Error| DialError::Closed(go_io(&error));
        stream.write_all(&SSL_REQUEST).await.map_err(closed)?;
        match stream.read_u8().await.map_err(closed)? {
            b'S' => {}
            _ => return Err(DialError::NotTls("server refused TLS connection".to_owned())),
        }
    }
    let name = ServerName::try_from(address.host.clone())
        .map_err(|_| DialError::ServerCertificate(format!("x509: {:?} is no host name", address.host)))?;
    tokio_rustls::TlsConnector::from(tls).connect(name, stream).await.map_err(|error| handshake(&error))
}

fn tcp(address: &Address, error: &io::Error) -> DialError {
    if error.raw_os_error().is_none() {
        return DialError::Tcp(format!("dial tcp: lookup {}: no such host", address.host));
    }
    DialError::Tcp(format!("dial tcp {address}: connect: {}", go_io(error)))
}

fn handshake(error: &io::Error) -> DialError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls @ rustls::Error::InvalidCertificate(_)) => DialError::ServerCertificate(words_of(tls)),
        Some(tls @ rustls::Error::InvalidMessage(_)) => DialError::NotTls(words_of(tls)),
        Some(tls) => DialError::Refused(words_of(tls)),
        None => DialError::Closed(go_io(error)),
    }
}

/// An I/O error in Go's words.
pub(crate) fn go_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".to_owned(),
        io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        io::ErrorKind::BrokenPipe => "broken pipe".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "network is unreachable".to_owned(),
        io::ErrorKind::TimedOut => "connection timed out".to_owned(),
        _ => error.to_string(),
    }
}
