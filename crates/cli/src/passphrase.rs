use crdbctl_model::Plan;
use crdbctl_pki::AuthorityDirectory;
use secrecy::SecretString;

use crate::args::GlobalArgs;
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
    if !crdbctl_apply::needs_authority_key(plan) {
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
