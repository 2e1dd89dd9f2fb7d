//! What a node serves, looked at from outside: its certificate, and answers over HTTPS.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crdbctl_pki::Certificate;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;

const LIMIT: Duration = Duration::from_secs(5);

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Returns status and body of a GET.
pub(super) fn get(ca: &str, at: SocketAddr, path: &str) -> Result<(u16, Vec<u8>), String> {
    let mut stream = connect(ca, at)?;
    // HTTP/1.0: nothing comes in chunks, and the end of the body is the end of the connection.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // A server may hang up without a word of TLS.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.to_string()),
        _ => {}
    }
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no HTTP answer")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or("no HTTP status")?;
    Ok((status, answer[end + 4..].to_vec()))
}

/// Returns the serial number of the certificate that is served, which `ca` must have signed.
pub(super) fn serial(ca: &str, at: SocketAddr) -> Result<String, String> {
    let stream = connect(ca, at)?;
    let der = stream.conn.peer_certificates().and_then(<[_]>::first).ok_or("no certificate is served")?;
    let certificate = Certificate::parse_der(der).map_err(|error| error.to_string())?;
    Ok(certificate.into_info().serial)
}

fn connect(ca: &str, at: SocketAddr) -> Result<Stream, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca.as_bytes()) {
        roots.add(certificate.map_err(|error| text(&error))?).map_err(|error| text(&error))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| text(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connection =
        ClientConnection::new(Arc::new(config), ServerName::from(at.ip())).map_err(|error| text(&error))?;
    let mut stream = TcpStream::connect_timeout(&at, LIMIT).map_err(|error| text(&error))?;
    stream.set_read_timeout(Some(LIMIT)).map_err(|error| text(&error))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| text(&error))?;
    }
    Ok(StreamOwned::new(connection, stream))
}
