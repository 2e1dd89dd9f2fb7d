use std::net::IpAddr;

use crdbctl_model::{KeyType, Timestamp};
use rcgen::string::PrintableString;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType, SerialNumber,
};
use time::OffsetDateTime;

use crate::IssueErrorKind;
use crate::issued::Purpose;

/// How far back a certificate begins, so that hosts whose clocks are behind accept it at once
/// (`cockroach cert` does the same).
pub const BACKDATED_SECONDS: i64 = 86_400;

/// Returns the shape of a new authority's certificate, as `cockroach cert create-ca` makes it.
pub(crate) fn authority(
    key: KeyType,
    not_after: Timestamp,
    now: Timestamp,
) -> Result<CertificateParams, IssueErrorKind> {
    let mut params = common("Cockroach CA", not_after, now)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = usages(key);
    params.key_usages.extend([KeyUsagePurpose::ContentCommitment, KeyUsagePurpose::KeyCertSign]);
    Ok(params)
}

/// Returns the shape of a leaf, as `cockroach cert create-node` and `create-client` make it.
pub(crate) fn leaf(
    purpose: Purpose<'_>,
    key: KeyType,
    not_after: Timestamp,
    now: Timestamp,
) -> Result<CertificateParams, IssueErrorKind> {
    let (common_name, names, extended) = match purpose {
        Purpose::Node(names) => {
            let dns = names.dns().iter().map(|name| Ok(SanType::DnsName(name.as_str().try_into()?)));
            let ips = names.ips().iter().map(|ip: &IpAddr| Ok(SanType::IpAddress(*ip)));
            let names = dns.chain(ips).collect::<Result<_, rcgen::Error>>().map_err(crypto)?;
            ("node", names, vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth])
        }
        Purpose::Client(user) => (user.as_str(), Vec::new(), vec![ExtendedKeyUsagePurpose::ClientAuth]),
    };
    let mut params = common(common_name, not_after, now)?;
    params.subject_alt_names = names;
    // Says CA:FALSE; without it rcgen writes no subject key identifier.
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = usages(key);
    params.extended_key_usages = extended;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn common(
    common_name: &str,
    not_after: Timestamp,
    now: Timestamp,
) -> Result<CertificateParams, IssueErrorKind> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, text("Cockroach"));
    params.distinguished_name.push(DnType::CommonName, text(common_name));
    let end_is_impossible = || IssueErrorKind::Lifetime { seconds: not_after.since(now) };
    params.not_before = moment(now.plus(-BACKDATED_SECONDS)).ok_or_else(end_is_impossible)?;
    params.not_after = moment(not_after).ok_or_else(end_is_impossible)?;
    params.serial_number = Some(serial()?);
    Ok(params)
}

/// A name's text as Go's encoder writes it: PrintableString where the characters allow it.
fn text(text: &str) -> DnValue {
    match PrintableString::try_from(text) {
        Ok(printable) => DnValue::PrintableString(printable),
        Err(_) => DnValue::Utf8String(text.into()),
    }
}

/// What the key may do in TLS. keyEncipherment belongs to RSA alone: RFC 8813 §3 forbids it beside
/// an elliptic curve key.
fn usages(key: KeyType) -> Vec<KeyUsagePurpose> {
    match key {
        KeyType::EcdsaP256 => vec![KeyUsagePurpose::DigitalSignature],
        KeyType::Rsa2048 => vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment],
    }
}

/// Returns 128 random bits as a positive number.
fn serial() -> Result<SerialNumber, IssueErrorKind> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| IssueErrorKind::Crypto("the system's random source failed".into()))?;
    Ok(SerialNumber::from_slice(&bytes))
}

/// Returns the moment as X.509 can say it: until the end of the year 9999.
fn moment(at: Timestamp) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(at.as_unix()).ok().filter(|t| (1950..=9999).contains(&t.year()))
}

pub(crate) fn crypto(error: rcgen::Error) -> IssueErrorKind {
    IssueErrorKind::Crypto(error.to_string())
}
