//! A small HTTPS client that also tells which certificate was served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use x509_parser::prelude::FromDer;

fn connect(ca: &str, ip: &str, port: u16) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(ip.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect((ip, port)).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| error.to_string())?;
    }
    Ok(StreamOwned::new(connection, stream))
}

/// Status and body of `https://<ip>:8080<path>`.
pub(crate) fn get(ca: &str, ip: &str, path: &str) -> Result<(u16, String), String> {
    let mut stream = connect(ca, ip, 8080)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {ip}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or("no status")?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Ok((status, body))
}

/// Serial number of the certificate served on a port, or why the handshake failed.
pub(crate) fn served_serial(ca: &str, ip: &str, port: u16) -> Result<u64, String> {
    let stream = connect(ca, ip, port)?;
    let der = stream.conn.peer_certificates().and_then(<[_]>::first).ok_or("no certificate")?;
    let (_, certificate) =
        x509_parser::certificate::X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    let digits = certificate.serial.to_u64_digits();
    Ok(digits.first().copied().unwrap_or(0))
}
