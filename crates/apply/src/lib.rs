//! Carries out plans.
//!
//! [`Applier::apply`] takes the lock of every node (`sessions`, `lock`), reads them again and refuses a stale plan
//! (`verify`), makes what belongs to the control host (`authority`), then works on all nodes at once (`together`,
//! `work`): a package as a stage of its own, everything else of a node in one script of steps (`stage`, `step`,
//! `kinds/`). Nodes that are reloaded or restarted follow one by one behind a gate (`rollout`). The cluster is
//! initialised when every node waits for it (`initialise`, `init`, `wait`). What concerns the cluster as a whole is done
//! before and after (`cluster`). What is no longer wanted is removed last, on all nodes at once (`remove`). At the end every node is read back, compared (`converge`) and recorded (`record`), and told of
//! (`summary`).

mod applier;
mod authority;
mod cluster;
mod converge;
mod error;
mod gate;
mod hook;
mod init;
mod initialise;
mod issue;
mod kinds;
mod lock;
mod record;
mod remove;
mod rollout;
mod run;
mod served;
mod session;
mod sessions;
#[cfg(test)]
mod shell_tests;
mod stage;
mod step;
mod summary;
mod together;
mod verify;
mod wait;
mod work;

pub use applier::Applier;
pub use authority::needs_authority_key;
pub use error::ApplyError;
pub use run::Run;
