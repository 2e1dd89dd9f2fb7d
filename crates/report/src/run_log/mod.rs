//! The log of a run: one JSON object a line, what was done when. Pure: the program writes and reads the files.
//!
//! `entry` is a line, `log` what all lines of a file come to, `show` that as text, `listing` many of them as a table, and
//! `state` how a run ended, in words.

mod entry;
mod listing;
mod log;
mod show;
mod state;
#[cfg(test)]
mod tests;

pub use entry::{LoggedError, RunEnd, RunHeader, RunLogEntry, RunLogLine, RunManifest};
pub use listing::{RunListing, RunRow, UnreadRunLog, render_run_listing};
pub use log::{RunLog, RunLogFault, RunOutline};
pub use show::render_run_log;
pub use state::RunState;
