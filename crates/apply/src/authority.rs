use std::path::Path;
use std::time::Instant;

use crdbctl_model::{
    Action, Cause, Change, Desired, DesiredAuthority, DesiredClientCertificate, Impact, Outcome, Plan,
    Timestamp,
};
use crdbctl_pki::{Authority, AuthorityDirectory, ClientUser};
use secrecy::SecretString;

use crate::issue::IssueFailure;
use crate::session::Outcomes;

/// Returns whether applying a plan takes the authority's key: for certificates of nodes and clients, for a new
/// authority in place of the present one, and, unless there `is_operator_stored`, for the short-lived certificate with which nodes
/// are spoken to.
pub fn needs_authority_key(plan: &Plan, is_operator_stored: bool) -> bool {
    plan.changes.iter().any(|change| takes_key(change, is_operator_stored))
}

fn takes_key(change: &Change, is_operator_stored: bool) -> bool {
    match &change.desired {
        Some(Desired::ClientCertificate(_)) => true,
        Some(Desired::NodeCertificate(_)) if matches!(change.action, Action::Create | Action::Replace) => {
            true
        }
        // The first one has no key yet; dropping an older one takes none.
        Some(Desired::Authority(_)) => change.action == Action::Replace,
        _ => !is_operator_stored && (change.impact > Impact::None || change.addr.node().is_none()),
    }
}

/// Makes what the plan wants on this host: the authority, clients' certificates. Returns the authority too, as it then
/// is, its key opened by `passphrase`, or why there is none.
pub(crate) fn make(
    plan: &Plan,
    path: &Path,
    passphrase: Option<&SecretString>,
    now: Timestamp,
) -> (Result<AuthorityDirectory, IssueFailure>, Outcomes) {
    let mut outcomes = Outcomes::new();
    let mut note = |change: &Change, began: Instant, result: Result<(), IssueFailure>| {
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let outcome = result.map_or_else(|why| Outcome::Failed(why.0), |()| Outcome::Converged);
        outcomes.insert(change.addr.clone(), (outcome, took));
    };
    let mut directory = open(path, passphrase);
    for change in &plan.changes {
        let began = Instant::now();
        match &change.desired {
            Some(Desired::Authority(desired)) => {
                directory = match change.action {
                    Action::Replace => directory.and_then(|present| {
                        let new = new_as_stored(&present, desired, passphrase, now)?;
                        // What an authority that has ended signed is refused everywhere: nobody need trust it any longer.
                        let put = if change.cause == Cause::Expiry {
                            AuthorityDirectory::replace
                        } else {
                            AuthorityDirectory::rotate
                        };
                        put(present, new).map_err(failure)
                    }),
                    Action::Update => directory.and_then(|present| present.drop_older().map_err(failure)),
                    Action::Create | Action::Delete => create(desired, path, now),
                };
                note(change, began, directory.as_ref().map(|_| ()).map_err(Clone::clone));
            }
            Some(Desired::ClientCertificate(desired)) => {
                let made = directory.as_ref().map_err(Clone::clone);
                note(change, began, made.and_then(|directory| client(directory, desired, now)));
            }
            _ => {}
        }
    }
    (directory, outcomes)
}

fn open(path: &Path, passphrase: Option<&SecretString>) -> Result<AuthorityDirectory, IssueFailure> {
    let mut directory = AuthorityDirectory::open(path)
        .map_err(failure)?
        .ok_or_else(|| IssueFailure("there is no certificate authority on this host".to_owned()))?;
    if let Some(passphrase) = passphrase {
        directory.unlock(passphrase).map_err(failure)?;
    }
    Ok(directory)
}

fn create(
    desired: &DesiredAuthority,
    path: &Path,
    now: Timestamp,
) -> Result<AuthorityDirectory, IssueFailure> {
    let authority = Authority::create(desired.key, desired.lifetime, now).map_err(failure)?;
    AuthorityDirectory::create(path, authority).map_err(failure)
}

/// Returns a new authority. Its key is stored as the present one is: encrypted where that is.
fn new_as_stored(
    present: &AuthorityDirectory,
    desired: &DesiredAuthority,
    passphrase: Option<&SecretString>,
    now: Timestamp,
) -> Result<Authority, IssueFailure> {
    if present.authority().is_locked() {
        return Err(IssueFailure("ca.key is encrypted, and its passphrase was not given".to_owned()));
    }
    let new = Authority::create(desired.key, desired.lifetime, now).map_err(failure)?;
    // A passphrase is asked for only when the present key has one.
    match passphrase {
        Some(passphrase) => new.protected_by(passphrase).map_err(failure),
        None => Ok(new),
    }
}

fn client(
    directory: &AuthorityDirectory,
    desired: &DesiredClientCertificate,
    now: Timestamp,
) -> Result<(), IssueFailure> {
    let user = ClientUser::new(desired.user.clone()).map_err(failure)?;
    let authority = directory.authority();
    let issued = authority.issue_client(&user, desired.key, desired.lifetime, now).map_err(failure)?;
    directory.write_client(&user, &issued).map_err(failure)
}

fn failure(error: impl std::fmt::Display) -> IssueFailure {
    IssueFailure(error.to_string())
}

#[cfg(test)]
mod tests {
    use crdbctl_model::ResourceAddr;

    use super::*;

    #[test]
    fn who_can_be_spoken_to_without_the_key_needs_none() {
        let change = |addr: &str, impact| Change {
            addr: addr.parse::<ResourceAddr>().unwrap(),
            action: Action::Update,
            cause: Cause::Manifest,
            reason: None,
            attributes: Vec::new(),
            unchanged: 0,
            impact,
            depends_on: std::collections::BTreeSet::new(),
            desired: None,
            removal: None,
            before: None,
            bytes: 0,
        };
        for (addr, impact, without_pair) in [
            ("cluster/setting.kv.x", Impact::None, true),
            ("store-1/service.cockroach", Impact::Restart, true),
            // Its gates ask for the members too.
            ("store-1/certificate.ca", Impact::Reload, true),
            ("store-1/file.ufw-profile", Impact::None, false),
        ] {
            assert_eq!(takes_key(&change(addr, impact), false), without_pair, "{addr}");
            assert!(!takes_key(&change(addr, impact), true), "{addr}");
        }
    }
}
