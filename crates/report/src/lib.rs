//! Plans and events as text and JSON, for people and for machines.
//!
//! Everything here is pure: data goes in, text comes out, and the caller prints it. Nothing reads a
//! clock, a file or the terminal; width and colour are [`RenderOptions`].
//!
//! - [`render_plan`]: what apply would do, for people at a terminal; [`render_json`] for programs, [`render_markdown`]
//!   for a pull request, [`render_html`] for a browser, [`render_junit`] for a CI system, [`render_metrics`] for
//!   Prometheus. All take their numbers from one place, and need no line for a new kind of resource.
//! - [`render_drift`]: the same as the answer to whether hosts have moved, with [`drift_sentence`] as its last line;
//!   [`View::Drift`] for a browser, [`render_drift_markdown`], [`render_drift_junit`].
//! - [`render_explanation`]: why one resource is in a plan, or is not.
//! - [`EventLines`] and [`event_json`]: what happens while it does it.
//! - [`Progress`]: the same as rows of a terminal that are drawn anew: each node at work, and how far all of it is.
//! - [`render_run`]: how it ended. [`RunLogLine`], [`RunLog`], [`render_run_log`], [`render_run_listing`]: the log that is
//!   kept of it.
//! - [`render_status`]: how the nodes are.
//! - [`render_certificates`]: what there is of certificates, and when each ends.
//! - [`fold`]: a message broken between words, for a terminal.
//!
//! Text that comes from hosts or the manifest passes [`clean`] before it reaches a line, so that no
//! control character arrives at a terminal. Styles are named for what they mean, in one place
//! ([`Role`]), and every text reads without colour.

mod amount;
mod attribute;
mod block;
mod body;
mod cause;
mod certificates;
mod clean;
mod create;
mod describe;
mod diff;
mod drift;
mod elide;
mod event_json;
mod event_lines;
mod explain;
mod group;
mod html;
mod json;
mod junit;
mod line;
mod markdown;
mod metrics;
mod node_times;
mod omission;
mod options;
mod plan;
mod progress;
mod prose;
mod role;
mod run;
mod run_log;
mod status;
mod summary;
mod tally;
mod unknown;
mod view;
mod word;
mod wrap;

#[cfg(test)]
mod browser_tests;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod drift_tests;
#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod junit_tests;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod readable;
#[cfg(test)]
mod schema_tests;

pub use amount::{bytes, count, duration, seconds};
pub use certificates::{
    CertificateEntry, CertificateListing, ChainEntry, UnreadCertificate, render_certificates,
};
pub use clean::{clean, clean_lines, guarded};
pub use drift::{drift_sentence, render_drift};
pub use event_json::{event_json, event_of_json};
pub use event_lines::EventLines;
pub use explain::{nearest, render_explanation};
pub use html::{HtmlOptions, render_html};
pub use json::render_json;
pub use junit::{render_drift_junit, render_junit};
pub use markdown::{render_drift_markdown, render_markdown};
pub use metrics::{RunFigures, render_metrics};
pub use node_times::NodeTimes;
pub use options::RenderOptions;
pub use plan::{render_notes, render_plan};
pub use progress::{Progress, Row};
pub use prose::fold;
pub use role::Role;
pub use run::{RunReport, render_run};
pub use run_log::{
    LoggedError, RunEnd, RunHeader, RunListing, RunLog, RunLogEntry, RunLogFault, RunLogLine, RunManifest,
    RunOutline, RunRow, RunState, UnreadRunLog, render_run_listing, render_run_log,
};
pub use status::{ClusterStatus, NodeStatusRow, render_status};
pub use view::View;
