use crdbctl_model::{KeyType, Timestamp};

use crate::chain::{self, Rejected, Search, Verifier};
use crate::node_names::is_privileged;
use crate::shown::span;
use crate::{
    CaBundle, Certificate, CertificateInfo, ClientRequirement, ExtendedKeyUsage, Finding, FindingCode,
    KeyAlgorithm, KeyFact, NodeRequirement, Principals, ReadError, ReadErrorKind, Verdict,
};

/// Judges a node's certificate file: its first certificate is the node's.
///
/// By predicate, not by bytes: whoever made it, it is valid when a chain leads to the authority, the key is its own, one of its
/// names is the user `node`, the names are covered, its usages allow servers and clients (or are not restricted), and `now` lies
/// in its time and before its renewal. Where nodes dial with another certificate it need be no client's.
pub fn judge_node(pem: &[u8], key: &KeyFact, wanted: &NodeRequirement<'_>, now: Timestamp) -> Verdict {
    let server = (ExtendedKeyUsage::ServerAuth, wanted.authority);
    let client = wanted.dials.map(|authority| (ExtendedKeyUsage::ClientAuth, authority));
    let common = Common {
        user: wanted.dials.map(|_| "node"),
        principals: wanted.principals,
        authority: wanted.authority,
        renew_before: wanted.renew_before,
        key_type: wanted.key_type,
        usages: &std::iter::once(server).chain(client).collect::<Vec<_>>(),
    };
    judge(pem, key, &common, now, |info, findings| {
        for name in wanted.names.missing_from(info) {
            findings.push(Finding::new(FindingCode::MissingName, format!("does not cover {name}")));
        }
        if !info.allows(&ExtendedKeyUsage::ServerAuth) {
            findings.push(lacks_usage(&ExtendedKeyUsage::ServerAuth));
        }
    })
}

/// Judges `client.node.crt`, with which a node dials others, apart from its key, and returns what keeps others from accepting it.
/// `authority` is whom they verify clients by.
pub fn judge_node_client(
    pem: &[u8],
    authority: &CaBundle,
    principals: &Principals,
    now: Timestamp,
) -> Vec<Finding> {
    let common = Common {
        user: Some("node"),
        principals,
        authority,
        renew_before: 0,
        key_type: None,
        usages: &[(ExtendedKeyUsage::ClientAuth, authority)],
    };
    // Of the key nothing is said.
    let verdict = judge(pem, &KeyFact::Unknown(String::new()), &common, now, |_, _| ());
    verdict.findings().to_vec()
}

