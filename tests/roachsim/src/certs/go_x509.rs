//! TLS failures in the words of Go's `crypto/x509` and `crypto/tls`.

use rustls::{AlertDescription, CertificateError, Error};

/// Returns what Go would say about a failed handshake.
#[must_use]
pub fn words_of(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => format!("x509: {}", certificate(reason)),
        Error::AlertReceived(alert) => format!("remote error: tls: {}", alert_words(*alert)),
        Error::InvalidMessage(_) => "tls: first record does not look like a TLS handshake".to_owned(),
        other => format!("tls: {other}"),
    }
}

fn certificate(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "certificate signed by unknown authority".to_owned()
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "certificate has expired or is not yet valid".to_owned()
        }
        CertificateError::NotValidForName => {
            "certificate is not valid for the name that was dialled".to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            if presented.is_empty() {
                format!("certificate is not valid for any names, but wanted to match {expected}")
            } else {
                let names: Vec<_> = presented.iter().map(|name| bare(name)).collect();
                format!("certificate is valid for {}, not {expected}", names.join(", "))
            }
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "certificate specifies an incompatible key usage".to_owned()
        }
        other => format!("{other}"),
    }
}

/// The name inside webpki's `DnsName("a")` or `IpAddress(127.0.0.1)`.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"')
}

fn alert_words(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::BadCertificate => "bad certificate",
        AlertDescription::UnsupportedCertificate => "unsupported certificate",
        AlertDescription::CertificateExpired => "expired certificate",
        AlertDescription::CertificateUnknown => "unknown certificate",
        AlertDescription::UnknownCA => "unknown certificate authority",
        AlertDescription::DecryptError => "error decrypting message",
        AlertDescription::InternalError => "internal error",
        AlertDescription::HandshakeFailure => "handshake failure",
        AlertDescription::CertificateRequired => "certificate required",
        _ => "alert",
    }
}
