//! Chains as Go builds them (`Certificate.Verify`, src/crypto/x509/verify.go), where webpki is stricter or milder: Go heeds the
//! dates, usages and path lengths of roots, takes anyExtendedKeyUsage, and trusts a leaf that is a root itself.

use rustls::CertificateError;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_PKCS1_SHA1WITHRSA, OID_SHA1_WITH_RSA};
use x509_parser::prelude::FromDer;

/// What a chain is verified for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The peer was dialled.
    Server,
    /// The peer dialled.
    Client,
}

/// Verifies that a chain leads from `leaf` over some of `intermediates` to one of `roots`.
///
/// # Errors
/// With the reason of the candidate that came nearest, `UnknownIssuer` when there was none.
pub(super) fn verify(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    roots: &[Vec<u8>],
    purpose: Purpose,
    now: UnixTime,
) -> Result<(), CertificateError> {
    let parse = |der| X509Certificate::from_der(der).map(|(_, parsed)| parsed);
    let leaf_parsed = parse(leaf).map_err(|_| CertificateError::BadEncoding)?;
    let intermediates = intermediates.iter().map(|der| parse(der).map_err(|_| CertificateError::BadEncoding));
    let intermediates: Vec<_> = intermediates.collect::<Result<_, _>>()?;
    let search = Search {
        roots: roots.iter().filter_map(|der| parse(der).ok()).collect(),
        intermediates,
        purpose,
        now: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
    };
    search.in_time(&leaf_parsed)?;
    search.in_usage(&leaf_parsed)?;
    if roots.iter().any(|root| root.as_slice() == leaf.as_ref()) {
        return Ok(());
    }
    search.up_from(&[&leaf_parsed])
}

struct Search<'a> {
    roots: Vec<X509Certificate<'a>>,
    intermediates: Vec<X509Certificate<'a>>,
    purpose: Purpose,
    now: i64,
}

impl Search<'_> {
    fn up_from(&self, chain: &[&X509Certificate<'_>]) -> Result<(), CertificateError> {
        let child = chain[chain.len() - 1];
        let mut why = CertificateError::UnknownIssuer;
        if chain.len() > 10 {
            return Err(why);
        }
        let known = self.roots.iter().map(|root| (root, true));
        for (parent, is_root) in known.chain(self.intermediates.iter().map(|sent| (sent, false))) {
            let looped = chain.iter().any(|seen| {
                seen.subject().as_raw() == parent.subject().as_raw()
                    && seen.public_key().raw == parent.public_key().raw
            });
            if looped || child.issuer().as_raw() != parent.subject().as_raw() || !signed(child, parent) {
                continue;
            }
            let next = self
                .may_stand_above(chain, parent)
                .and_then(|()| if is_root { Ok(()) } else { self.up_from(&[chain, &[parent]].concat()) });
            match next {
                Ok(()) => return Ok(()),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    fn may_stand_above(
        &self,
        chain: &[&X509Certificate<'_>],
        parent: &X509Certificate<'_>,
    ) -> Result<(), CertificateError> {
        self.in_time(parent)?;
        self.in_usage(parent)?;
        let basic = parent.basic_constraints().ok().flatten();
        let too_long = basic
            .and_then(|basic| basic.value.path_len_constraint)
            .is_some_and(|most| u32::try_from(chain.len() - 1).is_ok_and(|between| between > most));
        if too_long { Err(CertificateError::UnknownIssuer) } else { Ok(()) }
    }

    fn in_time(&self, certificate: &X509Certificate<'_>) -> Result<(), CertificateError> {
        let validity = certificate.validity();
        if self.now > validity.not_after.timestamp() {
            Err(CertificateError::Expired)
        } else if self.now < validity.not_before.timestamp() {
            Err(CertificateError::NotValidYet)
        } else {
            Ok(())
        }
    }

    fn in_usage(&self, certificate: &X509Certificate<'_>) -> Result<(), CertificateError> {
        let Some(usage) = certificate.extended_key_usage().ok().flatten() else { return Ok(()) };
        let allowed = match self.purpose {
            Purpose::Server => usage.value.server_auth,
            Purpose::Client => usage.value.client_auth,
        };
        if allowed || usage.value.any { Ok(()) } else { Err(CertificateError::InvalidPurpose) }
    }
}

/// Go's `CheckSignatureFrom`: the parent is an authority that may sign certificates, and its key signed the child. SHA-1 is
/// refused since Go 1.18.
fn signed(child: &X509Certificate<'_>, parent: &X509Certificate<'_>) -> bool {
    let usage = parent.key_usage().ok().flatten();
    let algorithm = &child.signature_algorithm.algorithm;
    let is_weak = *algorithm == OID_PKCS1_SHA1WITHRSA
        || *algorithm == OID_SHA1_WITH_RSA
        || algorithm.to_id_string() == "1.2.840.10045.4.1";
    parent.is_ca()
        && usage.is_none_or(|usage| usage.value.key_cert_sign())
        && !is_weak
        && child.verify_signature(Some(parent.public_key())).is_ok()
}

#[cfg(test)]
#[path = "go_verify_tests.rs"]
mod tests;
