//! What is taken away: all that crdbctl made on nodes that leave, and older packages on those that stay.
//!
//! Nothing goes that crdbctl is not known to have made ([`Ownership`]), and nothing that holds what others made.

mod departure;
mod ownership;
mod package;
mod remains;
mod removals;
mod surplus;

pub(crate) use departure::depart;
pub(crate) use ownership::Ownership;
pub use remains::remains;
pub(crate) use removals::{Fate, Removals, delete};
pub(crate) use surplus::surplus;
