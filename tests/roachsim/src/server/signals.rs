//! Signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A wish to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// SIGTERM.
    Terminated,
    /// SIGINT.
    Interrupted,
    /// `node drain --shutdown`.
    Requested,
}

impl Stop {
    /// Go's name of the signal.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Terminated => "terminated",
            Self::Interrupted => "interrupt",
            Self::Requested => "none",
        }
    }
}

/// The signals that a server handles, from the moment this is made.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// SIGHUP.
    pub(super) hangup: Signal,
}

impl Signals {
    pub(super) fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next SIGTERM, SIGINT or SIGHUP.
    pub(super) async fn next(&mut self) -> Option<Stop> {
        tokio::select! {
            _ = self.terminate.recv() => Some(Stop::Terminated),
            _ = self.interrupt.recv() => Some(Stop::Interrupted),
            _ = self.hangup.recv() => None,
        }
    }
}
