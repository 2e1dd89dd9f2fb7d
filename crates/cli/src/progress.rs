use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crdbctl_model::{Event, Plan};
use crdbctl_report::{EventLines, Progress};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::{Ui, clock, region};

/// How often the display is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// Tells people what an apply does while it does it: lines with the time in front, and below them, on a terminal, a
/// display of what is under way.
pub(crate) struct Telling<'a> {
    lines: EventLines,
    display: Option<Display>,
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
    pub(crate) fn new(plan: &Plan, ui: &'a Ui) -> Self {
        let term = std::env::var("TERM").ok();
        // With -v, lines of the log come at any moment and from everywhere.
        let is_wanted =
            io::stderr().is_terminal() && !ui.quiet && ui.verbose == 0 && can_redraw(term.as_deref());
        let display = is_wanted.then(|| {
            region::open();
            Display { progress: Progress::new(plan), began: Instant::now(), color: ui.stderr.color }
        });
        Self { lines: EventLines::new(ui.stderr, ui.verbose > 0), display, ui }
    }

    /// Tells of events until there are no more, and of `stop` turning true.
    pub(crate) async fn all(mut self, mut events: UnboundedReceiver<Event>, stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.tell(&event),
                    None => return,
                },
                _ = ticks.tick(), if self.display.is_some() => {
                    if let Some(display) = &mut self.display {
                        if *stop.borrow() {
                            display.progress.stopping();
                        }
                        display.draw();
                    }
                }
            }
        }
    }

    fn tell(&mut self, event: &Event) {
        let line = self.lines.line(&clock::time_of_day(), event);
        let Some(display) = &mut self.display else {
            if let Some(line) = line {
                self.ui.status(&line);
            }
            return;
        };
        display.progress.tell(display.began.elapsed(), event);
        // What is under way is told by the rows; what stays true is a line.
        if !matches!(event, Event::Sent { .. } | Event::Waiting { .. })
            && let Some(line) = line
        {
            self.ui.status(&line);
        }
    }
}

impl Display {
    fn draw(&self) {
        let (columns, lines) = size();
        // A row that fills its line leaves the cursor where terminals disagree.
        region::draw(self.progress.rows(self.began.elapsed(), columns.saturating_sub(1), lines, self.color));
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        region::close();
    }
}

/// The columns and lines of the terminal now: people change them.
fn size() -> (usize, usize) {
    terminal_size::terminal_size_of(io::stderr())
        .map_or((80, 24), |(width, height)| (usize::from(width.0), usize::from(height.0)))
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
