//! What keeps CockroachDB from starting on a host: what is asked, and what the answer means.
//!
//! [`words`] names what is known beforehand: paths of the flags and of the unit that crdbctl writes, its conditions, accounts
//! and addresses. The script adds what drop-ins on the host name, in the same words (`ask_start` in `probe.sh`), so that one
//! exec is enough. [`blockers`] puts the unit together as systemd would and says what does not hold.

mod answered;
mod blockers;
mod need;
mod unit_lines;

pub(crate) use answered::{Answered, Listener, Place};
pub(crate) use blockers::blockers;
pub(crate) use need::words;

use crdbctl_model::{NodeName, ResourceGraph, StartBlocker};

use crate::{Answer, AnswerError};

/// Returns what keeps the service of `node` from starting, from the answer to [`crate::start_script`]. What could not be read
/// is no blocker.
///
/// # Errors
/// As [`Answer::parse`].
pub fn start_blockers(
    graph: &ResourceGraph,
    node: &NodeName,
    bytes: &[u8],
) -> Result<Vec<StartBlocker>, AnswerError> {
    Ok(blockers(graph, node, &Answer::parse(bytes)?))
}
