//! A certificate and its key put together, as Go's `tls.X509KeyPair` does.

use std::sync::Arc;

use rustls::InconsistentKeys;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::cert_file::CertFile;

/// Puts a file's certificates and key together.
///
/// # Errors
/// With Go's words when the key cannot be read or belongs to another certificate.
pub(super) fn key_pair(file: &CertFile) -> Result<Arc<CertifiedKey>, String> {
    let chain: Vec<_> = file.certificates.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key = PrivateKeyDer::from_pem_slice(&file.key_pem).map_err(|_| {
        let begun = file.key_pem.windows(11).any(|window| window == b"-----BEGIN ");
        if begun {
            "tls: failed to parse private key"
        } else {
            "tls: failed to find any PEM data in key input"
        }
    })?;
    let key = any_supported_type(&key).map_err(|_| "tls: failed to parse private key")?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Arc::new(pair)),
        Err(_) => Err("tls: private key does not match public key".to_owned()),
    }
}
