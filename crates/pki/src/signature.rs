use aws_lc_rs::signature::{
    ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::oid_registry::{
    OID_PKCS1_SHA1WITHRSA, OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA512WITHRSA, OID_SHA1_WITH_RSA,
    OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512, Oid,
};

use crate::{Certificate, KeyAlgorithm};

/// What became of checking a signature with an issuer's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureCheck {
    /// The issuer's key made it.
    Good,
    /// The issuer's key did not make it.
    Bad,
    /// This program cannot check the algorithm.
    Unsupported,
}

impl Certificate {
    /// Whether the certificate names `issuer` as its issuer, byte for byte as Go compares names.
    pub(crate) fn names_issuer(&self, issuer: &Self) -> bool {
        self.with_x509(|own| issuer.with_x509(|ca| own.issuer().as_raw() == ca.subject().as_raw()))
    }

    /// Checks the signature with the key of `issuer`. Says nothing of names, times and usages.
    pub(crate) fn check_signature(&self, issuer: &Self) -> SignatureCheck {
        self.with_x509(|own| issuer.with_x509(|ca| check(own, ca, &issuer.info().key_algorithm)))
    }

    /// Whether `issuer` signed it: named byte for byte, and its key made the signature.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        self.names_issuer(issuer) && self.check_signature(issuer) == SignatureCheck::Good
    }

    /// Whether SHA-1 was used to sign it. Go, and so CockroachDB, refuses that since Go 1.18.
    pub(crate) fn is_signed_with_sha1(&self) -> bool {
        let ecdsa_with_sha1 = "1.2.840.10045.4.1";
        let algorithm = &self.info().signature_algorithm;
        [OID_PKCS1_SHA1WITHRSA.to_id_string(), OID_SHA1_WITH_RSA.to_id_string(), ecdsa_with_sha1.into()]
            .contains(algorithm)
    }
}

fn check(own: &X509Certificate<'_>, ca: &X509Certificate<'_>, ca_key: &KeyAlgorithm) -> SignatureCheck {
    if let Some(algorithm) = beyond_x509_parser(ca_key, &own.signature_algorithm.algorithm) {
        let key = UnparsedPublicKey::new(algorithm, &ca.public_key().subject_public_key.data);
        return match key.verify(own.tbs_certificate.as_ref(), &own.signature_value.data) {
            Ok(()) => SignatureCheck::Good,
            Err(_) => SignatureCheck::Bad,
        };
    }
    match ca_key {
        // What is below is not for such keys, and refuses them in the same words as a signature by another key.
        KeyAlgorithm::Rsa { bits } if !(2048..=8192).contains(bits) => return SignatureCheck::Unsupported,
        KeyAlgorithm::Other(_) => return SignatureCheck::Unsupported,
        KeyAlgorithm::Rsa { .. }
        | KeyAlgorithm::EcdsaP256
        | KeyAlgorithm::EcdsaP384
        | KeyAlgorithm::EcdsaP521
        | KeyAlgorithm::Ed25519 => {}
    }
    match own.verify_signature(Some(ca.public_key())) {
        Ok(()) => SignatureCheck::Good,
        Err(X509Error::SignatureUnsupportedAlgorithm) => SignatureCheck::Unsupported,
        Err(_) => SignatureCheck::Bad,
    }
}

/// Returns the algorithm for what Go's TLS accepts and x509-parser does not check: P-521, SHA-512 on the smaller curves, and RSA
/// keys below 2048 bits.
///
/// Go verifies signatures of RSA keys from 1024 bits on; below that it refuses them since Go 1.24 (golang/go#68762, "Minimum key
/// size" of crypto/rsa). crypto/tls has no other least size, and a most of 8192 bits since Go 1.19.12, 1.20.7 and 1.21
/// (CVE-2023-29409).
fn beyond_x509_parser(key: &KeyAlgorithm, signature: &Oid<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let (sha256, sha384, sha512) = (
        *signature == OID_SIG_ECDSA_WITH_SHA256,
        *signature == OID_SIG_ECDSA_WITH_SHA384,
        *signature == OID_SIG_ECDSA_WITH_SHA512,
    );
    let is = |oids: &[Oid<'static>]| oids.contains(signature);
    match key {
        KeyAlgorithm::Rsa { bits: 1024..2048 } if is(&[OID_PKCS1_SHA1WITHRSA, OID_SHA1_WITH_RSA]) => {
            Some(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        KeyAlgorithm::Rsa { bits: 1024..2048 } if is(&[OID_PKCS1_SHA256WITHRSA]) => {
            Some(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        KeyAlgorithm::Rsa { bits: 1024..2048 } if is(&[OID_PKCS1_SHA512WITHRSA]) => {
            Some(&RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
        }
        KeyAlgorithm::EcdsaP256 if sha512 => Some(&ECDSA_P256_SHA512_ASN1),
        KeyAlgorithm::EcdsaP384 if sha512 => Some(&ECDSA_P384_SHA512_ASN1),
        KeyAlgorithm::EcdsaP521 if sha256 => Some(&ECDSA_P521_SHA256_ASN1),
        KeyAlgorithm::EcdsaP521 if sha384 => Some(&ECDSA_P521_SHA384_ASN1),
        KeyAlgorithm::EcdsaP521 if sha512 => Some(&ECDSA_P521_SHA512_ASN1),
        _ => None,
    }
}