/// Judges a client's certificate file: its first certificate is the client's.
///
/// As [`judge_node`], for a SQL user and without names of hosts.
pub fn judge_client(pem: &[u8], key: &KeyFact, wanted: &ClientRequirement<'_>, now: Timestamp) -> Verdict {
    let user = wanted.user.as_str();
    let common = Common {
        user: Some(user),
        principals: wanted.principals,
        authority: wanted.authority,
        renew_before: wanted.renew_before,
        key_type: wanted.key_type,
        usages: &[(ExtendedKeyUsage::ClientAuth, wanted.authority)],
    };
    judge(pem, key, &common, now, |info, findings| {
        let others = |name: &&String| is_privileged(name) && !name.eq_ignore_ascii_case(user);
        for name in info.dns_names.iter().filter(others) {
            let text = format!("its DNS name {name} makes {user} act as that user");
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
    /// Who its bearer must be; `None` when that does not matter.
    user: Option<&'a str>,
    principals: &'a Principals,
    authority: &'a CaBundle,
    renew_before: i64,
    key_type: Option<KeyType>,
    /// What it is used for, and by whom it is verified then.
    usages: &'a [(ExtendedKeyUsage, &'a CaBundle)],
}

fn judge(
    pem: &[u8],
    key: &KeyFact,
    wanted: &Common<'_>,
    now: Timestamp,
    special: impl FnOnce(&CertificateInfo, &mut Vec<Finding>),
) -> Verdict {
    let file = match Certificate::parse_pem_bundle(pem) {
        Ok(certificates) => certificates,
        Err(error) => return Verdict::Invalid { info: None, findings: vec![unreadable(&error)] },
    };
    let info = file[0].info();
    let mut findings = Vec::new();
    judge_key(info, key, wanted.key_type, &mut findings);
    let end = judge_chain(&file, wanted.usages, now, &mut findings);
    if let Some(user) = wanted.user.filter(|user| !wanted.principals.include(info, user)) {
        let text = match &info.common_name {
            Some(name) => format!("its common name is {name}, not {user}"),
            None => format!("it has no common name; {user} is wanted"),
        };
        findings.push(Finding::new(FindingCode::WrongCommonName, text));
    }
    let is_client = wanted.usages.iter().any(|(usage, _)| *usage == ExtendedKeyUsage::ClientAuth);
    if is_client && !info.allows(&ExtendedKeyUsage::ClientAuth) {
        findings.push(lacks_usage(&ExtendedKeyUsage::ClientAuth));
    }
    special(info, &mut findings);
    judge_time(info, end, wanted.authority.issuer().info(), wanted.renew_before, now, &mut findings);

    let info = Box::new(info.clone());
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

/// Judges whether a chain leads from the first certificate to the authority for each usage; returns the end of the chain that
/// lasts longest, which may come before the certificate's own.
fn judge_chain(
    file: &[Certificate],
    usages: &[(ExtendedKeyUsage, &CaBundle)],
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Option<Timestamp> {
    let leaf = &file[0];
    if leaf.is_signed_with_sha1() {
        let text = "is signed with SHA-1, which CockroachDB does not accept";
        findings.push(Finding::new(FindingCode::WeakSignature, text));
    }
    if leaf.has_unknown_critical_extension() {
        let text = "has a critical extension that CockroachDB does not know";
        findings.push(Finding::new(FindingCode::NotSignedByAuthority, text));
    }
    let mut ends = Vec::new();
    for (usage, authority) in usages {
        let roots: Vec<&Certificate> = authority.certificates().collect();
        let search = Verifier { roots: &roots, usage: Some(usage), at: Some(now) }.search(file);
        match search.chains.iter().filter_map(|chain| chain::end(chain)).max() {
            Some(end) => ends.push(end),
            None => {
                let finding = no_chain(leaf, authority, usage, &search, now);
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
    }
    ends.into_iter().min()
}

/// Says why no chain was found: what stands in the way of the one that comes nearest, or who signed the certificate.
fn no_chain(
    leaf: &Certificate,
    authority: &CaBundle,
    usage: &ExtendedKeyUsage,
    search: &Search<'_>,
    now: Timestamp,
) -> Finding {
    let issuer = &leaf.info().issuer;
    let unsigned = |text| Finding::new(FindingCode::NotSignedByAuthority, text);
    let Some((signer, why)) = search.rejected.last() else {
        let is_namesake = authority.certificates().any(|ca| leaf.names_issuer(ca));
        return unsigned(if is_namesake {
            format!("is not signed by the authority but by another of the same name, {issuer}")
        } else {
            format!("is signed by {issuer}, not by the authority {}", authority.issuer().info().subject)
        });
    };
    let (info, is_ours) = (signer.info(), authority.certificates().any(|ca| ca == *signer));
    let named = if is_ours && leaf.names_issuer(signer) {
        "the authority's certificate that signed it".to_owned()
    } else {
        format!("{}, which its chain needs,", info.subject)
    };
    match why {
        Rejected::Time if now > info.not_after => {
            let text = format!("{named} expired on {}", info.not_after.date());
            Finding::new(FindingCode::AuthorityNotValid, text)
        }
        Rejected::Time => {
            let text = format!("{named} is valid from {} on", info.not_before.date());
            Finding::new(FindingCode::AuthorityNotValid, text)
        }
        Rejected::Usage => {
            let text = format!("the extended key usage of {named} lacks {usage}");
            Finding::new(code_of(usage), text)
        }
        Rejected::NotAnAuthority => unsigned(format!("{named} may not sign certificates")),
        Rejected::PathLength => {
            unsigned(format!("{named} allows fewer intermediates than there are (its path length)"))
        }
        Rejected::Name(name) => {
            unsigned(format!("{named} does not allow the name {name} (its name constraints)"))
        }
        Rejected::CriticalExtension => {
            unsigned(format!("{named} has a critical extension that CockroachDB does not know"))
        }
        Rejected::WeakSignature => {
            let text = "an intermediate in its file is signed with SHA-1, which CockroachDB does not accept";
            Finding::new(FindingCode::WeakSignature, text)
        }
        Rejected::Unsupported => unsigned(format!(
            "is signed with an algorithm that cannot be checked ({})",
            leaf.info().signature_algorithm
        )),
    }
}

fn judge_time(
    info: &CertificateInfo,
    end_of_chain: Option<Timestamp>,
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
    let can_last_longer = |end: Timestamp| issuer.not_after > end;
    if left <= renew_before && can_last_longer(info.not_after) {
        let text = format!("expires in {}, on {}", span(left), info.not_after.date());
        findings.push(Finding::new(FindingCode::RenewalDue, text));
    } else if let Some(end) = end_of_chain.filter(|end| *end < info.not_after && can_last_longer(*end))
        && end.since(now) <= renew_before
    {
        let text =
            format!("an intermediate in its file expires in {}, on {}", span(end.since(now)), end.date());
        findings.push(Finding::new(FindingCode::RenewalDue, text));
    }
}

fn lacks_usage(usage: &ExtendedKeyUsage) -> Finding {
    Finding::new(code_of(usage), format!("its extended key usage lacks {usage}"))
}

const fn code_of(usage: &ExtendedKeyUsage) -> FindingCode {
    match usage {
        ExtendedKeyUsage::ServerAuth => FindingCode::MissingServerAuth,
        ExtendedKeyUsage::ClientAuth | ExtendedKeyUsage::Any | ExtendedKeyUsage::Other(_) => {
            FindingCode::MissingClientAuth
        }
    }
}

pub(super) fn unreadable(error: &ReadError) -> Finding {
    let code = match error.kind {
        ReadErrorKind::NotACertificate(_) => FindingCode::WrongPemBlock,
        _ => FindingCode::Unparseable,
    };
    Finding::new(code, error.to_string())
}
