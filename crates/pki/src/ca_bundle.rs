use crdbctl_model::Timestamp;

use crate::chain::{Acceptance, Undecided, Verifier};
use crate::signature::SignatureCheck;
use crate::{Certificate, CertificateInfo, ExtendedKeyUsage, LoadError, LoadErrorKind};

/// The certificates of authorities, as `ca.crt` holds them: the first one issues, the others are
/// still trusted (`cockroach cert create-ca --overwrite` puts the new one before the old ones).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaBundle {
    issuer: Certificate,
    /// Those that signed the issuer, where it is an intermediate: they stay as long as it does.
    above: Vec<Certificate>,
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
        let mut older: Vec<Certificate> = certificates.collect();
        let mut above: Vec<Certificate> = Vec::new();
        loop {
            let last = above.last().unwrap_or(&issuer);
            // A new authority with the old one's name and key is signed by that key too, and is no intermediate.
            // One whose signature cannot be verified here may be above as well, and must stay then.
            let may_be_by = |other: &Certificate| {
                last.names_issuer(other) && last.check_signature(other) != SignatureCheck::Bad
            };
            let next = older.iter().position(|other| !last.names_issuer(last) && may_be_by(other));
            let Some(next) = next else { break };
            above.push(older.remove(next));
        }
        Ok(Self { issuer, above, older })
    }

    pub(crate) const fn of(issuer: Certificate) -> Self {
        Self { issuer, above: Vec::new(), older: Vec::new() }
    }

    /// Returns the bundle with all certificates of `older` behind its own.
    pub(crate) fn followed_by(mut self, older: &Self) -> Self {
        let others = older.certificates().filter(|other| !self.certificates().any(|own| own == *other));
        let others: Vec<Certificate> = others.cloned().collect();
        self.older.extend(others);
        self
    }

    /// Returns the bundle of the issuing certificate alone, with those that signed it.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self { older: Vec::new(), ..self.clone() }
    }

    /// Returns the certificates that are trusted and do not issue any more. Those that signed the issuing one are none of them.
    pub fn older(&self) -> &[Certificate] {
        &self.older
    }

    /// Whether a file of certificates, a leaf and its intermediates, leads to one of the authority's, whatever the date and
    /// whatever it is used for.
    pub fn vouches_for(&self, file: &[Certificate]) -> Acceptance {
        accepts(self.certificates(), file, None, None)
    }

    /// Returns which older certificate a file of certificates, a leaf and its intermediates, cannot do without: with it a verifier
    /// accepts the file, and with the issuing authority alone it does not.
    ///
    /// Verifiers are CockroachDB's, so Go's: the file is looked at as a server's and as a client's. `now` leaves out what nobody
    /// accepts now or later because it has expired; without it, dates do not matter.
    pub fn older_needed_by(&self, file: &[Certificate], now: Option<Timestamp>) -> OlderNeeded<'_> {
        // One that is not valid yet will be used later.
        let at = now.map(|now| file.first().map_or(now, |leaf| now.max(leaf.info().not_before)));
        let usages = match at {
            Some(_) => &[Some(ExtendedKeyUsage::ServerAuth), Some(ExtendedKeyUsage::ClientAuth)][..],
            None => &[None],
        };
        let mut undecided = None;
        for usage in usages {
            let kept = || std::iter::once(&self.issuer).chain(&self.above);
            let without = accepts(kept(), file, usage.as_ref(), at);
            if without == Acceptance::Accepted {
                continue;
            }
            for older in &self.older {
                // Alone, so that what is undecided about the others is not taken for a need of this one.
                match accepts(std::iter::once(older), file, usage.as_ref(), at) {
                    Acceptance::Refused => {}
                    Acceptance::Undecided(why) => undecided = undecided.or(Some(why)),
                    Acceptance::Accepted => match &without {
                        Acceptance::Undecided(why) => undecided = undecided.or_else(|| Some(why.clone())),
                        Acceptance::Accepted | Acceptance::Refused => return OlderNeeded::By(older),
                    },
                }
            }
        }
        undecided.map_or(OlderNeeded::No, OlderNeeded::Undecided)
    }

    /// Returns the certificate that issues.
    pub const fn issuer(&self) -> &Certificate {
        &self.issuer
    }

    /// Returns all certificates, the issuing one first.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.issuer).chain(&self.above).chain(&self.older)
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

/// Whether a file of certificates needs an older certificate of the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OlderNeeded<'a> {
    /// A verifier accepts it without any, or does not accept it with one either.
    No,
    /// It needs this one.
    By(&'a Certificate),
    /// This program cannot decide it.
    Undecided(Undecided),
}

fn accepts<'a>(
    roots: impl Iterator<Item = &'a Certificate>,
    file: &'a [Certificate],
    usage: Option<&ExtendedKeyUsage>,
    at: Option<Timestamp>,
) -> Acceptance {
    let roots: Vec<&Certificate> = roots.collect();
    Verifier { roots: &roots, usage, at }.accepts(file)
}
