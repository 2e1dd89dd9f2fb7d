//! What is taken away: all that crdbctl made on nodes that leave, and, on those that stay, what the manifest no longer has and
//! older packages.
//!
//! Nothing goes that crdbctl is not known to have made ([`Ownership`]), and nothing that holds what others made.

mod clearance;
mod departure;
mod held;
mod ownership;
mod package;
mod remains;
mod removals;
mod surplus;

pub(crate) use clearance::Clearance;
pub use clearance::is_left;
pub(crate) use departure::depart;
pub(crate) use held::held;
pub(crate) use ownership::Ownership;
pub use remains::remains;
pub(crate) use removals::{Fate, Removals, delete};
pub(crate) use surplus::surplus;
