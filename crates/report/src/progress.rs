use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crdbctl_model::{Event, NodeName, Outcome, Phase, Plan, ResourceAddr};

use crate::line::Line;
use crate::{Role, count, seconds};

mod at_work;
mod transfer;

use at_work::AtWork;

/// The most columns that nodes' names are given; a longer one is cut.
const NAMES: usize = 24;

/// What a run of apply is at, as rows of a terminal: one for each node at work, and one for the whole.
///
/// It is told events and asked for rows, both with the time since the run began. It reads no clock, so that the same
/// events at the same moments always look the same.
#[derive(Clone, Debug)]
pub struct Progress {
    planned: BTreeSet<ResourceAddr>,
    ended: BTreeMap<ResourceAddr, End>,
    /// Nodes, and the cluster as `None`, of which something is under way.
    at_work: BTreeMap<Option<NodeName>, AtWork>,
    phase: Option<Phase>,
    is_stopping: bool,
}

/// A row of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What to write, with its styles.
    pub text: String,
    /// How many columns it takes.
    pub columns: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Made,
    Failed,
    Skipped,
}

impl Progress {
    /// Returns the display of a run that carries out `plan` and has not begun.
    pub fn new(plan: &Plan) -> Self {
        Self::of(plan.changes.iter().map(|change| change.addr.clone()).collect())
    }

    fn of(planned: BTreeSet<ResourceAddr>) -> Self {
        Self { planned, ended: BTreeMap::new(), at_work: BTreeMap::new(), phase: None, is_stopping: false }
    }

    /// Notes that the run ends after what is in hand.
    pub fn stopping(&mut self) {
        self.is_stopping = true;
    }

    /// Takes note of an event that came `at` this time after the run began.
    pub fn tell(&mut self, at: Duration, event: &Event) {
        match event {
            Event::Phase { node: None, phase } => {
                self.phase = Some(*phase);
                // Nothing of a single node is under way between the phases of all.
                self.at_work.clear();
            }
            Event::Phase { node: Some(node), phase } => self.of_node(node, at).enter(*phase, at),
            Event::Started { addr, action } => {
                self.phase = None;
                self.part(addr.node().cloned(), at).start(addr, *action, at);
            }
            Event::Finished { addr, outcome, .. } => self.finish(addr, outcome),
            Event::Sent { node, addr, bytes, total } => self.of_node(node, at).send(addr, *bytes, *total, at),
            Event::Waiting { node, reason, left_seconds } => {
                self.phase = None;
                self.of_node(node, at).wait(reason, *left_seconds, at);
            }
            Event::Node { node, what } => {
                self.phase = None;
                self.of_node(node, at).does(what, at);
            }
            Event::Hook { node, hook, .. } => self.of_node(node, at).does(&format!("hook {hook} runs"), at),
            Event::Done(_) => self.at_work.clear(),
        }
    }

    fn of_node(&mut self, node: &NodeName, at: Duration) -> &mut AtWork {
        self.part(Some(node.clone()), at)
    }

    fn part(&mut self, node: Option<NodeName>, at: Duration) -> &mut AtWork {
        self.at_work.entry(node).or_insert_with(|| AtWork::since(at))
    }

    fn finish(&mut self, addr: &ResourceAddr, outcome: &Outcome) {
        let end = match outcome {
            Outcome::Converged => End::Made,
            Outcome::Failed(_) => End::Failed,
            Outcome::Skipped(_) => End::Skipped,
        };
        self.ended.insert(addr.clone(), end);
        if let Some(part) = self.at_work.get_mut(&addr.node().cloned()) {
            part.finish(addr);
        }
        // The whole cluster's changes wait for nodes that have none of their own.
        let is_of_cluster = addr.node().is_none();
        self.at_work.retain(|node, part| part.is_open() || !(is_of_cluster || node.as_ref() == addr.node()));
    }

    /// Returns the rows at this moment, at least one: none wider than `columns`, and no more than half of a terminal of
    /// `lines` lines, so that what was said before stays in sight. With ANSI styles when `color`.
    pub fn rows(&self, at: Duration, columns: usize, lines: usize, color: bool) -> Vec<Row> {
        let at_work: Vec<_> = self.at_work.iter().filter(|(_, part)| !part.is_over(at)).collect();
        let room = (lines / 2).max(1) - 1;
        let shown = if at_work.len() <= room { room } else { room.saturating_sub(1) };
        let name =
            |node: &Option<NodeName>| node.as_ref().map_or_else(|| "cluster".to_owned(), ToString::to_string);
        let parts: Vec<(Line, &AtWork)> = at_work
            .iter()
            .take(shown)
            .map(|(node, part)| (Line::of(Role::Address, name(node)).cut(NAMES), *part))
            .collect();
        let names = parts.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
        let mut rows: Vec<Line> = parts
            .into_iter()
            .map(|(mut row, part)| {
                row.pad_to(names + 2);
                row.then(part.words(at))
            })
            .collect();
        if let Some(others) = at_work.len().checked_sub(rows.len()).filter(|&others| others > 0)
            && room > 0
        {
            rows.push(Line::of(Role::Muted, format!("… and {others} more")));
        }
        rows.push(self.total(at));
        let cut = rows.into_iter().map(|row| row.cut(columns));
        cut.map(|row| Row { text: row.write(color), columns: row.width() }).collect()
    }

    /// The last row: `12 of 45 changes · 3m12s · reading back`.
    fn total(&self, at: Duration) -> Line {
        let ended = |end: End| self.ended.values().filter(|one| **one == end).count();
        let (failed, skipped) = (ended(End::Failed), ended(End::Skipped));
        let made = self.ended.iter().filter(|(addr, end)| **end == End::Made && self.planned.contains(addr));
        let of = count(self.planned.len(), "change");
        let mut row = Line::of(Role::Title, format!("{} of {of}", made.count()));
        if failed > 0 {
            row = row.plain(", ").with(Role::Failure, format!("{failed} failed"));
        }
        if skipped > 0 {
            row = row.plain(", ").with(Role::Unknown, format!("{skipped} skipped"));
        }
        row = row.with(Role::Muted, format!(" · {}", seconds(at.as_secs())));
        if let Some(phase) = self.phase {
            row = row.with(Role::Muted, format!(" · {}", phase.words()));
        }
        if self.is_stopping {
            row = row.with(Role::Unknown, " · stopping after what is in hand");
        }
        row
    }
}

#[cfg(test)]
mod tests;
