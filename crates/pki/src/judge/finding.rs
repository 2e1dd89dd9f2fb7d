use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is, for programs. Codes keep their meaning from version to version.
    pub code: FindingCode,
    /// What it is, for people: a lower-case clause without a full stop, safe to show.
    pub text: String,
}

impl Finding {
    pub(crate) fn new(code: FindingCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The kinds of [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingCode {
    /// The file cannot be read as certificates.
    Unparseable,
    /// The file holds a PEM block of another type, which makes CockroachDB refuse it.
    WrongPemBlock,
    /// There is a certificate and no key.
    KeyMissing,
    /// The key is not the certificate's.
    KeyMismatch,
    /// None of the authority's certificates signed it.
    NotSignedByAuthority,
    /// The authority's certificate that signed it is not valid now.
    AuthorityNotValid,
    /// The common name is not the one that CockroachDB expects.
    WrongCommonName,
    /// A name or an address that must be covered is not.
    MissingName,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It ends soon enough to be renewed.
    RenewalDue,
    /// Its extended key usage leaves serverAuth out.
    MissingServerAuth,
    /// Its extended key usage leaves clientAuth out.
    MissingClientAuth,
    /// Its key is of another type than demanded.
    WrongKeyType,
    /// Its key is too short to be accepted by TLS libraries.
    WeakKey,
    /// It is signed with SHA-1, which CockroachDB does not accept.
    WeakSignature,
    /// A client's DNS name makes it another user, one with all rights.
    PrivilegedName,
    /// `OU=Tenants`, which CockroachDB does not accept from SQL users.
    TenantCertificate,
    /// `ca.crt` lacks a certificate of the authority.
    MissingAuthority,
    /// `ca.crt` has a certificate that the authority has not.
    ForeignAuthority,
    /// `ca.crt` begins with another certificate than the authority's.
    AuthorityOrder,
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
