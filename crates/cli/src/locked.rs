use crdbctl_model::{LockHolder, NodeName, NodeObservation, Observations};

use crate::{CliError, ExitCode};

/// Refuses to go on while another run holds the lock of a node: what was found there is about to change.
///
/// # Errors
/// When a node was locked when it was read.
pub(crate) fn refuse(observations: &Observations) -> Result<(), CliError> {
    let locked = observations.nodes.iter().find_map(|(node, observation)| match observation {
        NodeObservation::Read(reading) => Some((node, reading.footprint.lock.as_ref()?)),
        NodeObservation::Unreadable(_) => None,
    });
    locked.map_or(Ok(()), |(node, holder)| Err(refusal(node, holder)))
}

/// Returns that nothing began because another run holds the lock of `node`.
pub(crate) fn refusal(node: &NodeName, holder: &LockHolder) -> CliError {
    CliError::new(ExitCode::Locked, format!("not applied: another {} holds the lock of {node}: {holder}", holder.command)).hint(
        "wait until that run has ended, then try again; the lock ends with its holder, there is nothing to clean up",
    )
}
