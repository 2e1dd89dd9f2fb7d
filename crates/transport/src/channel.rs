use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Mutex, watch};
use tracing::Instrument;
use zeroize::Zeroizing;

use crate::connection::Connection;
use crate::error::{Lost, TransportError};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::hold::Hold;
use crate::limits::Limits;
use crate::not_run::NotRun;
use crate::output::Output;
use crate::payload::{Payload, Source};
use crate::script::{Effect, Script};
use crate::scripted::Scripted;

/// How much payload goes out at once; a script that fails early costs no more than this.
const CHUNK: usize = 512 << 10;

/// How often an idle channel says that it is alive; the resident shell waits 40 s.
const BEAT: Duration = Duration::from_secs(10);

/// What became of a bootstrap.
#[derive(Debug)]
pub enum ChannelStart {
    /// It ended with status 0, and its shell stays.
    Ready(Channel, Output),
    /// It ended with another status (a lock held by someone else, say), and its shell is gone.
    Refused(Output),
}

/// A resident shell on a host, running scripts one by one with one round trip each.
///
/// Dropped, it closes the shell's stdin: the shell ends after the script in progress, and what its bootstrap holds
/// is free. So it does when this machine is gone without a word, within 40 s after the script in progress
/// (60 s more in the middle of a payload).
#[derive(Debug)]
pub struct Channel {
    connection: Connection,
    state: State,
}

#[derive(Debug)]
enum State {
    Open(Box<Open>),
    Scripted(Scripted),
    Closed,
}

struct Open {
    exchange: Exchange,
    stdin: Stdin,
    number: u64,
    beat: Beat,
    hold: Hold,
}

type Stdin = Arc<Mutex<Box<dyn AsyncWrite + Send + Unpin>>>;

impl Channel {
    pub(crate) fn new(connection: Connection, mut exchange: Exchange, hold: Hold) -> Self {
        let Some(stdin) = exchange.take_stdin() else { return Self { connection, state: State::Closed } };
        let stdin: Stdin = Arc::new(Mutex::new(stdin));
        let beat = Beat::start(Arc::clone(&stdin));
        Self { connection, state: State::Open(Box::new(Open { exchange, stdin, number: 0, beat, hold })) }
    }

    pub(crate) fn scripted(connection: Connection, scripted: Scripted) -> Self {
        Self { connection, state: State::Scripted(scripted) }
    }

