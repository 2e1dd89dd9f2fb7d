use serde::{Serialize, Serializer};

use super::log::RunOutline;
use super::state::RunState;
use crate::line::{Line, write_all};
use crate::wrap::wrap;
use crate::{RenderOptions, Role, count, duration};

/// Logs of runs, newest first, with what could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunListing {
    /// The version of this document's form.
    pub format_version: u32,
    /// The runs.
    pub runs: Vec<RunRow>,
    /// Files among them that are no logs, or broken.
    pub unread: Vec<UnreadRunLog>,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunRow {
    /// Its id.
    pub run: String,
    /// The cluster.
    pub cluster: String,
    /// When it began (RFC 3339).
    pub started: String,
    /// The command.
    pub command: String,
    /// Whether it ended.
    #[serde(serialize_with = "state_name")]
    pub state: RunState,
    /// What the program ended with; `None` when it did not.
    pub exit_code: Option<u8>,
    /// The state in words, with the exit code.
    pub result: String,
    /// How many changes its plan has.
    pub changes: usize,
    /// How many of them converged; `None` when it was not begun, or did not end.
    pub converged: Option<usize>,
    /// How long it took, in milliseconds; `None` when it did not end.
    pub milliseconds: Option<u64>,
}

/// A file that is no log of a run, or a broken one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadRunLog {
    /// Its name.
    pub file: String,
    /// Why.
    pub reason: String,
}

impl RunListing {
    /// The form that this crdbctl writes.
    pub const FORMAT_VERSION: u32 = 1;
}

impl RunRow {
    /// Returns the row of a run. `going` tells whether its process is still there.
    pub fn of(outline: RunOutline, going: bool) -> Self {
        let RunOutline { header, started, end } = outline;
        let state = match &end {
            Some(end) => end.state(),
            None if going => RunState::Going,
            None => RunState::CutOff,
        };
        let summary = end.as_ref().and_then(|end| end.summary.as_ref());
        Self {
            run: header.run,
            cluster: header.cluster.to_string(),
            started,
            command: header.command,
            state,
            exit_code: state.exit_code(),
            result: state.words(),
            changes: header.changes,
            converged: summary.map(crate::run::converged),
            milliseconds: end.map(|end| end.milliseconds),
        }
    }

    fn changes(&self) -> String {
        match self.converged {
            Some(converged) if converged != self.changes => format!("{converged} of {}", self.changes),
            _ => self.changes.to_string(),
        }
    }

    fn time(&self) -> String {
        self.milliseconds.map_or_else(|| "-".to_owned(), duration)
    }

    /// Date and time of day, as the control host's clock had it.
    fn when(&self) -> String {
        minute(&self.started)
    }
}

/// Returns a list of runs for people: a table, or where that is too wide two lines for each. Ends in a line feed.
pub fn render_run_listing(listing: &RunListing, options: &RenderOptions) -> String {
    let width = options.columns();
    let mut lines = table(&listing.runs);
    if lines.iter().any(|line| line.width() > width) {
        lines = listing.runs.iter().flat_map(|row| block(row, width)).collect();
    }
    if listing.runs.is_empty() {
        lines = vec![Line::of(Role::Plain, "No runs.")];
    }
    for UnreadRunLog { file, reason } in &listing.unread {
        let line = Line::of(Role::Unknown, "Left out: ").with(Role::Address, file).plain(": ").plain(reason);
        lines.extend(wrap(line, width, 2));
    }
    write_all(&lines, options.color)
}

fn table(rows: &[RunRow]) -> Vec<Line> {
    let heads = ["RUN", "CLUSTER", "STARTED", "COMMAND", "RESULT", "CHANGES", "TIME"];
    let cells: Vec<[Line; 7]> = rows
        .iter()
        .map(|row| {
            let plain = |text: &str| Line::of(Role::Plain, text);
            [
                Line::of(Role::Address, &row.run),
                plain(&row.cluster),
                plain(&row.when()),
                plain(&row.command),
                Line::of(row.state.role(), &row.result),
                plain(&row.changes()),
                plain(&row.time()),
            ]
        })
        .collect();
    let heads = heads.map(|head| Line::of(Role::Muted, head));
    let all = || std::iter::once(&heads).chain(&cells);
    let widths: Vec<usize> =
        (0..7).map(|column| all().map(|row| row[column].width()).max().unwrap_or(0)).collect();
    let row = |row: &[Line; 7]| {
        let (mut line, mut end) = (Line::new(), 0);
        for (cell, width) in row.iter().zip(&widths) {
            line.pad_to(end);
            line = line.then(cell.clone());
            end += width + 2;
        }
        line
    };
    if rows.is_empty() { Vec::new() } else { all().map(row).collect() }
}

/// Two lines a run, for terminals of 80 columns.
fn block(row: &RunRow, width: usize) -> Vec<Line> {
    let first = Line::of(Role::Address, &row.run)
        .plain(format!("  {}", row.when()))
        .plain(format!("  {}  {}", row.command, row.cluster));
    let changes = count(row.changes, "change").replacen(&row.changes.to_string(), &row.changes(), 1);
    let mut second = Line::indent(4).with(row.state.role(), &row.result).plain(format!(", {changes}"));
    if row.milliseconds.is_some() {
        second.push(Role::Plain, format!(", {}", row.time()));
    }
    [wrap(first, width, 4), wrap(second, width, 6)].concat()
}

/// Returns `2026-12-04 10:15` of `2026-12-04T10:15:00.123+01:00`.
pub(super) fn minute(time: &str) -> String {
    time.chars().take("2026-12-04T10:15".len()).collect::<String>().replace('T', " ")
}

fn state_name<S: Serializer>(state: &RunState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.name())
}
