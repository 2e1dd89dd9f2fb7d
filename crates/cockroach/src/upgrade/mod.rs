//! Which version may follow which.
//!
//! Within a series every patch release may follow every other, in both directions. From one series to another the
//! next one may follow; from a regular series, also the next regular one, over one innovation series. Back across
//! series goes only what could be gone forward, and only until the upgrade is finalised.
//!
//! [`UpgradeStep::check`] judges a pair of versions, [`judge`] a whole cluster, with what is finalised in it.
//!
//! Source: <https://www.cockroachlabs.com/docs/stable/upgrade-cockroach-version> and the kinds in [`crate::releases`].

mod hold;
mod judge;
#[cfg(test)]
mod releases_table;
mod route;
mod step;

pub use hold::Hold;
pub use judge::judge;
pub use route::route;
pub use step::{StepKind, UpgradeStep};
