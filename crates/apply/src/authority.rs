use std::path::Path;
use std::time::Instant;

use crdbctl_model::{Change, Desired, DesiredAuthority, DesiredClientCertificate, Outcome, Plan, Timestamp};
use crdbctl_pki::{Authority, AuthorityDirectory, ClientUser};

use crate::session::Outcomes;

/// Makes what the plan wants on this host: the authority, clients' certificates. Returns the authority too,
/// as it then is.
pub(crate) fn make(plan: &Plan, path: &Path, now: Timestamp) -> (Option<AuthorityDirectory>, Outcomes) {
    let mut outcomes = Outcomes::new();
    let mut note = |change: &Change, began: Instant, result: Result<(), String>| {
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let outcome = result.map_or_else(Outcome::Failed, |()| Outcome::Converged);
        outcomes.insert(change.addr.clone(), (outcome, took));
    };
    let mut directory = AuthorityDirectory::open(path);
    for change in &plan.changes {
        let began = Instant::now();
        match &change.desired {
            Some(Desired::Authority(desired)) => {
                let made = create(desired, path, now);
                let result = made.as_ref().map(|_| ()).map_err(Clone::clone);
                note(change, began, result);
                if let Ok(made) = made {
                    directory = Ok(Some(made));
                }
            }
            Some(Desired::ClientCertificate(desired)) => {
                let result = match &directory {
                    Ok(Some(directory)) => client(directory, desired, now),
                    Ok(None) => Err("there is no certificate authority on this host".to_owned()),
                    Err(error) => Err(error.to_string()),
                };
                note(change, began, result);
            }
            _ => {}
        }
    }
    (directory.unwrap_or_default(), outcomes)
}

fn create(desired: &DesiredAuthority, path: &Path, now: Timestamp) -> Result<AuthorityDirectory, String> {
    let authority =
        Authority::create(desired.key, desired.lifetime, now).map_err(|error| error.to_string())?;
    AuthorityDirectory::create(path, authority).map_err(|error| error.to_string())
}

fn client(
    directory: &AuthorityDirectory,
    desired: &DesiredClientCertificate,
    now: Timestamp,
) -> Result<(), String> {
    let user = ClientUser::new(desired.user.clone()).map_err(|error| error.to_string())?;
    let issued = directory
        .authority()
        .issue_client(&user, desired.key, desired.lifetime, now)
        .map_err(|error| error.to_string())?;
    directory.write_client(&user, &issued).map_err(|error| error.to_string())
}
