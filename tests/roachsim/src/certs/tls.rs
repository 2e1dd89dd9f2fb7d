//! TLS configurations, put together from what was last loaded.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ServerConfig};

use super::verifier::{Authorities, Clients, Servers};

/// Why no configuration can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// A certificate is missing or bad; the real program adds advice to this kind.
    #[error("{0}")]
    Certificates(String),
    /// The pieces do not make a configuration.
    #[error("{0}")]
    Config(String),
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn wrong(error: rustls::Error) -> TlsError {
    TlsError::Config(super::words_of(&error))
}

/// For a listener; `clients` verifies what clients show, `None` asks them for nothing.
pub(super) fn server(
    pair: Arc<CertifiedKey>,
    clients: Option<&[Vec<u8>]>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(wrong)?;
    let builder = match clients {
        Some(authorities) => {
            builder.with_client_cert_verifier(Arc::new(Clients(Authorities::new(authorities))))
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)))))
}

/// For dialling.
pub(super) fn client(pair: Arc<CertifiedKey>, servers: &[Vec<u8>]) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(wrong)?;
    let verifier = Arc::new(Servers(Authorities::new(servers)));
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    // A resumed session would keep a certificate alive that a reload has replaced.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}
