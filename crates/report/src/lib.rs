//! Plans and events as text and JSON, for people and for machines.
//!
//! Everything here is pure: data goes in, text comes out, and the caller prints it. Nothing reads a
//! clock, a file or the terminal; width and colour are [`RenderOptions`].
//!
//! - [`render_plan`] and [`plan_json`]: what apply would do.
//! - [`EventLines`] and [`event_json`]: what happens while it does it.
//! - [`render_run`]: how it ended.
//! - [`render_status`]: how the nodes are.
//! - [`render_certificates`]: what there is of certificates, and when each ends.
//!
//! Text that comes from hosts or the manifest passes [`clean`] before it reaches a line, so that no
//! control character arrives at a terminal. Styles are named for what they mean, in one place
//! ([`Role`]), and every text reads without colour.

mod amount;
mod attribute;
mod block;
mod cause;
mod certificates;
mod clean;
mod create;
mod describe;
mod diff;
mod elide;
mod event_json;
mod event_lines;
mod group;
mod line;
mod options;
mod plan;
mod plan_json;
mod role;
mod run;
mod status;
mod summary;
mod unknown;
mod wrap;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod plan_tests;

pub use amount::{bytes, count, duration};
pub use certificates::{CertificateEntry, CertificateListing, UnreadCertificate, render_certificates};
pub use clean::clean;
pub use event_json::event_json;
pub use event_lines::EventLines;
pub use options::RenderOptions;
pub use plan::{render_notes, render_plan};
pub use plan_json::plan_json;
pub use role::Role;
pub use run::render_run;
pub use status::{ClusterStatus, NodeStatusRow, render_status};
