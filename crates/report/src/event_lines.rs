use std::collections::BTreeMap;
use std::time::Duration;

use crdbctl_model::{Action, Event, NodeName, Outcome, ResourceAddr};

use crate::line::Line;
use crate::{RenderOptions, Role, bytes, count, duration, seconds};

/// Turns events into plain lines for people, one line each, with the time in front.
///
/// Keeps what it needs for short lines: what each change does, and when each transfer last had a line.
#[derive(Clone, Debug)]
pub struct EventLines {
    options: RenderOptions,
    verbose: bool,
    actions: BTreeMap<ResourceAddr, Action>,
    /// When a transfer began, or last had a line.
    sent_at: BTreeMap<(NodeName, ResourceAddr), Duration>,
}

/// How long a transfer goes on between two lines about it.
const SENT_INTERVAL: Duration = Duration::from_secs(10);

impl EventLines {
    /// Returns a writer of lines. `verbose` tells of each change when it begins, too.
    pub fn new(options: RenderOptions, verbose: bool) -> Self {
        Self { options, verbose, actions: BTreeMap::new(), sent_at: BTreeMap::new() }
    }

    /// Returns the line for `event`, without line feed; `None` when there is nothing worth a line. Lines
    /// are not wrapped: in a pipe each stays one line for grep. `at` is when the event came, on a clock of the caller's; `time` is
    /// put in front as it is. Of the reason of a failure it has the first line; [`crate::render_run`] has all of it.
    ///
    /// [`Event::Done`] gives none: [`crate::render_run`] tells how a run ended.
    pub fn line(&mut self, at: Duration, time: &str, event: &Event) -> Option<String> {
        let line = self.words(at, event)?;
        Some(Line::of(Role::Muted, time).plain("  ").then(line).write(self.options.color))
    }

    fn words(&mut self, at: Duration, event: &Event) -> Option<Line> {
        match event {
            Event::Started { addr, action } => {
                self.actions.insert(addr.clone(), *action);
                let doing = match action {
                    Action::Create => "creating",
                    Action::Update => "updating",
                    Action::Replace => "replacing",
                    Action::Delete => "deleting",
                };
                self.verbose.then(|| about(addr).with(Role::Muted, doing))
            }
            Event::Phase { node, phase } => self.verbose.then(|| match node {
                Some(node) => name(node).with(Role::Muted, phase.words()),
                None => Line::of(Role::Muted, phase.words()),
            }),
            Event::Finished { addr, outcome, milliseconds } => {
                Some(finished(addr, self.actions.get(addr).copied(), outcome, *milliseconds))
            }
            Event::Sent { node, addr, bytes: gone, total } => self.sent(at, node, addr, (*gone, *total)),
            Event::Waiting { node, reason, left_seconds } => {
                let line = name(node).with(Role::Muted, "waits: ").plain(reason);
                Some(line.plain(
                    left_seconds.map_or_else(String::new, |left| format!(" ({} left)", seconds(left))),
                ))
            }
            Event::Node { node, what } => Some(name(node).plain(what)),
            Event::Hook { node, hook, line } => {
                Some(name(node).with(Role::Muted, format!("{hook}: ")).plain(line))
            }
            Event::Done(_) => None,
        }
    }

    /// A line every ten seconds of a transfer: a pipe of a hundred nodes must stay readable.
    fn sent(
        &mut self,
        at: Duration,
        node: &NodeName,
        addr: &ResourceAddr,
        (gone, total): (u64, u64),
    ) -> Option<Line> {
        let last = self.sent_at.entry((node.clone(), addr.clone())).or_insert(at);
        // A caller whose clock was set back has a line too many, not none for ever.
        let since = at.checked_sub(*last).unwrap_or(SENT_INTERVAL);
        if since < SENT_INTERVAL || gone >= total {
            return None;
        }
        *last = at;
        let percent = gone.saturating_mul(100).checked_div(total).unwrap_or(100);
        Some(about(addr).plain(format!("sent {} of {} ({percent}%)", bytes(gone), bytes(total))))
    }
}

fn about(addr: &ResourceAddr) -> Line {
    Line::of(Role::Address, addr.to_string()).plain(": ")
}

