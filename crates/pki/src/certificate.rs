use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crdbctl_model::{Digest, Timestamp};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::error::PEMError;
use x509_parser::extensions::{self, GeneralName, ParsedExtension};
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;
use x509_parser::x509::AttributeTypeAndValue;

use crate::shown::shown;
use crate::{CertificateInfo, ExtendedKeyUsage, KeyAlgorithm, KeyUsage, ReadError, ReadErrorKind};

/// A certificate: its bytes and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    info: CertificateInfo,
}

impl Certificate {
    /// Returns every certificate of a PEM file, in its order. There is at least one.
    ///
    /// Text around the blocks is skipped, as OpenSSL and Go do.
    ///
    /// # Errors
    /// When there is no block, and at the first block that is broken, that is of another type than
    /// CERTIFICATE (CockroachDB refuses such a file as a whole) or that is not an X.509 certificate.
    pub fn parse_pem_bundle(pem: &[u8]) -> Result<Vec<Self>, ReadError> {
        let mut certificates = Vec::new();
        for (index, block) in Pem::iter_from_buffer(pem).enumerate() {
            let at = |kind| ReadError { block: Some(index + 1), kind };
            let block = block.map_err(|error| at(ReadErrorKind::Pem(pem_problem(&error))))?;
            if block.label != "CERTIFICATE" {
                let label = block.label.chars().take(64).collect::<String>();
                return Err(at(ReadErrorKind::NotACertificate(shown(&label))));
            }
            certificates.push(Self::parse_der(&block.contents).map_err(|error| at(error.kind))?);
        }
        if certificates.is_empty() {
            return Err(ReadError::whole(if pem.trim_ascii().is_empty() {
                ReadErrorKind::Empty
            } else {
                ReadErrorKind::NoBlock { looks_like_der: pem.starts_with(&[0x30, 0x82]) }
            }));
        }
        // The parser takes any END line; Go takes only the one that belongs to the BEGIN line.
        let ends = pem.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"-----END "));
        match ends.map(<[u8]>::trim_ascii_end).position(|line| line != b"-----END CERTIFICATE-----") {
            Some(index) => {
                let kind = ReadErrorKind::Pem("its END line is not that of a certificate".into());
                Err(ReadError { block: Some(index + 1), kind })
            }
            None => Ok(certificates),
        }
    }

    /// Returns the certificate of a DER text, such as a TLS peer sends.
    ///
    /// # Errors
    /// When it is not one certificate and nothing else.
    pub fn parse_der(der: &[u8]) -> Result<Self, ReadError> {
        let bad = |text: String| ReadError::whole(ReadErrorKind::Certificate(text));
        let (rest, x509) =
            X509Certificate::from_der(der).map_err(|_| bad("it is cut off, or not one at all".into()))?;
        if !rest.is_empty() {
            return Err(bad(format!("{} bytes follow it", rest.len())));
        }
        let info = read_info(der, &x509).map_err(bad)?;
        Ok(Self { der: der.to_vec(), info })
    }

    /// Returns what the certificate says.
    pub const fn info(&self) -> &CertificateInfo {
        &self.info
    }

    /// Returns what the certificate says, giving up the bytes.
    pub fn into_info(self) -> CertificateInfo {
        self.info
    }

    /// Returns the DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns the PEM text, lines of 64 characters, ending with a newline.
    pub fn to_pem(&self) -> String {
        let base64 = STANDARD.encode(&self.der);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for start in (0..base64.len()).step_by(64) {
            pem.push_str(&base64[start..base64.len().min(start + 64)]);
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
        pem
    }

    /// Runs `read` on the parsed form.
    pub(crate) fn with_x509<T>(&self, read: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
        let (_, x509) = X509Certificate::from_der(&self.der).expect("it was parsed when it was made");
        read(&x509)
    }
}

fn pem_problem(error: &PEMError) -> String {
    match error {
        PEMError::Base64DecodeError => "its content is not base64".into(),
        PEMError::IncompletePEM => "its END line is missing".into(),
        PEMError::InvalidHeader | PEMError::MissingHeader => "its BEGIN line is malformed".into(),
        PEMError::IOError(_) => "it holds bytes that are not text".into(),
    }
}

