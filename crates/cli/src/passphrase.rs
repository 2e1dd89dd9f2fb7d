use crdbctl_model::Plan;
use crdbctl_pki::AuthorityDirectory;
use crdbctl_probe::Operator;
use secrecy::SecretString;

use crate::args::GlobalArgs;
use crate::clock::now;
use crate::cluster::Cluster;
use crate::{CliError, password};

/// Returns the passphrase of the authority's key, tried on it; `None` when the plan has nothing signed, or the key is
/// not encrypted.
///
/// # Errors
/// When the authority cannot be read, the passphrase cannot be had, or does not open the key.
pub(crate) async fn for_plan(
    plan: &Plan,
    cluster: &Cluster,
    global: &GlobalArgs,
) -> Result<Option<SecretString>, CliError> {
    // What cannot be read is told when the key is looked for.
    let stored = Operator::is_stored(&cluster.authority, now()).unwrap_or(false);
    if !crdbctl_apply::needs_authority_key(plan, stored) {
        return Ok(None);
    }
    let (directory, descriptor) = (cluster.authority.clone(), global.ca_passphrase_fd);
    // Asking waits for a person, and opening the key takes the processor for a moment.
    let tried = tokio::task::spawn_blocking(move || {
        let refused = |error| CliError::from_error(&error).hint("nothing was changed");
        let Some(mut directory) = AuthorityDirectory::open(directory).map_err(refused)? else {
            return Ok(None);
        };
        if !directory.authority().is_locked() {
            return Ok(None);
        }
        let passphrase = password::ca_passphrase(descriptor)?;
        directory.unlock(&passphrase).map_err(refused)?;
        Ok(Some(passphrase))
    });
    tried.await.map_err(|error| CliError::failed("opening ca.key broke", &error))?
}
