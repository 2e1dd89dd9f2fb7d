use crdbctl_model::{Action, Change, DesiredCa, DesiredNodeCertificate};
use secrecy::SecretString;

use super::note_pending;
use crate::issue::{IssueFailure, Issuer};
use crate::step::{Content, Step, call};

const CERTIFICATE_MODE: &str = "0644";
const KEY_MODE: &str = "0600";

pub(super) fn ca(change: &Change, desired: &DesiredCa, issuer: &Issuer) -> Result<Step, IssueFailure> {
    let mode = desired.mode.to_string();
    let arguments = [desired.path.as_str(), desired.owner.as_str(), desired.group.as_str(), &mode];
    let body = format!("{}{} \"$payload\"", note_pending(change.impact), call("put", &arguments));
    let content = Content::Public(issuer.bundle_pem()?);
    Ok(Step::new(&change.addr, body).with(content).writing(&desired.path))
}

/// The key goes first, both within one step: a cut between the two leaves a pair that the next plan sees not to fit.
pub(super) fn node(
    change: &Change,
    desired: &DesiredNodeCertificate,
    issuer: &mut Issuer,
) -> Result<Step, IssueFailure> {
    let owner = [desired.owner.as_str(), desired.group.as_str()];
    let put = |path: &str, mode: &str| call("put", &[path, owner[0], owner[1], mode]);
    if change.action == Action::Update {
        let amend = |path: &str, mode: &str| call("amend", &[path, owner[0], owner[1], mode]);
        let body = format!(
            "({})\n({})",
            amend(desired.certificate.as_str(), CERTIFICATE_MODE),
            amend(desired.key.as_str(), KEY_MODE)
        );
        return Ok(Step::new(&change.addr, body).writing(&desired.certificate).writing(&desired.key));
    }
    let issued = issuer.node(change, desired)?;
    // The payload is the certificate and then the key; a PEM block of a key begins where the last one ends.
    let certificate_length = issued.certificate_pem.len();
    let body = format!(
        "{}key=$(printf %s \"$payload\" | tail -c +{}; printf .); key=${{key%.}}\n\
         certificate=$(printf %s \"$payload\" | head -c {certificate_length}; printf .); certificate=${{certificate%.}}\n\
         ({} \"$key\")\n({} \"$certificate\")",
        note_pending(change.impact),
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
