use crate::judge::leaf::unreadable;
use crate::{CaBundle, CaVerdict, Certificate, CertificateInfo, Finding, FindingCode};

/// Judges a host's `ca.crt`: it must hold the authority's certificates, no other, the same one first.
///
/// The order of the others, duplicates, and text around the blocks do not matter.
pub fn judge_ca(pem: &[u8], authority: &CaBundle) -> CaVerdict {
    let certificates = match Certificate::parse_pem_bundle(pem) {
        Ok(certificates) => certificates,
        Err(error) => return CaVerdict::Invalid { infos: Vec::new(), findings: vec![unreadable(&error)] },
    };
    let infos: Vec<_> = certificates.into_iter().map(Certificate::into_info).collect();
    let mut findings = Vec::new();
    for wanted in authority.infos().filter(|wanted| !holds(&infos, wanted)) {
        let text = format!("ca.crt lacks the authority's certificate {}", named(wanted));
        findings.push(Finding::new(FindingCode::MissingAuthority, text));
    }
    for (index, found) in infos.iter().enumerate() {
        let is_ours = authority.infos().any(|wanted| wanted.sha256 == found.sha256);
        if !is_ours && !holds(&infos[..index], found) {
            let text = format!("ca.crt trusts a certificate that is not the authority's, {}", named(found));
            findings.push(Finding::new(FindingCode::ForeignAuthority, text));
        }
    }
    if findings.is_empty() && infos[0].sha256 != authority.issuer().info().sha256 {
        let text = format!(
            "ca.crt does not begin with the certificate that issues, {}",
            named(authority.issuer().info())
        );
        findings.push(Finding::new(FindingCode::AuthorityOrder, text));
    }
    if findings.is_empty() { CaVerdict::Valid { infos } } else { CaVerdict::Invalid { infos, findings } }
}

fn holds(infos: &[CertificateInfo], wanted: &CertificateInfo) -> bool {
    infos.iter().any(|info| info.sha256 == wanted.sha256)
}

/// Authorities often share a subject, so the digest tells them apart.
fn named(info: &CertificateInfo) -> String {
    format!("{} (sha256 {}, until {})", info.subject, info.sha256.short(), info.not_after.date())
}
