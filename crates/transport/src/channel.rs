use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
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

/// When a silent client is taken for gone, and how often this one speaks up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) shell: Duration,
    pub(crate) beat: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { shell: Duration::from_secs(30), beat: Duration::from_secs(8) }
    }
}

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
/// is free. So it does when this machine is gone without a word, 30 s after the script in progress (90 s in the
/// middle of a payload).
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
    pub(crate) fn new(
        connection: Connection,
        mut exchange: Exchange,
        hold: Hold,
        patience: Patience,
    ) -> Self {
        let Some(stdin) = exchange.take_stdin() else { return Self { connection, state: State::Closed } };
        let stdin: Stdin = Arc::new(Mutex::new(stdin));
        let beat = Beat::start(Arc::clone(&stdin), patience.beat);
        Self { connection, state: State::Open(Box::new(Open { exchange, stdin, number: 0, beat, hold })) }
    }

    pub(crate) fn scripted(connection: Connection, scripted: Scripted) -> Self {
        Self { connection, state: State::Scripted(scripted) }
    }

    /// Runs a script in a subshell of the resident shell; the payload is its stdin.
    ///
    /// It sees the variables, functions and open files of the bootstrap and leaves nothing of its own behind.
    /// `on_progress` is told the bytes of the payload that were sent so far. The time limit counts from the last of
    /// them: a slow network takes as long as it takes. A script that ends before it read its
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
                State::Open(mut open) => match open.run(script.text(), payload, limits, on_progress).await {
                    Ok(output) => {
                        self.state = State::Open(open);
                        Ok(output)
                    }
                    Err(failure) => Err(open.hold.explain(failure).await),
                },
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
        let deadline = tokio::time::sleep(limits.timeout);
        tokio::pin!(deadline);
        while output.is_none() || !all_sent {
            tokio::select! {
                () = &mut deadline => return Err(Failure::lost(Lost::TimedOut(limits.timeout), b"")),
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
                Ok(()) = progress.changed(), if !all_sent => {
                    deadline.as_mut().reset(Instant::now() + limits.timeout);
                    on_progress(*progress.borrow_and_update());
                }
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
    fn start(stdin: Stdin, pause: Duration) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mutating, Privilege, Target};
    use crdbctl_model::NodeName;

    fn here() -> Connection {
        let mut target = Target::new(NodeName::new("n1").unwrap(), "localhost");
        target.privilege = Privilege::Login;
        Connection::local(target)
    }

    async fn open(beat: Duration) -> Channel {
        let patience = Patience { shell: Duration::from_secs(1), beat };
        let bootstrap = Script::<Mutating>::new(":").unwrap();
        match here().open_channel_with(&bootstrap, Limits::default(), patience).await.unwrap() {
            ChannelStart::Ready(channel, _) => channel,
            ChannelStart::Refused(output) => panic!("{output:?}"),
        }
    }

    async fn stage(channel: &mut Channel, text: &str) -> Result<Output, TransportError> {
        let script = Script::<Mutating>::new(text).unwrap();
        channel.run(&script, Payload::none(), Limits::default(), &mut |_| {}).await
    }

    #[tokio::test]
    async fn an_idle_channel_that_speaks_up_lives_on() {
        let mut channel = open(Duration::from_millis(200)).await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        // So does one whose script takes longer than the shell's patience.
        assert_eq!(stage(&mut channel, "sleep 2; echo on").await.unwrap().stdout, b"on\n");
        assert_eq!(stage(&mut channel, "echo on").await.unwrap().stdout, b"on\n");
    }

    #[tokio::test]
    async fn the_shell_of_a_client_that_fell_silent_ends() {
        let mut channel = open(Duration::from_secs(60)).await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let error = stage(&mut channel, "echo on").await.unwrap_err();
        assert_eq!(error.lost(), Some(&Lost::ShellGone), "{error}");
    }

    #[tokio::test]
    async fn the_shell_of_a_client_that_fell_silent_in_a_payload_ends() {
        let mut channel = open(Duration::from_secs(60)).await;
        let State::Open(open) = &mut channel.state else { panic!("closed") };
        let text = "wc -c";
        let head = format!("run {} 1 {} y", open.exchange.token(), text.len());
        let sent = format!("{head:<63}\n{text}00000100only these");
        open.stdin.lock().await.write_all(sent.as_bytes()).await.unwrap();
        let begin = Instant::now();
        let output = open.exchange.end(1, 1000).await.unwrap();
        assert_ne!(output.stdout, b"100\n", "the stage sees a short payload");
        assert!(matches!(open.exchange.end(2, 1000).await, Err(Failure { .. })));
        assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    }

    #[tokio::test]
    async fn the_time_counts_from_the_last_progress() {
        let mut channel = open(Duration::from_millis(200)).await;
        let script =
            Script::<Mutating>::new("for i in 1 2 3 4 5; do head -c 600000 >/dev/null; sleep 0.4; done")
                .unwrap();
        let limits = Limits::within(Duration::from_millis(1500));
        let payload = Payload::none().bytes(vec![0; 3_000_000]);
        let output = channel.run(&script, payload, limits, &mut |_| {}).await.unwrap();
        assert!(output.is_success());
    }
}
