use std::collections::BTreeMap;

use crdbctl_model::{ClusterName, Digest, NodeName, RunSummary};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line of a run's log. `specs/run-log.v1.schema.json` describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunLogLine {
    /// The version of this form.
    pub format_version: u32,
    /// When, as RFC 3339 says, with milliseconds and the offset of the control host's time zone.
    pub time: String,
    /// What.
    #[serde(flatten)]
    pub entry: RunLogEntry,
}

/// What a line of a run's log tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum RunLogEntry {
    /// The first line: which run this is.
    Run(RunHeader),
    /// The second line: what shall be done, as [`crate::render_json`] says it.
    Plan {
        /// The plan's document.
        plan: Value,
    },
    /// Something happened.
    Event {
        /// The event, as [`crate::event_json`] says it.
        event: Value,
    },
    /// Something kept the run from beginning, or from telling how it ended.
    Error(LoggedError),
    /// The last line: how the run ended.
    End(RunEnd),
}

/// Which run it is, of what, and whose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHeader {
    /// The run's id, after which its file is named.
    pub run: String,
    /// The version of the crdbctl that ran.
    pub crdbctl: String,
    /// The command: `apply`, `destroy`, `certs rotate-ca`.
    pub command: String,
    /// What followed the program's name on the command line.
    pub arguments: Vec<String>,
    /// The cluster.
    pub cluster: ClusterName,
    /// The manifest.
    pub manifest: RunManifest,
    /// Who ran it: `user@host`.
    pub by: String,
    /// How many changes the plan has.
    pub changes: usize,
}

/// Which manifest a run went by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunManifest {
    /// Its file; `-` is standard input.
    pub path: String,
    /// Its digest, as in the plan's basis.
    pub digest: Digest,
}

/// An error, as it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedError {
    /// What was tried and what came back.
    pub message: String,
    /// What to do next.
    pub hints: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// What the program ended with.
    pub exit_code: u8,
    /// How long it took from consent on, in milliseconds.
    pub milliseconds: u64,
    /// What became of every change; `None` when nothing was begun.
    pub summary: Option<RunSummary>,
    /// How long each node was worked on, in milliseconds.
    pub node_milliseconds: BTreeMap<NodeName, u64>,
}

impl RunLogLine {
    /// The form that this crdbctl writes and reads.
    pub const FORMAT_VERSION: u32 = 1;

    /// Returns the line as text, with its line feed.
    ///
    /// # Errors
    /// Never in practice: it is made of what serialises to JSON.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string(self)? + "\n")
    }
}
