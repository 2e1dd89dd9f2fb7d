use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crdbctl_model::{Event, Plan};
use crdbctl_report::{EventLines, Progress, Row};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::clock::Moment;
use crate::run_log::RunWriter;
use crate::ui::fitting;
use crate::{Ui, region};

/// How often the display is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// Tells people what an apply does while it does it: lines with the time in front, and below them, on a terminal, a
/// display of what is under way.
pub(crate) struct Telling<'a> {
    lines: EventLines,
    began: Instant,
    display: Option<Display>,
    log: &'a mut RunWriter,
    ui: &'a Ui,
}

/// The display on a terminal; it is gone when this is dropped.
struct Display {
    progress: Progress,
    began: Instant,
    color: bool,
}

impl<'a> Telling<'a> {
    /// Returns what tells of a run that carries out `plan`, and has not begun.
    pub(crate) fn new(plan: &Plan, log: &'a mut RunWriter, ui: &'a Ui) -> Self {
        let term = std::env::var("TERM").ok();
        // With -v, lines of the log come at any moment and from everywhere.
        let is_wanted =
            io::stderr().is_terminal() && !ui.quiet && ui.verbose == 0 && can_redraw(term.as_deref());
        let display = is_wanted.then(|| {
            region::open();
            Display { progress: Progress::new(plan), began: Instant::now(), color: ui.stderr.color }
        });
        let lines = EventLines::new(ui.stderr, ui.verbose > 0);
        Self { lines, began: Instant::now(), display, log, ui }
    }

    /// Tells of events until there are no more, and of `stop` turning true.
    pub(crate) async fn all(mut self, mut events: UnboundedReceiver<Event>, stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Failing to listen is no reason to fail: rows then stand twice after a pause, at worst.
        let mut continued = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())).ok();
        let mut continues = async || match &mut continued {
            Some(continued) => continued.recv().await,
            None => std::future::pending().await,
        };
        loop {
            tokio::select! {
                // The shell has written to the terminal while this was stopped (^Z).
                biased;
                _ = continues(), if self.display.is_some() => region::forget(),
                event = events.recv() => {
                    let Some(event) = event else { return };
                    let mut lines: Vec<String> = self.note(&event).into_iter().collect();
                    // What has come meanwhile is told at once: a node's changes end together.
                    while let Ok(event) = events.try_recv() {
                        lines.extend(self.note(&event));
                    }
                    self.say(&lines);
                }
                _ = ticks.tick(), if self.display.is_some() => {
                    if let Some(display) = &mut self.display {
                        if *stop.borrow() {
                            display.progress.stopping();
                        }
                        region::draw(display.rows());
                    }
                }
            }
        }
    }

    /// Takes note of an event, in the log of the run too; returns the line that stays of it.
    fn note(&mut self, event: &Event) -> Option<String> {
        let at = Moment::now();
        self.log.event(&at, event);
        let line = self.lines.line(self.began.elapsed(), &at.time_of_day(), event);
        let Some(display) = &mut self.display else { return line };
        display.progress.tell(display.began.elapsed(), event);
        // What is under way is told by the rows; what stays true is a line.
        line.filter(|_| !matches!(event, Event::Sent { .. } | Event::Waiting { .. }))
    }

    fn say(&self, lines: &[String]) {
        match &self.display {
            _ if lines.is_empty() => {}
            Some(display) => region::draw_below(&fitting(&lines.join("\n")), display.rows()),
            None => self.ui.status(&lines.join("\n")),
        }
    }
}

impl Display {
    /// What is under way now, for the terminal as it is now.
    fn rows(&self) -> Vec<Row> {
        let (columns, lines) = region::size();
        // A row that fills its line leaves the cursor where terminals disagree.
        self.progress.rows(self.began.elapsed(), columns.saturating_sub(1), lines, self.color)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        region::close();
    }
}

/// Whether a terminal of this name goes back to lines that it has shown.
fn can_redraw(term: Option<&str>) -> bool {
    !matches!(term, None | Some("" | "dumb"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_cannot_or_is_not_known_gets_plain_lines() {
        assert!(can_redraw(Some("xterm-256color")) && can_redraw(Some("linux")));
        assert!(!can_redraw(None) && !can_redraw(Some("")) && !can_redraw(Some("dumb")));
    }
}
