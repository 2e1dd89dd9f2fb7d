use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, RootCerts};

use super::FetchErrorKind;

/// Whose certificates are trusted.
#[derive(Debug, Clone)]
pub(crate) enum Roots {
    /// Those of this machine, a company's own among them; `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
    System,
    /// These alone, as DER.
    #[cfg(test)]
    Only(Vec<Vec<u8>>),
}

impl Roots {
    pub(super) fn load(&self) -> Result<RootCerts, FetchErrorKind> {
        match self {
            Self::System => {
                let loaded = load_native_certs();
                if loaded.certs.is_empty() {
                    let errors: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
                    let why =
                        if errors.is_empty() { String::new() } else { format!(" ({})", errors.join("; ")) };
                    return Err(FetchErrorKind::NoRoots(why));
                }
                let certificates: Vec<_> =
                    loaded.certs.iter().map(|der| Certificate::from_der(der.as_ref()).to_owned()).collect();
                Ok(RootCerts::new_with_certs(&certificates))
            }
            #[cfg(test)]
            Self::Only(all) => {
                let certificates: Vec<_> =
                    all.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
                Ok(RootCerts::new_with_certs(&certificates))
            }
        }
    }
}