fn read_info(der: &[u8], x509: &X509Certificate<'_>) -> Result<CertificateInfo, String> {
    for extension in x509.iter_extensions() {
        if let ParsedExtension::ParseError { .. } = extension.parsed_extension() {
            return Err(format!("its extension {} is malformed", extension.oid.to_id_string()));
        }
    }
    x509.extensions_map().map_err(|_| "it has the same extension twice")?;
    let names = Names::of(x509)?;
    let basic = x509.basic_constraints().map_err(|e| e.to_string())?;
    let usage = x509.key_usage().map_err(|e| e.to_string())?;
    let extended = x509.extended_key_usage().map_err(|e| e.to_string())?;
    let mut subject_key_id = None;
    let mut authority_key_id = None;
    for extension in x509.iter_extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => subject_key_id = Some(hex::encode(id.0)),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                authority_key_id = id.key_identifier.as_ref().map(|id| hex::encode(id.0));
            }
            _ => {}
        }
    }
    let serial = x509.raw_serial();
    let zeros = serial.iter().take(serial.len().saturating_sub(1)).take_while(|byte| **byte == 0).count();
    let texts = |attributes: &mut dyn Iterator<Item = &AttributeTypeAndValue<'_>>| {
        attributes.map(|a| shown(&attribute_text(a.attr_value()))).collect::<Vec<_>>()
    };
    let subject = x509.subject();
    Ok(CertificateInfo {
        subject: shown(&subject.to_string()),
        common_name: texts(&mut subject.iter_common_name()).pop(),
        organizations: texts(&mut subject.iter_organization()),
        organizational_units: texts(&mut subject.iter_organizational_unit()),
        dns_names: names.dns,
        ip_addresses: names.ips,
        other_names: names.others,
        issuer: shown(&x509.issuer().to_string()),
        serial: hex::encode(&serial[zeros..]),
        not_before: Timestamp::from_unix(x509.validity().not_before.timestamp()),
        not_after: Timestamp::from_unix(x509.validity().not_after.timestamp()),
        key_algorithm: KeyAlgorithm::of(x509.public_key()),
        signature_algorithm: x509.signature_algorithm.algorithm.to_id_string(),
        spki_sha256: Digest::of(x509.public_key().raw),
        sha256: Digest::of(der),
        is_ca: basic.is_some_and(|b| b.value.ca),
        key_usages: usage.map(|u| key_usages(u.value)),
        extended_key_usages: extended.map(|e| extended_key_usages(e.value)),
        subject_key_id,
        authority_key_id,
    })
}

#[derive(Default)]
struct Names {
    dns: BTreeSet<String>,
    ips: BTreeSet<IpAddr>,
    others: BTreeSet<String>,
}

impl Names {
    fn of(x509: &X509Certificate<'_>) -> Result<Self, String> {
        let mut names = Self::default();
        let Some(extension) = x509.subject_alternative_name().map_err(|e| e.to_string())? else {
            return Ok(names);
        };
        for name in &extension.value.general_names {
            match name {
                GeneralName::DNSName(dns) => {
                    names.dns.insert(shown(dns));
                }
                GeneralName::IPAddress(octets) => {
                    names.ips.insert(ip_address(octets)?);
                }
                GeneralName::URI(text) | GeneralName::RFC822Name(text) => {
                    names.others.insert(shown(text));
                }
                GeneralName::Invalid(..) => return Err("a subject alternative name is malformed".into()),
                _ => {}
            }
        }
        Ok(names)
    }
}

fn ip_address(octets: &[u8]) -> Result<IpAddr, String> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Ok(Ipv4Addr::from(v4).into());
    }
    match <[u8; 16]>::try_from(octets) {
        // Go compares the mapped form as the IPv4 address that it is.
        Ok(v6) => Ok(IpAddr::from(Ipv6Addr::from(v6)).to_canonical()),
        Err(_) => Err(format!("an IP address in it has {} bytes", octets.len())),
    }
}

/// Returns the text of a name's attribute in any of the string types that RFC 5280 allows.
fn attribute_text(value: &Any<'_>) -> String {
    let data = value.data;
    match value.tag() {
        // Its makers write Latin-1 into it, whatever T.61 says (openssl's x509 does the same).
        Tag::T61String => data.iter().copied().map(char::from).collect(),
        Tag::BmpString => {
            let units = data.chunks(2).map(|pair| u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        Tag::UniversalString => data
            .chunks(4)
            .map(|quad| {
                let code = quad.iter().fold(0u32, |code, byte| code << 8 | u32::from(*byte));
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            })
            .collect(),
        _ => String::from_utf8_lossy(data).into_owned(),
    }
}

fn key_usages(bits: &extensions::KeyUsage) -> BTreeSet<KeyUsage> {
    [
        (bits.digital_signature(), KeyUsage::DigitalSignature),
        (bits.non_repudiation(), KeyUsage::ContentCommitment),
        (bits.key_encipherment(), KeyUsage::KeyEncipherment),
        (bits.data_encipherment(), KeyUsage::DataEncipherment),
        (bits.key_agreement(), KeyUsage::KeyAgreement),
        (bits.key_cert_sign(), KeyUsage::KeyCertSign),
        (bits.crl_sign(), KeyUsage::CrlSign),
        (bits.encipher_only(), KeyUsage::EncipherOnly),
        (bits.decipher_only(), KeyUsage::DecipherOnly),
    ]
    .into_iter()
    .filter_map(|(set, usage)| set.then_some(usage))
    .collect()
}

fn extended_key_usages(found: &extensions::ExtendedKeyUsage<'_>) -> BTreeSet<ExtendedKeyUsage> {
    let named = [
        (found.any, ExtendedKeyUsage::Any),
        (found.server_auth, ExtendedKeyUsage::ServerAuth),
        (found.client_auth, ExtendedKeyUsage::ClientAuth),
        (found.code_signing, ExtendedKeyUsage::Other("1.3.6.1.5.5.7.3.3".into())),
        (found.email_protection, ExtendedKeyUsage::Other("1.3.6.1.5.5.7.3.4".into())),
        (found.time_stamping, ExtendedKeyUsage::Other("1.3.6.1.5.5.7.3.8".into())),
        (found.ocsp_signing, ExtendedKeyUsage::Other("1.3.6.1.5.5.7.3.9".into())),
    ];
    let others = found.other.iter().map(|oid| ExtendedKeyUsage::Other(oid.to_id_string()));
    named.into_iter().filter_map(|(set, usage)| set.then_some(usage)).chain(others).collect()
}
