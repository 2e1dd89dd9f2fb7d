use std::collections::BTreeMap;
use std::time::Duration;

use crdbctl_model::{Action, Phase, ResourceAddr};

use super::transfer::Transfer;
use crate::line::Line;
use crate::{Role, count, seconds};

/// From when on it is told how long something takes: below, the number would only flicker.
const LONG: Duration = Duration::from_secs(2);

/// What is under way on one node, or on the cluster.
#[derive(Clone, Debug)]
pub(super) struct AtWork {
    open: BTreeMap<ResourceAddr, Action>,
    stage: Stage,
    /// When the stage began.
    since: Duration,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Its changes are begun.
    Begun,
    /// Nothing but a phase is known.
    Phase(Phase),
    /// An archive travels.
    Sending(Transfer),
    /// It waits for this, until then at the most.
    Waiting(String, Option<Duration>),
    /// It said what it does.
    Doing(String),
}

impl AtWork {
    pub(super) fn since(at: Duration) -> Self {
        Self { open: BTreeMap::new(), stage: Stage::Begun, since: at }
    }

    /// Whether any of its changes is begun and not ended.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether all that it had to wait for is over, and nothing else of it is under way: what is left of a node when it
    /// has settled.
    pub(super) fn is_over(&self, at: Duration) -> bool {
        let is_over = matches!(self.stage, Stage::Waiting(_, Some(until)) if until <= at);
        is_over && !self.is_open()
    }

    pub(super) fn start(&mut self, addr: &ResourceAddr, action: Action, at: Duration) {
        if self.open.is_empty() {
            self.set(Stage::Begun, at);
        }
        self.open.insert(addr.clone(), action);
    }

    pub(super) fn finish(&mut self, addr: &ResourceAddr) {
        self.open.remove(addr);
    }

    pub(super) fn enter(&mut self, phase: Phase, at: Duration) {
        // Words of its own tell more than that changes are made.
        if !matches!(self.stage, Stage::Doing(_)) {
            self.set(Stage::Phase(phase), at);
        }
    }

    pub(super) fn send(&mut self, addr: &ResourceAddr, bytes: u64, total: u64, at: Duration) {
        match &mut self.stage {
            Stage::Sending(transfer) if transfer.addr == *addr => transfer.gone(bytes, at),
            _ => self.set(Stage::Sending(Transfer::begun(addr, bytes, total, at)), at),
        }
    }

    pub(super) fn wait(&mut self, reason: &str, left_seconds: Option<u64>, at: Duration) {
        // It is one wait, whatever stands in the way at this moment.
        let is_waiting = matches!(self.stage, Stage::Waiting(..) | Stage::Phase(Phase::Starting));
        let since = if is_waiting { self.since } else { at };
        let until = left_seconds.map(|left| at.saturating_add(Duration::from_secs(left)));
        self.set(Stage::Waiting(reason.to_owned(), until), since);
    }

    pub(super) fn does(&mut self, what: &str, at: Duration) {
        self.set(Stage::Doing(what.to_owned()), at);
    }

    fn set(&mut self, stage: Stage, at: Duration) {
        self.stage = stage;
        self.since = at;
    }

    /// Returns what is under way, and for how long.
    pub(super) fn words(&self, at: Duration) -> Line {
        let took = at.saturating_sub(self.since);
        let line = match &self.stage {
            Stage::Sending(transfer) => return transfer.words(at),
            // What it waits for may be long: how long it does so comes first.
            Stage::Waiting(reason, until) => {
                let left = until.map(|until| {
                    format!(" of {}", seconds(took.saturating_add(until.saturating_sub(at)).as_secs()))
                });
                let waits = format!("waits {}{}: ", seconds(took.as_secs()), left.unwrap_or_default());
                return Line::of(Role::Unknown, waits).plain(reason);
            }
            Stage::Doing(what) => Line::of(Role::Plain, what),
            Stage::Phase(Phase::Changing) | Stage::Begun => self.changes(),
            Stage::Phase(phase) => Line::of(Role::Muted, phase.words()),
        };
        if took < LONG {
            return line;
        }
        line.with(Role::Muted, format!(" · {}", seconds(took.as_secs())))
    }

    fn changes(&self) -> Line {
        let mut open = self.open.iter();
        match (open.next(), open.next()) {
            (Some((addr, action)), None) => {
                Line::of(Role::Plain, format!("{} {}.{}", doing(*action), addr.kind, addr.name))
            }
            (Some(_), Some(_)) => {
                Line::of(Role::Plain, format!("making {}", count(self.open.len(), "change")))
            }
            _ => Line::of(Role::Plain, Phase::Changing.words()),
        }
    }
}

const fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Replace => "replacing",
        Action::Delete => "deleting",
    }
}
