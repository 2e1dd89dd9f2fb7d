use crdbctl_model::{
    Action, AttributeDiff, Cause, CertificateFileFact, Desired, DesiredNodeCertificate, FileKind, HostPath,
    KeyFileFact, KeyType, Mode, NodeCertificateFact, NodeName, PathFact, PublicKey, Removal, Timestamp,
    Value,
};
use crdbctl_pki::{
    Certificate, CertificateInfo, Finding, FindingCode, KeyFact, NodeNames, NodeRequirement, OlderNeeded,
    Undecided, Verdict, judge_node,
};

use super::authority::key_word;
use super::ca::{no_authority, reload};
use super::split::{Dials, Split};
use crate::comparison::{Comparison, Difference, unknown};
use crate::context::{AuthorityState, Context};
use crate::ended;
use crate::removal::{Fate, delete};
use crate::rotation::{RotationStep, signer_of};

const CERTIFICATE_MODE: Mode = Mode::new(0o644);
const KEY_MODE: Mode = Mode::new(0o600);

pub(super) fn create(
    desired: &DesiredNodeCertificate,
    node: Option<&NodeName>,
    context: &Context<'_>,
) -> Comparison {
    if let Some(refusal) = cannot_issue(context) {
        return refusal;
    }
    let mut difference = Difference::new(Action::Create);
    difference.attributes = new_pair(desired, context);
    // A pair that was deleted under a running node: it still serves the old one.
    let impact = reload(node, context);
    for attribute in difference.attributes.iter_mut().filter(|attribute| attribute.name == "not_after") {
        attribute.impact = impact;
    }
    Comparison::Differs(difference)
}

pub(super) fn compare(
    desired: &DesiredNodeCertificate,
    found: &NodeCertificateFact,
    node: Option<&NodeName>,
    context: &Context<'_>,
) -> Comparison {
    let bundle = match &context.authority {
        AuthorityState::Present { bundle, .. } => Some(bundle),
        AuthorityState::Unknown { reason, .. } => return no_authority(reason),
        AuthorityState::ToBeCreated => return no_authority("there is no authority yet"),
        AuthorityState::Ended { .. } => None,
    };
    let names = match NodeNames::new(desired.dns_names.iter(), desired.addresses.iter().copied()) {
        Ok(names) => names,
        Err(error) => return unknown(error.to_string(), "mend the names in the manifest"),
    };
    let files = [
        ("node.crt", found.certificate.as_ref().map(|file| &file.path)),
        ("node.key", found.key.as_ref().map(|file| &file.path)),
    ];
    for (name, path) in files {
        // A link may lead to where somebody else keeps the pair: it is not for crdbctl to judge, or to write over.
        if path.is_some_and(|path| path.kind != FileKind::Regular) {
            return unknown(
                format!("{name} is not a regular file"),
                "replace it by a file by hand, then plan again",
            );
        }
    }
    let Some(certificate) = &found.certificate else {
        return replace(desired, context, node, "the certificate is missing", None, None);
    };
    let Some(bundle) = bundle else {
        let (pem, now) = (certificate.pem.as_str(), context.now);
        let before = ended::end_of(pem).map(Timestamp::date);
        return replace(desired, context, node, &ended::why(pem, now), before, Some(Cause::Expiry));
    };
    if let Some(PublicKey::NotAKey(why)) = found.key.as_ref().map(|key| &key.public) {
        let reason = format!("{} is not a private key: {why}", desired.key.file_name());
        return replace(desired, context, node, &reason, None, None);
    }
    let key = KeyFact::from(found.key.as_ref().map(|key| &key.public));
    let split = Split::of(node, context);
    let dials = split.dials();
    let requirement = NodeRequirement {
        names: &names,
        authority: bundle,
        renew_before: desired.renew_before,
        // A pair that somebody else made is kept whatever its key; see `note`.
        key_type: is_ours(found).then_some(desired.key_type),
        principals: &split.principals,
        dials: match dials {
            // A pair that crdbctl makes would be no better by authorities of clients that are not its own.
            Dials::WithNodeCrt | Dials::Unknown(_) => Some(bundle),
            Dials::WithClientNodeCrt => None,
        },
    };
    let judge = |requirement: &NodeRequirement<'_>| {
        judge_node(certificate.pem.as_bytes(), &key, requirement, context.now)
    };
    let verdict = match (judge(&requirement), dials) {
        // It must do as a server's anyway; as a client's only where nodes dial with it.
        (Verdict::Invalid { .. }, Dials::Unknown(reason)) => {
            let verdict = judge(&NodeRequirement { dials: None, ..requirement });
            if !matches!(verdict, Verdict::Invalid { .. }) {
                return unknown(
                    format!(
                        "{} is good for a server and not for a node that dials others with it; whether client.node.crt is there for \
                         that is not known: {reason}",
                        desired.certificate
                    ),
                    "make the directory of certificates readable, then plan again",
                );
            }
            verdict
        }
        (verdict, _) => verdict,
    };
    match verdict {
        Verdict::Undetermined { reason, .. } => unknown(
            format!("whether {} fits {} cannot be told: {reason}", desired.key, desired.certificate),
            "install openssl on the host, or delete both files to have a new pair made",
        ),
        Verdict::Valid { info } if context.rotation == Some(RotationStep::Nodes) => {
            match signer_of(&certificate.pem, bundle, context.now) {
                OlderNeeded::No => Comparison::Same { unchanged: 1 },
                OlderNeeded::By(older) => {
                    let reason = by_older(older);
                    let before = Some(info.not_after.date());
                    replace(desired, context, node, &reason, before, Some(Cause::Rotation))
                }
                OlderNeeded::Undecided(why) => {
                    let reason = may_be_by_older(&why);
                    let before = Some(info.not_after.date());
                    replace(desired, context, node, &reason, before, Some(Cause::Rotation))
                }
            }
        }
        // The other nodes do not trust the authority yet that would sign the new one, and this one still works.
        Verdict::Invalid { findings, .. } if context.distributing && findings.iter().all(can_wait) => {
            attributes(desired, &certificate.path, found.key.as_ref())
        }
        Verdict::Valid { .. } => attributes(desired, &certificate.path, found.key.as_ref()),
        Verdict::Invalid { info, findings } => {
            let reason = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let expiring = |code| matches!(code, FindingCode::Expired | FindingCode::RenewalDue);
            let cause = findings.iter().all(|finding| expiring(finding.code)).then_some(Cause::Expiry);
            let before = info.map(|info| info.not_after.date());
            replace(desired, context, node, &reason, before, cause)
        }
    }
}

