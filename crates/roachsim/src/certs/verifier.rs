//! Verifies peers as Go does where Go and webpki differ.
//!
//! Go checks authorities too: one that has run out, is no CA or may not sign certificates verifies nothing.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::prelude::FromDer;

/// Authorities as they stand in a file, judged anew at each handshake.
#[derive(Debug)]
pub(super) struct Authorities {
    certificates: Vec<Vec<u8>>,
    subjects: Vec<DistinguishedName>,
}

impl Authorities {
    pub(super) fn new(certificates: &[Vec<u8>]) -> Self {
        let subject = |der: &Vec<u8>| {
            let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(der).ok()?;
            Some(DistinguishedName::from(certificate.subject().as_raw().to_vec()))
        };
        Self {
            certificates: certificates.to_vec(),
            subjects: certificates.iter().filter_map(subject).collect(),
        }
    }

    fn at(&self, now: UnixTime) -> Result<Arc<RootCertStore>, Error> {
        let mut roots = RootCertStore::empty();
        for der in self.certificates.iter().filter(|der| may_sign(der, now)) {
            roots.add(CertificateDer::from(der.as_slice()))?;
        }
        if roots.is_empty() { Err(CertificateError::UnknownIssuer.into()) } else { Ok(Arc::new(roots)) }
    }
}

fn may_sign(der: &[u8], now: UnixTime) -> bool {
    let Ok((_, certificate)) = x509_parser::certificate::X509Certificate::from_der(der) else {
        return false;
    };
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = certificate.validity();
    let usage = certificate.key_usage().ok().flatten();
    validity.not_before.timestamp() <= now
        && now <= validity.not_after.timestamp()
        && certificate.is_ca()
        && usage.is_none_or(|usage| usage.value.key_cert_sign())
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    aws_lc_rs::default_provider().signature_verification_algorithms
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::InvalidCertificate(CertificateError::Other(rustls::OtherError(Arc::new(error))))
}

/// Asks clients for a certificate, and verifies it when one is shown.
#[derive(Debug)]
pub(super) struct Clients(pub(super) Authorities);

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.0.subjects
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(self.0.at(now)?, provider).build().map_err(other)?;
        verifier.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

/// Verifies a server's chain and the name that was dialled.
#[derive(Debug)]
pub(super) struct Servers(pub(super) Authorities);

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(self.0.at(now)?, provider).build().map_err(other)?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}
