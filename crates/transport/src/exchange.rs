use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use crate::error::Lost;
use crate::failure::Failure;
use crate::not_run::{NotRun, PrivilegeRefusal};
use crate::output::Output;
use crate::payload::Payload;
use crate::privilege;
use crate::process::{Ended, Handle, Process};
use crate::tape::Tape;
use crate::wrapper::Wrapped;

/// What a login may say before our own words: banners, start-up files, sudo's lecture.
const MOST_NOISE: usize = 1 << 20;

/// A wrapped command in progress: reads both streams and finds our marks in them.
pub(crate) struct Exchange {
    stdin: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    out: Side,
    err: Side,
    /// Taken when its end is awaited.
    handle: Option<Handle>,
    token: String,
    /// The process of sudo, when its input comes through a relay on the host (see `entry.sh`).
    relay: Option<u32>,
    /// How often sudo asked for the password.
    prompts: usize,
}

struct Side {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    tape: Tape,
    open: bool,
}

impl Side {
    fn new(reader: Box<dyn AsyncRead + Send + Unpin>) -> Self {
        Self { reader, tape: Tape::default(), open: true }
    }

    /// Reads once; a broken pipe is an end like any other, what was missed is told by the missing mark.
    async fn read(&mut self) {
        let buffer = self.tape.buffer();
        buffer.reserve(32 << 10);
        if !matches!(self.reader.read_buf(buffer).await, Ok(1..)) {
            self.open = false;
        }
    }
}

impl Exchange {
    /// Drives the command to the start of the inner shell, answering sudo once.
    pub(crate) async fn begin(
        process: Process,
        wrapped: &Wrapped,
        password: Option<&SecretString>,
    ) -> Result<Self, Failure> {
        let Process { stdin, stdout, stderr, handle } = process;
        let mut it = Self {
            stdin,
            out: Side::new(stdout),
            err: Side::new(stderr),
            handle: Some(handle),
            token: String::new(),
            relay: None,
            prompts: 0,
        };
        let nonce = wrapped.nonce.as_str();
        let start = format!("crdbctl {nonce} start ");
        let prompt = format!("[crdbctl {nonce}] ");
        let pid = format!("crdbctl {nonce} pid ");
        let mut answered = false;
        loop {
            if let (Some(out), Some(err)) = (it.out.tape.find(&start), it.err.tape.find(&start)) {
                tracing::trace!("the shell on the host started");
                it.out.tape.cut(&out);
                it.err.tape.cut(&err);
                it.token = out.words;
                if it.relay.is_some() {
                    it.tell("go").await;
                }
                return Ok(it);
            }
            if let Some(refused) = it.out.tape.find(&format!("crdbctl {nonce} refused ")) {
                let why = match refused.words.as_str() {
                    "not-root" => PrivilegeRefusal::NotRoot,
                    "noexec" => PrivilegeRefusal::NoExec,
                    _ => PrivilegeRefusal::NoTool,
                };
                return Err(Failure::not_run(NotRun::Privilege(why), b""));
            }
            if wrapped.asks && it.stdin.is_some() {
                if it.relay.is_none() {
                    it.relay = it.err.tape.find(&pid).and_then(|mark| mark.words.parse().ok());
                }
                it.prompts = count(it.err.tape.bytes(), prompt.as_bytes());
                match it.prompts {
                    0 => {}
                    1 if !answered => {
                        answered = true;
                        it.answer(password).await;
                    }
                    1 => {}
                    // Asked again: the password is wrong, and no second one is tried.
                    _ => {
                        if let Some(pid) = it.relay {
                            it.tell(&format!("stop {pid}")).await;
                        }
                        it.stdin = None;
                    }
                }
            }
            if it.out.tape.len() + it.err.tape.len() > MOST_NOISE {
                return Err(Failure::not_run(
                    NotRun::NoShell,
                    &it.out.tape.bytes()[..200.min(it.out.tape.len())],
                ));
            }
            if !it.read().await {
                return Err(it.never_started(nonce).await);
            }
        }
    }

    async fn answer(&mut self, password: Option<&SecretString>) {
        let (Some(stdin), Some(password)) = (self.stdin.as_mut(), password) else {
            self.stdin = None;
            return;
        };
        // No copy of it is made; an error shows as an end of the streams.
        if self.relay.is_some() {
            let _ = stdin.write_all(b".").await;
        }
        let _ = stdin.write_all(password.expose_secret().as_bytes()).await;
        let _ = stdin.write_all(b"\n").await;
        let _ = stdin.flush().await;
    }

    /// Writes a line to the relay before sudo-rs; an error shows as an end of the streams.
    async fn tell(&mut self, line: &str) {
        let Some(stdin) = self.stdin.as_mut() else { return };
        let _ = stdin.write_all(format!("{line}\n").as_bytes()).await;
        let _ = stdin.flush().await;
    }