/// Whether a certificate works for now in spite of what was found.
fn can_wait(finding: &Finding) -> bool {
    matches!(finding.code, FindingCode::RenewalDue | FindingCode::MissingName | FindingCode::WrongKeyType)
}

/// Returns why a valid certificate is replaced in a rotation.
pub(super) fn by_older(older: &Certificate) -> String {
    let info = older.info();
    format!("it is signed by the old one, {} until {}", info.sha256.short(), info.not_after.date())
}

/// Returns why a valid certificate is replaced in a rotation that may be of the old authority.
pub(super) fn may_be_by_older(why: &Undecided) -> String {
    format!("it may need the old authority: {why}")
}

/// Returns what readers should know of a pair that is kept: its key is not of the manifest's type, and is not crdbctl's to replace.
pub(super) fn note(desired: &DesiredNodeCertificate, found: &NodeCertificateFact) -> Option<String> {
    if is_ours(found) {
        return None;
    }
    other_key_type(found.certificate.as_ref()?, desired.key_type).map(|what| {
        format!("{what}; it is kept, because it is valid and crdbctl did not make it: delete both files to have a new pair made")
    })
}

/// Returns what readers should know of the files beside a pair, whatever becomes of the pair: others refuse what the node dials
/// with, or the node refuses clients.
pub(super) fn notes(node: Option<&NodeName>, context: &Context<'_>) -> Vec<String> {
    Split::of(node, context).notes(context)
}

/// Returns in words that the certificate's key is not of the wanted type, if so.
pub(super) fn other_key_type(certificate: &CertificateFileFact, wanted: KeyType) -> Option<String> {
    let certificate = Certificate::parse_pem_bundle(certificate.pem.as_bytes()).ok()?.swap_remove(0);
    let found = &certificate.info().key_algorithm;
    (!found.is(wanted)).then(|| format!("its key is {found}, and the manifest says {}", key_word(wanted)))
}

/// Whether crdbctl made the key, as the host's own list of such keys tells.
fn is_ours(found: &NodeCertificateFact) -> bool {
    found.key.as_ref().is_some_and(|key| key.made)
}

fn attributes(
    desired: &DesiredNodeCertificate,
    certificate: &PathFact,
    key: Option<&KeyFileFact>,
) -> Comparison {
    let mut difference = Difference::new(Action::Update);
    difference.unchanged = 1;
    let files =
        [("node.crt", Some(certificate), CERTIFICATE_MODE), ("node.key", key.map(|key| &key.path), KEY_MODE)];
    for (name, path, mode) in files {
        let Some(path) = path else { continue };
        difference.attribute(&format!("{name} owner"), &path.owner, &desired.owner);
        difference.attribute(&format!("{name} group"), &path.group, &desired.group);
        // A key that is closed more tightly, 0400, is as good.
        if !(name == "node.key" && path.mode == Mode::new(0o400)) {
            difference.attribute(&format!("{name} mode"), path.mode, mode);
        }
    }
    difference.conclude()
}

fn replace(
    desired: &DesiredNodeCertificate,
    context: &Context<'_>,
    node: Option<&NodeName>,
    reason: &str,
    before: Option<String>,
    cause: Option<Cause>,
) -> Comparison {
    if let Some(refusal) = cannot_issue(context) {
        return refusal;
    }
    let mut difference = Difference::new(Action::Replace);
    difference.attributes = new_pair(desired, context);
    let impact = reload(node, context);
    for attribute in &mut difference.attributes {
        if attribute.name == "not_after" {
            attribute.before = before.clone().map(Value::Word);
            attribute.impact = impact;
        }
    }
    difference.reason = Some(reason.to_owned());
    difference.cause = cause;
    Comparison::Differs(difference)
}

