use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::error::CliError;
use crate::{ExitCode, Ui, region};

/// The signals by which people and machines ask crdbctl to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Result<Self, CliError> {
        let listen = |kind| signal(kind).map_err(|error| CliError::failed("listening for signals", &error));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Runs work that changes nothing: the first signal ends it at once.
///
/// # Errors
/// As the work, and [`ExitCode::Interrupted`].
pub(crate) async fn or_stop<T>(
    ui: &Ui,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        done = work => done,
        () = signals.next() => {
            ui.end_line();
            Err(CliError::new(ExitCode::Interrupted, "interrupted; nothing was changed"))
        }
    }
}

/// Runs work that changes hosts. The first signal sets `stop`, by which the work finishes the steps in hand
/// and begins no other; the second ends the program.
///
/// # Errors
/// When signals cannot be listened for; nothing has begun then.
pub(crate) async fn or_wind_up<T>(
    stop: watch::Sender<bool>,
    ui: &Ui,
    work: impl Future<Output = T>,
) -> Result<T, CliError> {
    let mut signals = Signals::listen()?;
    let mut work = Box::pin(work);
    tokio::select! {
        done = &mut work => return Ok(done),
        () = signals.next() => {}
    }
    stop.send_replace(true);
    ui.end_line();
    ui.say(
        "Interrupted: what each node has begun is finished, nothing else is begun. Again to stop at once.",
    );
    tokio::select! {
        done = &mut work => Ok(done),
        () = signals.next() => {
            ui.end_line();
            region::close();
            ui.say("Stopped at once. The next apply converges what was left.");
            // What runs on this host, such as a hook, ends with it.
            drop(work);
            stop_now()
        }
    }
}

#[expect(clippy::exit, reason = "the user asked twice: nothing is waited for, not even the runtime")]
fn stop_now() -> ! {
    std::process::exit(i32::from(ExitCode::Interrupted.number()))
}