    /// Writes the script to stdin, then the payload, and closes it.
    ///
    /// The payload is small: nothing of what the script says meanwhile is read.
    pub(crate) async fn send_script(&mut self, script: &str, payload: Payload) {
        let Some(mut stdin) = self.stdin.take() else { return };
        let mut source = payload.into_source();
        // An error here means that the host is gone, which the missing end mark tells; so does a payload that is cut off.
        let mut gone = stdin.write_all(script.as_bytes()).await.is_err();
        while !gone {
            let mut chunk = Zeroizing::new(Vec::with_capacity(16 << 10));
            gone = source.fill(&mut chunk, 16 << 10).await.is_err()
                || chunk.is_empty()
                || stdin.write_all(&chunk).await.is_err();
        }
        let _ = stdin.shutdown().await;
    }

    /// Returns the stdin of the command, once.
    pub(crate) fn take_stdin(&mut self) -> Option<Box<dyn AsyncWrite + Send + Unpin>> {
        self.stdin.take()
    }

    /// Returns the token that begins the marks of the inner shell.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Reads to the end of the numbered script.
    ///
    /// Cancel safe: what was read stays on the tapes.
    pub(crate) async fn end(&mut self, number: u64, max_output: usize) -> Result<Output, Failure> {
        let prefix = format!("{} end {number} ", self.token);
        let (mut out, mut err) = (None, None);
        loop {
            out = out.or_else(|| self.out.tape.find_new(&prefix));
            err = err.or_else(|| self.err.tape.find_new(&prefix));
            if let (Some(out), Some(err)) = (&out, &err) {
                let Ok(status) = out.words.parse() else {
                    return Err(Failure::lost(Lost::ShellGone, out.words.as_bytes()));
                };
                let (stdout, stderr) = (self.out.tape.cut(out), self.err.tape.cut(err));
                if stdout.len() + stderr.len() > max_output {
                    return Err(Failure::lost(Lost::TooMuchOutput(max_output), b""));
                }
                return Ok(Output { status, stdout, stderr });
            }
            // Room for the marks themselves.
            if self.out.tape.len() + self.err.tape.len() > max_output + 512 {
                return Err(Failure::lost(Lost::TooMuchOutput(max_output), b""));
            }
            if !self.read().await {
                let ended = self.ended().await;
                let how = match ended {
                    Some(Ended::Status(_)) => Lost::ShellGone,
                    Some(Ended::Unknown) | None => Lost::Disconnected,
                };
                return Err(Failure::lost(how, self.err.tape.bytes()).with_end(ended.is_some()));
            }
        }
    }

    /// Returns whether the command ended by itself within a moment after its streams did.
    pub(crate) async fn finish(self) -> bool {
        let Self { stdin, out, err, handle, .. } = self;
        drop(stdin);
        let Some(handle) = handle else { return true };
        let waited = tokio::time::timeout(Duration::from_secs(2), handle.wait()).await;
        drop((out, err));
        waited.is_ok()
    }

    /// Returns how the command ended, or `None` when it has not although its streams have.
    async fn ended(&mut self) -> Option<Ended> {
        self.stdin = None;
        tokio::time::timeout(Duration::from_secs(5), self.handle.take()?.wait()).await.ok()
    }

    /// Reads from whichever stream has something; returns false when both have ended.
    async fn read(&mut self) -> bool {
        match (self.out.open, self.err.open) {
            (true, true) => tokio::select! {
                () = self.out.read() => {}
                () = self.err.read() => {}
            },
            (true, false) => self.out.read().await,
            (false, true) => self.err.read().await,
            (false, false) => return false,
        }
        true
    }

    async fn never_started(mut self, nonce: &str) -> Failure {
        let ended = self.ended().await;
        let by = self.err.tape.find(&format!("crdbctl {nonce} by "));
        let Some(Ended::Status(status)) = ended else {
            return Failure::lost(Lost::Disconnected, self.err.tape.bytes()).with_end(ended.is_some());
        };
        let Some(by) = by else {
            let said = [self.err.tape.bytes(), b"\n", self.out.tape.bytes()].concat();
            let said =
                if said.trim_ascii().is_empty() { format!("status {status}").into_bytes() } else { said };
            return Failure::not_run(NotRun::NoShell, &said).with_end(true);
        };
        // The login shell did its part. Without a tool for root it was the inner shell that did not start.
        let is_refusal = matches!(by.words.as_str(), "sudo" | "doas");
        self.err.tape.cut(&by);
        let said = privilege::words(&String::from_utf8_lossy(self.err.tape.bytes()), nonce);
        if !is_refusal {
            return Failure::not_run(NotRun::NoShell, said.as_bytes()).with_end(true);
        }
        let why = match self.prompts {
            0 | 1 => privilege::refusal(&said, self.prompts == 1),
            _ => PrivilegeRefusal::WrongPassword,
        };
        let said = if said.is_empty() { format!("{} ended with status {status}", by.words) } else { said };
        Failure::not_run(NotRun::Privilege(why), said.as_bytes()).with_end(true)
    }
}

fn count(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len()).filter(|window| *window == part).count()
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("handle", &self.handle).finish_non_exhaustive()
    }
}
