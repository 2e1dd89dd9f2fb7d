//! Carries out plans.
//!
//! [`Applier::apply`] takes the lock of every node (`lock`), reads them again and refuses a stale plan (`verify`),
//! makes what belongs to the control host (`authority`), then works on all nodes at once (`work`): a package as a
//! stage of its own, everything else of a node in one script of steps (`stage`, `step`, `kinds/`). Nodes that are
//! reloaded or restarted follow one by one behind a gate. The cluster is initialised when every node waits for it
//! (`init`, `wait`). At the end every node is read back, compared, and recorded (`converge`).

mod applier;
mod authority;
mod converge;
mod error;
mod init;
mod issue;
mod kinds;
mod lock;
mod run;
mod session;
#[cfg(test)]
mod shell_tests;
mod stage;
mod step;
mod verify;
mod wait;
mod work;

pub use applier::Applier;
pub use error::ApplyError;
pub use run::Run;
