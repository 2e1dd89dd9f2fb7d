use crdbctl_model::{Counts, Event};
use serde_json::Value;

use super::entry::{LoggedError, RunEnd, RunHeader, RunLogEntry, RunLogLine};
use super::state::RunState;
use crate::event_json::event_of_json;

/// What a run's log says, as far as it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct RunLog {
    /// Which run it is.
    pub header: RunHeader,
    /// When it began (RFC 3339).
    pub started: String,
    /// The numbers of its plan; `None` when it was cut off before they were written.
    pub counts: Option<Counts>,
    /// What happened, with the time of each.
    pub events: Vec<(String, Event)>,
    /// What kept it from beginning, or from telling how it ended.
    pub error: Option<LoggedError>,
    /// How it ended; `None` when it was cut off or is still going.
    pub end: Option<RunEnd>,
    /// The time of the last line that is there.
    pub last: String,
}

/// The first and the last line of a run's log: enough for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutline {
    /// Which run it is.
    pub header: RunHeader,
    /// When it began (RFC 3339).
    pub started: String,
    /// How it ended; `None` when it was cut off or is still going.
    pub end: Option<RunEnd>,
}

/// Why a file is no log of a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunLogFault {
    /// It does not begin with what a run's log begins with.
    #[error("it is no log of a run: {0}")]
    Foreign(String),
    /// It is of another form.
    #[error("it has form {0}, and this crdbctl reads form {ours}", ours = RunLogLine::FORMAT_VERSION)]
    Version(u64),
    /// A line in its middle is not as crdbctl writes it.
    #[error("line {line} is broken: {why}")]
    Broken {
        /// Which, counted from 1.
        line: usize,
        /// Why.
        why: String,
    },
}

impl RunLog {
    /// Returns what a run's log says. A last line that was cut off is left out; entries and events of types that this
    /// crdbctl does not know are, too.
    ///
    /// # Errors
    /// When it is no log of a run, of another form, or broken before its end.
    pub fn parse(text: &str) -> Result<Self, RunLogFault> {
        let mut lines = whole_lines(text).enumerate();
        let (started, header) = head(lines.next().map(|(_, line)| line))?;
        let mut log = Self {
            header,
            last: started.clone(),
            started,
            counts: None,
            events: Vec::new(),
            error: None,
            end: None,
        };
        for (at, line) in lines {
            let broken = |why: serde_json::Error| RunLogFault::Broken { line: at + 1, why: why.to_string() };
            let value: Value = serde_json::from_str(line).map_err(broken)?;
            let known = value.get("type").and_then(Value::as_str).is_some_and(is_known);
            if !known {
                continue;
            }
            let line: RunLogLine = serde_json::from_value(value).map_err(broken)?;
            match line.entry {
                RunLogEntry::Run(_) => {
                    let why = "a second run begins here".to_owned();
                    return Err(RunLogFault::Broken { line: at + 1, why });
                }
                RunLogEntry::Plan { plan } => {
                    log.counts =
                        plan.get("summary").and_then(|counts| serde_json::from_value(counts.clone()).ok());
                }
                RunLogEntry::Event { event } => {
                    log.events.extend(event_of_json(&event).map(|event| (line.time.clone(), event)));
                }
                RunLogEntry::Error(error) => log.error = Some(error),
                RunLogEntry::End(end) => log.end = Some(end),
            }
            log.last = line.time;
        }
        Ok(log)
    }
}

impl RunOutline {
    /// Returns what the first and the last whole line of a log say.
    ///
    /// # Errors
    /// When it is no log of a run, or of another form.
    pub fn parse(text: &str) -> Result<Self, RunLogFault> {
        let (started, header) = head(whole_lines(text).next())?;
        let last = whole_lines(text).next_back().and_then(|line| serde_json::from_str(line).ok());
        let end = match last {
            Some(RunLogLine { entry: RunLogEntry::End(end), .. }) => Some(end),
            _ => None,
        };
        Ok(Self { header, started, end })
    }
}

impl RunEnd {
    /// Returns how the run stands.
    pub const fn state(&self) -> RunState {
        RunState::Ended { exit_code: self.exit_code, began: self.summary.is_some() }
    }
}

/// The lines that were written to their end.
fn whole_lines(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.split('\n').filter(|line| !line.is_empty())
}

fn is_known(kind: &str) -> bool {
    matches!(kind, "run" | "plan" | "event" | "error" | "end")
}

fn head(line: Option<&str>) -> Result<(String, RunHeader), RunLogFault> {
    let foreign = |why: &dyn std::fmt::Display| RunLogFault::Foreign(why.to_string());
    let line = line.ok_or_else(|| foreign(&"it has no line"))?;
    let value: Value = serde_json::from_str(line).map_err(|error| foreign(&error))?;
    match value.get("format_version").and_then(Value::as_u64) {
        Some(version) if version == u64::from(RunLogLine::FORMAT_VERSION) => {}
        Some(version) => return Err(RunLogFault::Version(version)),
        None => return Err(foreign(&"it lacks `format_version`")),
    }
    match serde_json::from_value(value) {
        Ok(RunLogLine { time, entry: RunLogEntry::Run(header), .. }) => Ok((time, header)),
        Ok(_) => Err(foreign(&"its first line does not say which run it is")),
        Err(error) => Err(foreign(&error)),
    }
}