fn name(node: &NodeName) -> Line {
    Line::of(Role::Address, node.as_str()).plain(": ")
}

fn finished(addr: &ResourceAddr, action: Option<Action>, outcome: &Outcome, milliseconds: u64) -> Line {
    let line = about(addr);
    match outcome {
        Outcome::Converged => {
            let (role, done) = match action {
                Some(Action::Create) => (Role::Create, "created"),
                Some(Action::Update) => (Role::Update, "updated"),
                Some(Action::Replace) => (Role::Replace, "replaced"),
                Some(Action::Delete) => (Role::Delete, "deleted"),
                None => (Role::Success, "done"),
            };
            let line = line.with(role, done);
            // Short times are noise: changes made in one script have no time of their own.
            if milliseconds < 100 {
                line
            } else {
                line.with(Role::Muted, format!(" in {}", duration(milliseconds)))
            }
        }
        Outcome::Failed(reason) => {
            let mut lines = reason.lines().map(str::trim).filter(|line| !line.is_empty());
            let line = line.with(Role::Failure, "failed: ").plain(lines.next().unwrap_or_default());
            match lines.count() {
                0 => line,
                more => line.with(Role::Muted, format!(" ({} in the summary)", count(more, "more line"))),
            }
        }
        Outcome::Skipped(reason) => line.with(Role::Unknown, "skipped: ").plain(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr() -> ResourceAddr {
        "store-1/package.v24.1.0".parse().unwrap()
    }

    fn sent(gone: u64) -> Event {
        let node = NodeName::new("store-1").unwrap();
        Event::Sent { node, addr: addr(), bytes: gone, total: 118_000_000 }
    }

    #[test]
    fn a_run_reads_as_it_goes() {
        let node = NodeName::new("store-1").unwrap();
        let events = [
            Event::Started { addr: addr(), action: Action::Create },
            sent(0),
            sent(1_000),
            sent(30_000_000),
            sent(60_000_000),
            sent(90_000_000),
            sent(118_000_000),
            Event::Finished { addr: addr(), outcome: Outcome::Converged, milliseconds: 2_140 },
            Event::Waiting {
                node: node.clone(),
                reason: "store-2 is not ready (503)".to_owned(),
                left_seconds: Some(570),
            },
            Event::Node { node, what: "restarting".to_owned() },
            Event::Hook {
                node: NodeName::new("store-1").unwrap(),
                hook: "before_node".to_owned(),
                line: "silenced \x1b[2J".to_owned(),
            },
            Event::Finished {
                addr: addr(),
                outcome: Outcome::Failed("no space\nleft".to_owned()),
                milliseconds: 3,
            },
            Event::Finished {
                addr: addr(),
                outcome: Outcome::Skipped("x failed".to_owned()),
                milliseconds: 0,
            },
        ];
        let mut lines = EventLines::new(RenderOptions::plain(80), false);
        // An event every six seconds.
        let at = |number: usize| Duration::from_secs(6 * number as u64);
        let text: Vec<String> = events
            .iter()
            .enumerate()
            .filter_map(|(number, event)| lines.line(at(number), "12:00:01", event))
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        12:00:01  store-1/package.v24.1.0: sent 30 MB of 118 MB (25%)
        12:00:01  store-1/package.v24.1.0: sent 90 MB of 118 MB (76%)
        12:00:01  store-1/package.v24.1.0: created in 2.1s
        12:00:01  store-1: waits: store-2 is not ready (503) (9m30s left)
        12:00:01  store-1: restarting
        12:00:01  store-1: before_node: silenced \x1b[2J
        12:00:01  store-1/package.v24.1.0: failed: no space (1 more line in the summary)
        12:00:01  store-1/package.v24.1.0: skipped: x failed
        ");
    }

    #[test]
    fn beginnings_are_told_when_asked_for() {
        let event = Event::Started { addr: addr(), action: Action::Delete };
        let quiet = EventLines::new(RenderOptions::plain(80), false).line(Duration::ZERO, "t", &event);
        let verbose = EventLines::new(RenderOptions::plain(80), true).line(Duration::ZERO, "t", &event);
        assert_eq!((quiet, verbose.as_deref()), (None, Some("t  store-1/package.v24.1.0: deleting")));
    }
}
