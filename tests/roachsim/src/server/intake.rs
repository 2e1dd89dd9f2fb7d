//! Whether clients of SQL are let in, and how many are there.

use tokio::sync::watch;

/// How clients of SQL are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gate {
    /// The node has no cluster, or its start is not over: they wait.
    Waiting,
    /// They are served.
    Open,
    /// New ones are turned away, those inside stay.
    Refusing,
    /// Everybody leaves.
    Closing,
}

/// The gate and the sessions behind it.
#[derive(Debug)]
pub(super) struct Intake {
    gate: watch::Sender<Gate>,
    sessions: watch::Sender<usize>,
}

impl Intake {
    pub(super) fn new() -> Self {
        Self { gate: watch::Sender::new(Gate::Waiting), sessions: watch::Sender::new(0) }
    }

    /// Moves the gate on; it never moves back.
    pub(super) fn advance(&self, to: Gate) {
        self.gate.send_if_modified(|gate| {
            let later = to > *gate;
            *gate = to.max(*gate);
            later
        });
    }

    /// Whether the gate is at least that far.
    pub(super) fn is(&self, wanted: Gate) -> bool {
        *self.gate.borrow() >= wanted
    }

    /// Waits until the gate is at least that far; for ever when it never gets there.
    pub(super) async fn reaches(&self, wanted: Gate) {
        let mut gate = self.gate.subscribe();
        while *gate.borrow_and_update() < wanted {
            // The sender lives as long as this value.
            let _ = gate.changed().await;
        }
    }

    pub(super) fn sessions(&self) -> watch::Receiver<usize> {
        self.sessions.subscribe()
    }

    /// Counts a session until the returned value is dropped.
    pub(super) fn enter(&self) -> Inside<'_> {
        self.sessions.send_modify(|count| *count += 1);
        Inside(self)
    }
}

/// A session that counts.
#[derive(Debug)]
pub(super) struct Inside<'a>(&'a Intake);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.sessions.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_closes_stays_closed() {
        let intake = Intake::new();
        intake.advance(Gate::Refusing);
        intake.advance(Gate::Open);
        assert!(intake.is(Gate::Refusing) && !intake.is(Gate::Closing));
    }

    #[test]
    fn sessions_count_while_they_last() {
        let intake = Intake::new();
        let one = intake.enter();
        let two = intake.enter();
        assert_eq!(*intake.sessions().borrow(), 2);
        drop((one, two));
        assert_eq!(*intake.sessions().borrow(), 0);
    }
}
