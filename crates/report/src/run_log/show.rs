use std::time::Duration;

use super::log::RunLog;
use super::state::RunState;
use crate::line::{Line, write_all};
use crate::run::{RunReport, render_run};
use crate::summary::counts_lines;
use crate::wrap::wrap;
use crate::{EventLines, RenderOptions, Role};

/// Returns what a run's log says, for people: which run it was, its plan's numbers, what happened as it was told then,
/// and how it ended. `going` tells whether its process is still there. Ends in a line feed.
///
/// The lines of what happened are not wrapped: they are those that a run without a terminal printed.
pub fn render_run_log(log: &RunLog, going: bool, options: &RenderOptions) -> String {
    let mut text = write_all(&head(log, options.columns()), options.color);
    let mut told = EventLines::new(*options, false);
    let happened: Vec<String> = log
        .events
        .iter()
        .filter_map(|(time, event)| told.line(time_since_midnight(time), &time_of_day(time), event))
        .collect();
    if !happened.is_empty() {
        text.push('\n');
        happened.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    }
    text.push('\n');
    text + &end(log, going, options)
}

fn head(log: &RunLog, width: usize) -> Vec<Line> {
    let header = &log.header;
    let row = |name: &str, text: String| {
        let mut line = Line::of(Role::Muted, name);
        line.pad_to(10);
        wrap(line.plain(text), width, 10)
    };
    let offset = log.started.get("2026-12-04T10:15:00.123".len()..).unwrap_or_default();
    let clock: String =
        log.started.chars().take("2026-12-04T10:15:00".len()).collect::<String>().replace('T', " ");
    let digest = header.manifest.digest.short();
    let mut lines = [
        row("Run", header.run.clone()),
        row("Command", format!("crdbctl {}", header.arguments.join(" "))),
        row("Cluster", header.cluster.to_string()),
        row("Manifest", format!("{} (sha256 {digest}…)", header.manifest.path)),
        row("By", format!("{} with crdbctl {}", header.by, header.crdbctl)),
        row("Started", format!("{clock} {offset}")),
    ]
    .concat();
    if let Some(counts) = &log.counts {
        lines.push(Line::new());
        lines.extend(counts_lines(counts, width));
    }
    lines
}

fn end(log: &RunLog, going: bool, options: &RenderOptions) -> String {
    let width = options.columns();
    let mut text = String::new();
    if let Some(error) = &log.error {
        let mut lines = Vec::new();
        for (at, line) in error.message.lines().enumerate() {
            let line = if at == 0 {
                Line::of(Role::Failure, "Error:").plain(" ").plain(line)
            } else {
                Line::indent(2).plain(line)
            };
            lines.extend(wrap(line, width, 2));
        }
        for hint in &error.hints {
            lines.extend(wrap(Line::of(Role::Hint, "Hint:").plain(" ").plain(hint), width, 2));
        }
        text.push_str(&write_all(&lines, options.color));
    }
    let Some(end) = &log.end else {
        let state = if going { RunState::Going } else { RunState::CutOff };
        let (words, last) = (if going { "Still going." } else { "Cut off." }, time_of_day(&log.last));
        let next = if going {
            format!(" The last of it so far is of {last}.")
        } else {
            format!(
                " The log ends at {last}: it was killed, interrupted twice, or its host went down. What was done stays; `crdbctl plan` shows \
                 what is left."
            )
        };
        let line = Line::of(state.role(), words).plain(next);
        return text + &write_all(&wrap(line, width, 2), options.color);
    };
    if let Some(summary) = &end.summary {
        let report = RunReport {
            summary,
            command: &log.header.command,
            exit_code: end.exit_code,
            node_milliseconds: &end.node_milliseconds,
            log: None,
        };
        text.push_str(&render_run(&report, options));
    }
    let state = end.state();
    let line = Line::of(Role::Plain, "Ended: ").with(state.role(), state.words()).plain(".");
    text + &write_all(&[line], options.color)
}

/// Returns the time since midnight of `2026-12-04T10:15:00.123+01:00`; zero when it is no such text.
fn time_since_midnight(time: &str) -> Duration {
    let time = time_of_day(time);
    let seconds = time.split(':').try_fold(0_u64, |sum, part| Some(sum * 60 + part.parse::<u64>().ok()?));
    Duration::from_secs(seconds.unwrap_or_default())
}

/// Returns `10:15:00` of `2026-12-04T10:15:00.123+01:00`.
fn time_of_day(time: &str) -> String {
    time.chars().skip("2026-12-04T".len()).take("10:15:00".len()).collect()
}
