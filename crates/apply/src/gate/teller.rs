use std::time::{Duration, Instant};

use crdbctl_model::{Event, NodeName};
use tokio::sync::mpsc::UnboundedSender;

/// How long a wait may go on without a word.
const PATIENCE: Duration = Duration::from_secs(15);

/// Says what a node waits for: when that changes, and at least every 15 seconds.
#[derive(Debug)]
pub(crate) struct Teller {
    node: NodeName,
    events: UnboundedSender<Event>,
    told: Option<(String, Instant)>,
}

impl Teller {
    pub(crate) fn new(node: &NodeName, events: &UnboundedSender<Event>) -> Self {
        Self { node: node.clone(), events: events.clone(), told: None }
    }

    /// Tells of it, with how long is left, unless it was told lately.
    pub(crate) fn waits(&mut self, what: &str, left: Duration) {
        let is_news = self.told.as_ref().is_none_or(|(last, at)| last != what || at.elapsed() >= PATIENCE);
        if is_news {
            self.told = Some((what.to_owned(), Instant::now()));
            let (node, reason) = (self.node.clone(), what.to_owned());
            // Nobody listening is no reason to stop.
            let _ =
                self.events.send(Event::Waiting { node, reason, left_seconds: Some(whole_seconds(left)) });
        }
    }
}

/// Returns a time for people: `9m 30s`, `12s`.
pub(crate) fn left(time: Duration) -> String {
    let seconds = whole_seconds(time);
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, seconds) => format!("{minutes}m {seconds}s"),
    }
}

/// A beginning second counts whole: nobody waits "0s".
fn whole_seconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_told_once_and_another_at_once() {
        let (events, mut received) = tokio::sync::mpsc::unbounded_channel();
        let mut teller = Teller::new(&NodeName::new("store-1").unwrap(), &events);
        for (what, seconds) in [("a", 60), ("a", 59), ("b", 58), ("a", 57)] {
            teller.waits(what, Duration::from_secs(seconds));
        }
        drop((events, teller));
        let mut reasons = Vec::new();
        while let Ok(Event::Waiting { reason, left_seconds, .. }) = received.try_recv() {
            reasons.push((reason, left_seconds.unwrap()));
        }
        let told = reasons.iter().map(|(what, left)| (what.as_str(), *left));
        assert!(told.eq([("a", 60), ("b", 58), ("a", 57)]), "{reasons:?}");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(left(Duration::from_millis(570_001)), "9m 31s");
        assert_eq!(left(Duration::from_millis(1)), "1s");
        assert_eq!(left(Duration::ZERO), "0s");
    }
}