fn new_pair(desired: &DesiredNodeCertificate, context: &Context<'_>) -> Vec<AttributeDiff> {
    let names: Vec<String> =
        desired.dns_names.iter().cloned().chain(desired.addresses.iter().map(ToString::to_string)).collect();
    vec![
        AttributeDiff {
            after: Some(Value::List(names)),
            ..AttributeDiff::words("names", None::<&str>, None::<&str>)
        },
        AttributeDiff::words("key", None::<&str>, Some(key_word(desired.key_type))),
        end_of_new(desired.lifetime, context),
    ]
}

/// Returns the end of a certificate that is made now as an attribute. It ends with its authority at the latest: CockroachDB makes
/// none that outlives it (`checkLifetimeAgainstCA` in `pkg/security/x509.go`), and nobody would accept it longer.
pub(super) fn end_of_new(lifetime: i64, context: &Context<'_>) -> AttributeDiff {
    let wanted = context.now.plus(lifetime);
    let authority = match &context.authority {
        AuthorityState::Present { bundle, .. } => Some(bundle.issuer().info().not_after),
        AuthorityState::ToBeCreated | AuthorityState::Ended { .. } => {
            context.graph.resources.values().find_map(|resource| match &resource.desired {
                Desired::Authority(desired) => Some(context.now.plus(desired.lifetime)),
                _ => None,
            })
        }
        AuthorityState::Unknown { .. } => None,
    };
    let end = authority.map_or(wanted, |authority| authority.min(wanted));
    let attribute = AttributeDiff::words("not_after", None::<&str>, Some(end.date()));
    if end < wanted {
        attribute.with_remark("sooner than `certificates.lifetime` says: the authority ends then")
    } else {
        attribute
    }
}

/// Why no certificate can be made, if so.
pub(super) fn cannot_issue(context: &Context<'_>) -> Option<Comparison> {
    match &context.authority {
        AuthorityState::Unknown { reason, .. } => Some(no_authority(reason)),
        AuthorityState::Present { has_key: false, .. } => {
            let put =
                "run from the host that has ca.key, or put it into the authority's directory (mode 0600)";
            // The cluster serves nobody as it is, so that stopping it loses nothing.
            let lost = if context.cut_off.is_empty() {
                ""
            } else {
                "; if it is lost: stop CockroachDB on every node, put a new ca.crt and ca.key there (`cockroach cert create-ca`), and \
                 apply"
            };
            Some(unknown(
                "a certificate must be made and the authority has no ca.key here",
                format!("{put}{lost}"),
            ))
        }
        AuthorityState::Present { bundle, .. } => cannot_issue_by(bundle.issuer().info(), context.now),
        AuthorityState::ToBeCreated | AuthorityState::Ended { .. } => None,
    }
}

/// Why nothing can be signed by an authority now, if so.
fn cannot_issue_by(issuer: &CertificateInfo, now: Timestamp) -> Option<Comparison> {
    if now > issuer.not_after {
        return Some(unknown(
            format!(
                "a certificate must be made and the authority that issues ended on {}",
                issuer.not_after.date()
            ),
            "put the authority of ca.crt that has not ended, with its ca.key, into the authority's directory",
        ));
    }
    if now < issuer.not_before {
        return Some(unknown(
            format!(
                "a certificate must be made and the authority is valid only from {} on; by the clock of this host it is {}",
                ended::moment(issuer.not_before),
                ended::moment(now)
            ),
            "set the clock of this host, or wait until then",
        ));
    }
    None
}

/// A pair that somebody else put in the place of crdbctl's stays: its key may be nowhere else.
pub(super) fn remove(desired: &DesiredNodeCertificate, found: &NodeCertificateFact) -> Fate {
    drop(&desired.certificate, &desired.key, found)
}

/// As [`remove`], of a pair at these paths.
pub(crate) fn drop(certificate: &HostPath, key: &HostPath, found: &NodeCertificateFact) -> Fate {
    if found.key.as_ref().is_some_and(|key| !key.made) {
        return Fate::Stays(format!("{key} was not made by crdbctl"));
    }
    let files = [
        (certificate, found.certificate.as_ref().map(|file| &file.path)),
        (key, found.key.as_ref().map(|file| &file.path)),
    ];
    if let Some((path, _)) =
        files.iter().find(|(_, found)| found.is_some_and(|found| found.kind != FileKind::Regular))
    {
        return Fate::Stays(format!("{path} is no longer a plain file"));
    }
    let paths: Vec<HostPath> =
        files.iter().filter(|(_, found)| found.is_some()).map(|(path, _)| (*path).clone()).collect();
    let attributes = paths
        .iter()
        .map(|path| {
            let name = if path == key { "key" } else { "certificate" };
            AttributeDiff::words(name, Some(path), None::<&str>)
        })
        .collect();
    Fate::Goes(delete(Removal::Files { paths, aside: false, unit: None }, attributes))
}
