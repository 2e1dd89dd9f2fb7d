use crdbctl_model::{KeyType, Timestamp};

use crate::node_names::is_privileged;
use crate::shown::span;
use crate::signature::SignatureCheck;
use crate::{
    CaBundle, Certificate, CertificateInfo, ClientRequirement, ExtendedKeyUsage, Finding, FindingCode,
    KeyAlgorithm, KeyFact, NodeRequirement, ReadError, ReadErrorKind, Verdict,
};

/// Judges a node's certificate file: its first certificate is the node's.
///
/// By predicate, not by bytes: whoever made it, it is valid when the authority signed it, the key is
/// its own, `CN=node`, the names are covered, its usages allow servers and clients (or are not
/// restricted), and `now` lies in its time and before its renewal.
pub fn judge_node(pem: &[u8], key: &KeyFact, wanted: &NodeRequirement<'_>, now: Timestamp) -> Verdict {
    let common = Common {
        common_name: "node",
        authority: wanted.authority,
        renew_before: wanted.renew_before,
        key_type: wanted.key_type,
    };
    judge(pem, key, &common, now, |info, findings| {
        for name in wanted.names.missing_from(info) {
            findings.push(Finding::new(FindingCode::MissingName, format!("does not cover {name}")));
        }
        if !info.allows(&ExtendedKeyUsage::ServerAuth) {
            findings.push(lacks_usage(FindingCode::MissingServerAuth, &ExtendedKeyUsage::ServerAuth));
        }
    })
}

/// Judges a client's certificate file: its first certificate is the client's.
///
/// As [`judge_node`], for a SQL user and without names of hosts.
pub fn judge_client(pem: &[u8], key: &KeyFact, wanted: &ClientRequirement<'_>, now: Timestamp) -> Verdict {
    let common = Common {
        common_name: wanted.user.as_str(),
        authority: wanted.authority,
        renew_before: wanted.renew_before,
        key_type: wanted.key_type,
    };
    judge(pem, key, &common, now, |info, findings| {
        let others = |name: &&String| is_privileged(name) && !name.eq_ignore_ascii_case(common.common_name);
        for name in info.dns_names.iter().filter(others) {
            let text = format!("its DNS name {name} makes {} act as that user", common.common_name);
            findings.push(Finding::new(FindingCode::PrivilegedName, text));
        }
        if info.organizational_units.iter().any(|unit| unit == "Tenants") {
            let text = "is a tenant's (OU=Tenants), which CockroachDB does not accept from SQL users";
            findings.push(Finding::new(FindingCode::TenantCertificate, text));
        }
    })
}

/// What nodes and clients have in common.
struct Common<'a> {
    common_name: &'a str,
    authority: &'a CaBundle,
    renew_before: i64,
    key_type: Option<KeyType>,
}

fn judge(
    pem: &[u8],
    key: &KeyFact,
    wanted: &Common<'_>,
    now: Timestamp,
    special: impl FnOnce(&CertificateInfo, &mut Vec<Finding>),
) -> Verdict {
    let certificate = match Certificate::parse_pem_bundle(pem) {
        Ok(mut certificates) => certificates.swap_remove(0),
        Err(error) => return Verdict::Invalid { info: None, findings: vec![unreadable(&error)] },
    };
    let info = certificate.info();
    let mut findings = Vec::new();
    judge_key(info, key, wanted.key_type, &mut findings);
    judge_signature(&certificate, wanted.authority, now, &mut findings);
    if info.common_name.as_deref() != Some(wanted.common_name) {
        let text = match &info.common_name {
            Some(name) => format!("its common name is {name}, not {}", wanted.common_name),
            None => format!("it has no common name; {} is wanted", wanted.common_name),
        };
        findings.push(Finding::new(FindingCode::WrongCommonName, text));
    }
    if !info.allows(&ExtendedKeyUsage::ClientAuth) {
        findings.push(lacks_usage(FindingCode::MissingClientAuth, &ExtendedKeyUsage::ClientAuth));
    }
    special(info, &mut findings);
    judge_time(info, wanted.authority.issuer().info(), wanted.renew_before, now, &mut findings);

    let info = Box::new(certificate.into_info());
    match key {
        _ if !findings.is_empty() => Verdict::Invalid { info: Some(info), findings },
        KeyFact::Unknown(reason) => Verdict::Undetermined { info, reason: reason.clone() },
        KeyFact::Missing | KeyFact::Spki(_) => Verdict::Valid { info },
    }
}

