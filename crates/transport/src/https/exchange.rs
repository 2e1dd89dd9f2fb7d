use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::capture::Capture;
use super::error::{HttpsError, HttpsErrorKind};
use super::reply::HttpsReply;
use super::stream::HostStream;

/// Sends a GET request and reads the reply, up to so many bytes.
///
/// It speaks HTTP/1.0, so that the server ends the connection behind the body and sends no chunks (RFC 9112 §7.1).
pub(crate) async fn get(
    stream: HostStream,
    address: &str,
    path: &str,
    limit: usize,
) -> Result<HttpsReply, HttpsError> {
    let (_, connected) = handshake(stream, address).await?;
    let mut tls = connected?;
    let closed = |error: std::io::Error| HttpsError::new(HttpsErrorKind::Closed, address, error.to_string());
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    tls.write_all(request.as_bytes()).await.map_err(closed)?;
    tls.flush().await.map_err(closed)?;
    let mut bytes = Vec::new();
    let room = u64::try_from(limit).unwrap_or(u64::MAX);
    match tls.take(room).read_to_end(&mut bytes).await {
        // A server that ends without TLS's own goodbye has said what it had to say.
        Ok(_) | Err(_) if !bytes.is_empty() => Ok(HttpsReply { bytes }),
        Ok(_) => Err(HttpsError::new(HttpsErrorKind::Closed, address, "")),
        Err(error) => Err(closed(error)),
    }
}

/// Returns the certificate that a server shows, as DER; a server that ends the handshake after that has shown it.
pub(crate) async fn certificate(stream: HostStream, address: &str) -> Result<Vec<u8>, HttpsError> {
    let (capture, connected) = handshake(stream, address).await?;
    match (capture.shown(), connected) {
        (Some(der), _) => Ok(der),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => Err(HttpsError::new(HttpsErrorKind::Tls, address, "it showed no certificate")),
    }
}

type Connected = Result<TlsStream<HostStream>, HttpsError>;

async fn handshake(stream: HostStream, address: &str) -> Result<(Arc<Capture>, Connected), HttpsError> {
    let provider = provider();
    let capture = Arc::new(Capture::new(Arc::clone(&provider)));
    let tls = |error: rustls::Error| HttpsError::new(HttpsErrorKind::Tls, address, error.to_string());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&capture) as Arc<_>)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let connected = match connector.connect(server_name(address), stream).into_fallible().await {
        Ok(tls) => Ok(tls),
        Err((error, stream)) => Err(stream.explain(&error)),
    };
    Ok((capture, connected))
}

/// The name of the server in the handshake. An address is not sent (RFC 6066 §3), and a name that TLS does not know the form
/// of is none either.
fn server_name(address: &str) -> ServerName<'static> {
    let host = crate::ssh::host_and_port(address).map_or(address, |(host, _)| host);
    let local = || ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into());
    ServerName::try_from(host.to_owned()).unwrap_or_else(|_| local())
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(aws_lc_rs::default_provider())))
}
