use std::collections::VecDeque;
use std::time::Duration;

use crdbctl_model::ResourceAddr;

use crate::line::Line;
use crate::{Role, bytes, seconds};

/// The time over which a rate is measured.
const WINDOW: Duration = Duration::from_secs(5);
/// The least time that makes a rate: bytes that only filled buffers would promise too much.
const LEAST: Duration = Duration::from_millis(500);
/// The time without a byte after which a transfer stands still.
const STILL: Duration = Duration::from_secs(3);

/// An archive on its way to a node.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub(super) addr: ResourceAddr,
    total: u64,
    /// How much had gone at which moment, oldest first; never empty, and not longer than the window needs.
    seen: VecDeque<(Duration, u64)>,
}

impl Transfer {
    pub(super) fn begun(addr: &ResourceAddr, bytes: u64, total: u64, at: Duration) -> Self {
        Self { addr: addr.clone(), total, seen: VecDeque::from([(at, bytes.min(total))]) }
    }

    pub(super) fn gone(&mut self, bytes: u64, at: Duration) {
        self.seen.push_back((at, bytes.min(self.total)));
        // One from before the window stays: the rate is measured from there.
        while self.seen.get(1).is_some_and(|(second, _)| at.saturating_sub(*second) >= WINDOW) {
            self.seen.pop_front();
        }
    }

    /// Returns bytes a second, measured up to this moment: a transfer that stands still slows down as time passes.
    fn rate(&self, at: Duration) -> Option<u64> {
        let ((since, before), (_, now)) = (self.seen.front()?, self.seen.back()?);
        let took = at.checked_sub(*since).filter(|took| *took >= LEAST)?;
        let rate = u128::from(now - before.min(now)) * 1000 / took.as_millis();
        u64::try_from(rate).ok().filter(|rate| *rate > 0 || took >= STILL)
    }

    /// Returns how far it is: `sending package.v1: 60 MB of 118 MB (50%), 25 MB/s, 3s left`.
    pub(super) fn words(&self, at: Duration) -> Line {
        let gone = self.seen.back().map_or(0, |(_, bytes)| *bytes);
        let what = format!("{}.{}", self.addr.kind, self.addr.name);
        if gone == self.total {
            return Line::of(Role::Plain, format!("unpacking {what}, sent {}", bytes(gone)));
        }
        let percent = u128::from(gone) * 100 / u128::from(self.total.max(1));
        let line = Line::of(Role::Plain, format!("sending {what}: "))
            .with(Role::Create, format!("{} of {} ({percent}%)", bytes(gone), bytes(self.total)));
        match self.rate(at) {
            None => line,
            Some(0) => line.with(Role::Unknown, ", stands still"),
            Some(rate) => {
                let left = seconds((self.total - gone).div_ceil(rate));
                line.with(Role::Muted, format!(", {}/s, {left} left", bytes(rate)))
            }
        }
    }
}