fn judge_key(info: &CertificateInfo, key: &KeyFact, key_type: Option<KeyType>, findings: &mut Vec<Finding>) {
    match key {
        KeyFact::Missing => {
            findings.push(Finding::new(FindingCode::KeyMissing, "its key is missing"));
        }
        KeyFact::Spki(spki) if *spki != info.spki_sha256 => {
            findings.push(Finding::new(
                FindingCode::KeyMismatch,
                "the key beside it belongs to another certificate",
            ));
        }
        KeyFact::Spki(_) | KeyFact::Unknown(_) => {}
    }
    if let Some(wanted) = key_type.filter(|wanted| !info.key_algorithm.is(*wanted)) {
        let wanted = match wanted {
            KeyType::EcdsaP256 => "ecdsa-p256",
            KeyType::Rsa2048 => "rsa-2048",
        };
        let text = format!("its key is {}, not {wanted}", info.key_algorithm);
        findings.push(Finding::new(FindingCode::WrongKeyType, text));
    }
    if let KeyAlgorithm::Rsa { bits } = info.key_algorithm
        && bits < 2048
    {
        let text = format!("its RSA key of {bits} bits is too short: TLS libraries want 2048");
        findings.push(Finding::new(FindingCode::WeakKey, text));
    }
}

fn judge_signature(
    certificate: &Certificate,
    authority: &CaBundle,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    if certificate.is_signed_with_sha1() {
        let text = "is signed with SHA-1, which CockroachDB does not accept";
        findings.push(Finding::new(FindingCode::WeakSignature, text));
    }
    let namesakes: Vec<_> = authority.certificates().filter(|ca| certificate.names_issuer(ca)).collect();
    let checks: Vec<_> = namesakes.iter().map(|ca| certificate.check_signature(ca)).collect();
    let Some(index) = checks.iter().position(|check| *check == SignatureCheck::Good) else {
        let text = if namesakes.is_empty() {
            format!(
                "is signed by {}, not by the authority {}",
                certificate.info().issuer,
                authority.issuer().info().subject
            )
        } else if checks.contains(&SignatureCheck::Unsupported) {
            format!(
                "is signed with an algorithm that cannot be checked ({})",
                certificate.info().signature_algorithm
            )
        } else {
            format!(
                "is not signed by the authority but by another of the same name, {}",
                certificate.info().issuer
            )
        };
        findings.push(Finding::new(FindingCode::NotSignedByAuthority, text));
        return;
    };
    let ca = namesakes[index].info();
    if now > ca.not_after {
        let text = format!("the authority's certificate that signed it expired on {}", ca.not_after.date());
        findings.push(Finding::new(FindingCode::AuthorityNotValid, text));
    } else if now < ca.not_before {
        let text =
            format!("the authority's certificate that signed it is valid from {} on", ca.not_before.date());
        findings.push(Finding::new(FindingCode::AuthorityNotValid, text));
    }
}

fn judge_time(
    info: &CertificateInfo,
    issuer: &CertificateInfo,
    renew_before: i64,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let left = info.not_after.since(now);
    if now > info.not_after {
        let text = format!("expired {} ago, on {}", span(left), info.not_after.date());
        findings.push(Finding::new(FindingCode::Expired, text));
        return;
    }
    if now < info.not_before {
        let text =
            format!("is valid from {} on, in {}", info.not_before.date(), span(info.not_before.since(now)));
        findings.push(Finding::new(FindingCode::NotYetValid, text));
    }
    // One that ends with the authority would be renewed to the same end, again and again.
    let can_last_longer = issuer.not_after > info.not_after;
    if left <= renew_before && can_last_longer {
        let text = format!("expires in {}, on {}", span(left), info.not_after.date());
        findings.push(Finding::new(FindingCode::RenewalDue, text));
    }
}

fn lacks_usage(code: FindingCode, usage: &ExtendedKeyUsage) -> Finding {
    Finding::new(code, format!("its extended key usage lacks {usage}"))
}

pub(super) fn unreadable(error: &ReadError) -> Finding {
    let code = match error.kind {
        ReadErrorKind::NotACertificate(_) => FindingCode::WrongPemBlock,
        _ => FindingCode::Unparseable,
    };
    Finding::new(code, error.to_string())
}
