use crate::{Certificate, CertificateInfo, LoadError, LoadErrorKind};

/// The certificates of authorities, as `ca.crt` holds them: the first one issues, the others are
/// still trusted (`cockroach cert create-ca --overwrite` puts the new one before the old ones).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaBundle {
    issuer: Certificate,
    older: Vec<Certificate>,
}

impl CaBundle {
    /// Returns the bundle of a PEM file.
    ///
    /// # Errors
    /// When the file cannot be read as certificates, or one of them may not sign others.
    pub fn parse(pem: &[u8]) -> Result<Self, LoadError> {
        let certificates = Certificate::parse_pem_bundle(pem).map_err(LoadErrorKind::Certificates)?;
        for (index, certificate) in certificates.iter().enumerate() {
            if !certificate.info().can_sign_certificates() {
                let subject = certificate.info().subject.clone();
                return Err(LoadErrorKind::NotAnAuthority { position: index + 1, subject }.into());
            }
        }
        let mut certificates = certificates.into_iter();
        let issuer = certificates.next().expect("a parsed file holds at least one certificate");
        Ok(Self { issuer, older: certificates.collect() })
    }

    pub(crate) const fn of(issuer: Certificate) -> Self {
        Self { issuer, older: Vec::new() }
    }

    /// Returns the bundle with all certificates of `older` behind its own.
    pub(crate) fn followed_by(mut self, older: &Self) -> Self {
        let others = older.certificates().filter(|other| !self.certificates().any(|own| own == *other));
        let others: Vec<Certificate> = others.cloned().collect();
        self.older.extend(others);
        self
    }

    /// Returns the bundle of the issuing certificate alone.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self::of(self.issuer.clone())
    }

    /// Returns the certificates that are trusted and do not issue any more.
    pub fn older(&self) -> &[Certificate] {
        &self.older
    }

    /// Returns the certificate that issues.
    pub const fn issuer(&self) -> &Certificate {
        &self.issuer
    }

    /// Returns all certificates, the issuing one first.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.issuer).chain(&self.older)
    }

    /// Returns what all certificates say, the issuing one first.
    pub fn infos(&self) -> impl Iterator<Item = &CertificateInfo> {
        self.certificates().map(Certificate::info)
    }

    /// Returns the PEM text that `ca.crt` on a node gets: the certificates and nothing around them.
    pub fn to_pem(&self) -> String {
        self.certificates().map(Certificate::to_pem).collect()
    }
}
