//! The arguments of cockroach's client commands, by the version of the binary that runs them, and what those commands
//! say that no other module reads.
//!
//! A command is only its words, without program, `--host` and `--certs-dir`: whoever runs it puts those around it.

mod decommission;
mod drain;
mod node_status;

pub use decommission::{decommission, decommission_check, drains_before_decommission, recommission};
pub use drain::{Drain, drain};
pub use node_status::node_status;
