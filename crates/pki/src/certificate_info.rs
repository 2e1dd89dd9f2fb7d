use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use crdbctl_model::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::KeyAlgorithm;

/// What a certificate says, as values.
///
/// Names are escaped where they hold control characters, so all of it can be shown on a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateInfo {
    /// The subject in certificate order, `O=Cockroach, CN=node`.
    pub subject: String,
    /// The subject's last common name: the principal that CockroachDB sees.
    pub common_name: Option<String>,
    /// The subject's organisations.
    pub organizations: Vec<String>,
    /// The subject's organisational units.
    pub organizational_units: Vec<String>,
    /// The DNS names of the subject alternative name extension.
    pub dns_names: BTreeSet<String>,
    /// The IP addresses of the subject alternative name extension.
    pub ip_addresses: BTreeSet<IpAddr>,
    /// Its URIs and e-mail addresses.
    pub other_names: BTreeSet<String>,
    /// The issuer, as `subject`.
    pub issuer: String,
    /// The serial number in lower-case hexadecimal, two digits a byte, without leading zero bytes.
    pub serial: String,
    /// The first second at which it is valid.
    pub not_before: Timestamp,
    /// The last second at which it is valid (RFC 5280 §4.1.2.5: both ends belong to the period).
    pub not_after: Timestamp,
    /// The public key's algorithm.
    pub key_algorithm: KeyAlgorithm,
    /// The algorithm with which the issuer signed, by object identifier.
    pub signature_algorithm: String,
    /// The digest of the DER SubjectPublicKeyInfo, as `openssl pkey -pubout -outform DER | sha256sum`.
    pub spki_sha256: Digest,
    /// The digest of the whole DER certificate, as `openssl x509 -outform DER | sha256sum`.
    pub sha256: Digest,
    /// Whether basicConstraints says that it is an authority's.
    pub is_ca: bool,
    /// Its usages; `None` without the extension, which allows all.
    pub key_usages: Option<BTreeSet<KeyUsage>>,
    /// Its extended usages; `None` without the extension, which allows all.
    pub extended_key_usages: Option<BTreeSet<ExtendedKeyUsage>>,
    /// The subject key identifier in hexadecimal.
    pub subject_key_id: Option<String>,
    /// The key identifier of the authority key identifier in hexadecimal.
    pub authority_key_id: Option<String>,
}

impl CertificateInfo {
    /// Whether the certificate may sign others: it is an authority's and keyCertSign is not withheld.
    pub fn can_sign_certificates(&self) -> bool {
        self.is_ca && self.key_usages.as_ref().is_none_or(|usages| usages.contains(&KeyUsage::KeyCertSign))
    }

    /// Whether `usage` is allowed: listed, covered by anyExtendedKeyUsage, or not restricted at all.
    pub fn allows(&self, usage: &ExtendedKeyUsage) -> bool {
        self.extended_key_usages
            .as_ref()
            .is_none_or(|usages| usages.contains(usage) || usages.contains(&ExtendedKeyUsage::Any))
    }
}

/// A bit of the key usage extension (RFC 5280 §4.2.1.3), named as there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is the RFC's name")]
pub enum KeyUsage {
    DigitalSignature,
    ContentCommitment,
    KeyEncipherment,
    DataEncipherment,
    KeyAgreement,
    KeyCertSign,
    #[serde(rename = "cRLSign")]
    CrlSign,
    EncipherOnly,
    DecipherOnly,
}

/// A purpose of the extended key usage extension (RFC 5280 §4.2.1.12).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExtendedKeyUsage {
    /// anyExtendedKeyUsage.
    Any,
    /// serverAuth.
    ServerAuth,
    /// clientAuth.
    ClientAuth,
    /// Any other, by its object identifier.
    Other(String),
}

impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "anyExtendedKeyUsage",
            Self::ServerAuth => "serverAuth",
            Self::ClientAuth => "clientAuth",
            Self::Other(oid) => oid,
        })
    }
}
