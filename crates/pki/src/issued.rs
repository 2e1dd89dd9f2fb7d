use secrecy::SecretString;

use crate::{CertificateInfo, NodeNames};

/// A certificate that was just made, with its key.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS#8 PEM (`PRIVATE KEY`). Debug output does not show it.
    pub key_pem: SecretString,
    /// What the certificate says.
    pub info: CertificateInfo,
    /// Whether it ends with its authority, before the lifetime that was asked for: CockroachDB's own
    /// tool refuses such a request, crdbctl grants what is possible.
    pub capped_by_authority: bool,
}

/// What a certificate is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose<'a> {
    Node(&'a NodeNames),
    Client(&'a crate::ClientUser),
}

impl Purpose<'_> {
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Node(names) => format!("the certificate of a node ({names})"),
            Self::Client(user) => format!("the client certificate of {user}"),
        }
    }
}
