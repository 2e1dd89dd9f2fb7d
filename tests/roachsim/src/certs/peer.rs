//! Who is at the other end of a connection.

use rustls_pki_types::CertificateDer;
use x509_parser::prelude::FromDer;

use super::principals::PrincipalMap;
use crate::release::Series;

/// The principals of a verified client certificate; empty when none was shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// Common name and DNS names, mapped.
    pub principals: Vec<String>,
}

impl Peer {
    /// Reads them from the chain that the handshake verified.
    #[must_use]
    pub fn of(chain: Option<&[CertificateDer<'_>]>, map: &PrincipalMap, series: Series) -> Self {
        let first = chain.and_then(<[_]>::first);
        let parsed = first.and_then(|der| x509_parser::certificate::X509Certificate::from_der(der).ok());
        Self {
            principals: parsed
                .map(|(_, certificate)| map.principals(&certificate, series))
                .unwrap_or_default(),
        }
    }

    /// Whether it may do what only nodes do among each other.
    #[must_use]
    pub fn is_node(&self) -> bool {
        self.principals.iter().any(|name| name == "node")
    }

    /// Whether it may act as this SQL user; `node` may act as anyone.
    #[must_use]
    pub fn may_be(&self, user: &str) -> bool {
        self.is_node() || self.principals.iter().any(|name| name == user)
    }
}
