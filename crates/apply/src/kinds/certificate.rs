use crdbctl_model::{Action, Change, DesiredCa, DesiredNodeCertificate, Digest, Fact};
use secrecy::SecretString;

use super::note_pending;
use crate::issue::{IssueFailure, Issuer, NodePair};
use crate::step::{Content, Step, call};

const CERTIFICATE_MODE: &str = "0644";
const KEY_MODE: &str = "0600";

pub(super) fn ca(change: &Change, desired: &DesiredCa, issuer: &Issuer<'_>) -> Result<Step, IssueFailure> {
    let mode = desired.mode.to_string();
    let arguments = [desired.path.as_str(), desired.owner.as_str(), desired.group.as_str(), &mode];
    let certificates_differ = change.attributes.iter().any(|attribute| attribute.name == "certificates");
    if change.action == Action::Update && !certificates_differ {
        // A valid bundle may have other bytes than ours: it stays.
        return Ok(Step::new(&change.addr, call("amend", &arguments)).writing(&desired.path));
    }
    let body = format!("{}{} \"$payload\"", note_pending(change.impact), call("put", &arguments));
    let content = Content::Public(issuer.bundle_pem()?);
    Ok(Step::new(&change.addr, body).with(content).writing(&desired.path))
}

/// The key goes first, both within one step: a cut between the two leaves a pair that the next plan sees not to fit.
pub(super) fn node(
    change: &Change,
    desired: &DesiredNodeCertificate,
    issuer: &Issuer<'_>,
) -> Result<Step, IssueFailure> {
    let owner = [desired.owner.as_str(), desired.group.as_str()];
    let put = |path: &str, mode: &str| call("put", &[path, owner[0], owner[1], mode]);
    if change.action == Action::Update {
        return Ok(amend(change, desired));
    }
    let NodePair { issued, key } = issuer.node(change, desired)?;
    // The payload is the certificate and then the key; a PEM block of a key begins where the last one ends.
    let certificate_length = issued.certificate_pem.len();
    let body = format!(
        "{}{}key=$(printf %s \"$payload\" | tail -c +{}; printf .); key=${{key%.}}\n\
         certificate=$(printf %s \"$payload\" | head -c {certificate_length}; printf .); certificate=${{certificate%.}}\n\
         ({} \"$key\")\n({} \"$certificate\")",
        note_pending(change.impact),
        note_pair(key, Digest::of(&issued.certificate_pem)),
        certificate_length + 1,
        put(desired.key.as_str(), KEY_MODE),
        put(desired.certificate.as_str(), CERTIFICATE_MODE),
    );
    let both = SecretString::from(format!(
        "{}{}",
        issued.certificate_pem,
        secrecy::ExposeSecret::expose_secret(&issued.key_pem)
    ));
    Ok(Step::new(&change.addr, body)
        .with(Content::Secret(both))
        .writing(&desired.certificate)
        .writing(&desired.key))
}

/// Owners and modes of the files of which the plan says so, and nothing of the others.
fn amend(change: &Change, desired: &DesiredNodeCertificate) -> Step {
    let differs = |name: &str| change.attributes.iter().any(|attribute| attribute.name.starts_with(name));
    // A key that is closed more tightly than asked stays so.
    let key_mode = match &change.before {
        Some(Fact::Certificate(found)) if !differs("node.key mode") => {
            found.key.as_ref().map_or_else(|| KEY_MODE.to_owned(), |key| key.path.mode.to_string())
        }
        _ => KEY_MODE.to_owned(),
    };
    let files = [
        ("node.crt ", &desired.certificate, CERTIFICATE_MODE),
        ("node.key ", &desired.key, key_mode.as_str()),
    ];
    let mut lines = Vec::new();
    for (name, path, mode) in files {
        if differs(name) {
            let arguments = [path.as_str(), desired.owner.as_str(), desired.group.as_str(), mode];
            lines.push(format!("({})", call("amend", &arguments)));
        }
    }
    Step::new(&change.addr, lines.join("\n")).writing(&desired.certificate).writing(&desired.key)
}

/// The lines that note which public half the key and the certificate have, before either is there: a host without
/// openssl could not tell, and a cut between the two must not leave a pair that nobody can judge.
fn note_pair((key, public): (Digest, Digest), certificate: Digest) -> String {
    format!("(note_key {certificate} {public})\n(note_key {key} {public})\n")
}