    /// Runs a script in a subshell of the resident shell; the payload is its stdin.
    ///
    /// It sees the variables, functions and open files of the bootstrap and leaves nothing of its own behind.
    /// `on_progress` is told the bytes of the payload that were sent so far. A script that ends before it read its
    /// payload ends the sending too, and the channel goes on.
    ///
    /// # Errors
    /// [`Lost`] when the end is not known; the channel is closed then, and further scripts are
    /// [`NotRun::ChannelClosed`].
    pub async fn run<E: Effect>(
        &mut self,
        script: &Script<E>,
        payload: Payload,
        limits: Limits,
        on_progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Output, TransportError> {
        let target = self.connection.target();
        let span =
            tracing::debug_span!("stage", node = %target.node, effect = E::NAME, payload = payload.len());
        let result = async {
            tracing::trace!(script = script.text());
            // Closed meanwhile: whoever drops this future in the middle leaves a stdin that nobody can go on with.
            let result = match std::mem::replace(&mut self.state, State::Closed) {
                State::Scripted(scripted) => {
                    let result = scripted_answer(&scripted, script, payload, on_progress).await;
                    self.state = if result.is_ok() { State::Scripted(scripted) } else { State::Closed };
                    result
                }
                State::Closed => Err(Failure::not_run(NotRun::ChannelClosed, b"")),
                State::Open(mut open) => {
                    let work = open.run(script.text(), payload, limits, on_progress);
                    match tokio::time::timeout(limits.timeout, work).await {
                        Ok(Ok(output)) => {
                            self.state = State::Open(open);
                            Ok(output)
                        }
                        Ok(Err(failure)) => Err(open.hold.explain(failure).await),
                        Err(_) => Err(Failure::lost(Lost::TimedOut(limits.timeout), b"")),
                    }
                }
            };
            if let Ok(output) = &result {
                let (stdout, stderr) = (output.stdout.len(), output.stderr.len());
                tracing::debug!(status = output.status, stdout, stderr, "the script ended");
            }
            result
        };
        let result = result.instrument(span).await;
        result.map_err(|failure| failure.at(self.connection.target(), &self.connection.tried()))
    }

    /// Ends the resident shell and waits a moment for it, so that what its bootstrap holds is free.
    pub async fn close(self) {
        if let State::Open(open) = self.state {
            let Open { exchange, stdin, beat, mut hold, .. } = *open;
            beat.end().await;
            // The last handle on stdin: its end is the end of the shell.
            drop(stdin);
            if exchange.finish().await {
                hold.done();
            }
        }
    }

    /// Returns the connection that this belongs to.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Open {
    async fn run(
        &mut self,
        script: &str,
        payload: Payload,
        limits: Limits,
        on_progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Output, Failure> {
        self.number += 1;
        let number = self.number;
        let has_payload = !payload.is_empty();
        let flag = if has_payload { 'y' } else { 'n' };
        let mut head = format!("run {} {number} {} {flag}", self.exchange.token(), script.len());
        if head.len() > 63 {
            return Err(Failure::not_run(NotRun::Other, b"the script is too long"));
        }
        head = format!("{head:<63}\n{script}");
        let (stop, stopped) = watch::channel(false);
        let (sent, mut progress) = watch::channel(0_u64);
        let stdin = Arc::clone(&self.stdin);
        let source = payload.into_source();
        let sending = async move {
            let mut stdin = stdin.lock().await;
            let result = send(&mut **stdin, &head, has_payload.then_some(source), stopped, &sent).await;
            drop(stdin);
            result
        };
        let ending = self.exchange.end(number, limits.max_output);
        tokio::pin!(sending, ending);
        let (mut output, mut all_sent) = (None, false);
        while output.is_none() || !all_sent {
            tokio::select! {
                result = &mut ending, if output.is_none() => {
                    output = Some(result?);
                    // Nobody reads any more of the payload.
                    let _ = stop.send(true);
                }
                result = &mut sending, if !all_sent => {
                    match result {
                        Ok(()) => all_sent = true,
                        Err(Unsent::Source(error)) => {
                            return Err(Failure::lost(Lost::PayloadUnread, error.to_string().as_bytes()));
                        }
                        // The host is gone, which the missing end tells with more words.
                        Err(Unsent::Host) => all_sent = true,
                    }
                }
                Ok(()) = progress.changed(), if !all_sent => on_progress(*progress.borrow_and_update()),
            }
        }
        if has_payload {
            on_progress(*progress.borrow());
        }
        output.ok_or_else(|| Failure::lost(Lost::Disconnected, b""))
    }
}

enum Unsent {
    Source(std::io::Error),
    Host,
}

/// Writes header and script, then the payload in chunks until it or the script ends, then the empty chunk.
async fn send(
    stdin: &mut (dyn AsyncWrite + Send + Unpin),
    head: &str,
    source: Option<Source>,
    stopped: watch::Receiver<bool>,
    sent: &watch::Sender<u64>,
) -> Result<(), Unsent> {
    let gone = |_| Unsent::Host;
    stdin.write_all(head.as_bytes()).await.map_err(gone)?;
    if let Some(mut source) = source {
        // It may hold secrets: wiped when done.
        let mut chunk = Zeroizing::new(Vec::with_capacity(CHUNK));
        let mut total = 0;
        while !*stopped.borrow() {
            chunk.clear();
            source.fill(&mut chunk, CHUNK).await.map_err(Unsent::Source)?;
            if chunk.is_empty() {
                break;
            }
            stdin.write_all(format!("{:08}", chunk.len()).as_bytes()).await.map_err(gone)?;
            stdin.write_all(&chunk).await.map_err(gone)?;
            total += chunk.len() as u64;
            sent.send_replace(total);
        }
        stdin.write_all(b"00000000").await.map_err(gone)?;
    }
    stdin.flush().await.map_err(gone)
}

/// The task that says in pauses that the client is alive.
struct Beat(tokio::task::JoinHandle<()>);

impl Beat {
    fn start(stdin: Stdin) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT).await;
                let beat = format!("{:<63}\n", "beat");
                if stdin.lock().await.write_all(beat.as_bytes()).await.is_err() {
                    return;
                }
            }
        }))
    }

    /// Ends the task and waits until its handle on stdin is gone.
    async fn end(mut self) {
        self.0.abort();
        // It was cancelled, or ended before: both are what is wanted.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn scripted_answer<E: Effect>(
    scripted: &Scripted,
    script: &Script<E>,
    payload: Payload,
    on_progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Output, Failure> {
    let (mut source, mut all) = (payload.into_source(), Vec::new());
    loop {
        let before = all.len();
        if let Err(error) = source.fill(&mut all, CHUNK).await {
            return Err(Failure::lost(Lost::PayloadUnread, error.to_string().as_bytes()));
        }
        if all.len() == before {
            break;
        }
        on_progress(all.len() as u64);
    }
    scripted.answer(script.effect(), script.text(), all)
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("number", &self.number).finish_non_exhaustive()
    }
}
