//! A terminal with crdbctl in it: a pseudo-terminal, and what a screen makes of every byte that comes out of it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::bench::Bench;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// A terminal in which a program runs.
pub(crate) struct Terminal {
    master: File,
    /// Kept open, so that the terminal outlives the program.
    side: OwnedFd,
    before: Termios,
    child: Child,
    received: Receiver<Vec<u8>>,
    waiting: Vec<u8>,
    screen: vt100::Parser,
    /// What was printed to stay, as one text: bytes outside of frames, and those of frames that are above the rows.
    said: Vec<u8>,
    pub(crate) frames: Vec<Seen>,
    record: String,
    began: Instant,
}

/// The screen after a frame.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The rows that the frame wrote, without styles.
    pub(crate) rows: Vec<String>,
}

impl Terminal {
    /// Runs crdbctl beside the bench's manifest in a terminal of this size.
    pub(crate) fn run(bench: &Bench, arguments: &[&str], columns: u16, lines: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let side = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let before = tcgetattr(&side).unwrap();
        resize(&master, columns, lines);
        let program = bench.command(arguments);
        let mut command = Command::new("setsid");
        // It becomes the program: without a fork, and with this terminal as its own, from which ^C comes.
        command.arg("--ctty").arg(program.get_program()).args(program.get_args());
        command.env_clear().envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.env("TERM", "xterm-256color").current_dir(bench.directory.path());
        let stdio = || Stdio::from(side.try_clone().unwrap());
        let child = command.stdin(stdio()).stdout(stdio()).stderr(stdio()).spawn().unwrap();
        let master = File::from(master);
        let mut output = master.try_clone().unwrap();
        let (sender, received) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = output.read(&mut bytes) {
                if count == 0 || sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let size = |number| NonZeroU16::new(number).unwrap();
        Self {
            master,
            side: side.into(),
            before,
            child,
            received,
            waiting: Vec::new(),
            screen: vt100::Parser::new(size(lines), size(columns), 10_000),
            said: Vec::new(),
            frames: Vec::new(),
            record: String::new(),
            began: Instant::now(),
        }
    }

    /// Waits until a row of the newest frame has these words.
    #[track_caller]
    pub(crate) fn until(&mut self, words: &str) {
        while !self.frames.last().is_some_and(|seen| seen.rows.iter().any(|row| row.contains(words))) {
            assert!(self.step(), "it ended without {words:?}:\n{}", self.record);
        }
    }

    /// Waits until this many more frames are drawn.
    #[track_caller]
    pub(crate) fn frames(&mut self, more: usize) {
        let all = self.frames.len() + more;
        while self.frames.len() < all {
            assert!(self.step(), "it ended too early:\n{}", self.record);
        }
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.master.write_all(keys).unwrap();
    }

    /// Changes the size, as somebody who pulls at the window's corner.
    pub(crate) fn resize(&mut self, columns: u16, lines: u16) {
        resize(&self.master, columns, lines);
        let size = |number| NonZeroU16::new(number).unwrap();
        self.screen.screen_mut().set_size(size(lines), size(columns));
        let _ = writeln!(self.record, "=== {columns}x{lines}");
    }

    /// Takes what comes until the program has ended and nothing is left. Returns its exit code, and writes the record of all
    /// frames to `target/display/NAME.txt`.
    pub(crate) fn end(&mut self, name: &str) -> i32 {
        while self.step() {}
        let rest = std::mem::take(&mut self.waiting);
        self.outside(&rest);
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("display");
        std::fs::create_dir_all(&directory).unwrap();
        let transcript = self.transcript().join("\n");
        let _ = writeln!(self.record, "=== the end, with {code}\n{transcript}");
        std::fs::write(directory.join(format!("{name}.txt")), &self.record).unwrap();
        code
    }

    /// Takes some bytes; returns false when there will be no more.
    fn step(&mut self) -> bool {
        assert!(self.began.elapsed() < PATIENCE, "not yet at its end:\n{}", self.record);
        match self.received.recv_timeout(Duration::from_millis(100)) {
            Ok(bytes) => {
                self.waiting.extend(bytes);
                self.take();
                true
            }
            Err(RecvTimeoutError::Timeout) => self.child.try_wait().unwrap().is_none(),
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    /// Gives the screen what has come whole: bytes up to the next frame, or a frame.
    fn take(&mut self) {
        loop {
            let Some(begin) = find(&self.waiting, BEGIN) else {
                // The last bytes may be the beginning of a frame's first ones.
                let whole = self.waiting.len().saturating_sub(BEGIN.len());
                let rest: Vec<u8> = self.waiting.drain(..whole).collect();
                return self.outside(&rest);
            };
            let Some(end) = find(&self.waiting, END) else { return };
            let outside: Vec<u8> = self.waiting.drain(..begin).collect();
            self.outside(&outside);
            let frame: Vec<u8> = self.waiting.drain(..end + END.len() - begin).collect();
            self.frame(&frame);
        }
    }

    fn outside(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.said.extend(bytes);
    }

    /// Gives the screen a frame, and looks at it: the rows stand once, whole, at the end, and nothing of those before.
    fn frame(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let inner = &text[BEGIN.len()..text.len() - END.len()];
        let mut parts = inner.split("\x1b[K");
        let first = parts.next().unwrap();
        if let Some((_, above)) = first.split_once("\x1b[J") {
            self.said.extend(above.trim_end_matches("\x1b[J").as_bytes());
        }
        let rows: Vec<String> = parts.map(|row| plain(row.split('\r').next().unwrap())).collect();
        let screen = self.screen.screen();
        let columns = screen.size().1.get();
        let (line, column) = screen.cursor_position();
        let shown: Vec<String> = screen.rows(0, columns).collect();
        let _ = writeln!(
            self.record,
            "--- frame {} at {:.1}s\n{}",
            self.frames.len(),
            self.began.elapsed().as_secs_f64(),
            shown.join("\n").trim_end()
        );
        let say = |what: &str| format!("{what}: {rows:?} in\n{}", self.record);
        assert_eq!(column, 0, "{}", say("the cursor stands at a line's beginning"));
        let Some(begin) = usize::from(line).checked_sub(rows.len()) else {
            panic!("{}", say("too many rows"))
        };
        assert_eq!(shown[begin..usize::from(line)], rows, "{}", say("the rows stand above the cursor"));
        for row in begin..usize::from(line) {
            assert!(!screen.row_wrapped(u16::try_from(row).unwrap()), "{}", say("a row is too wide"));
        }
        assert!(shown[usize::from(line)..].iter().all(String::is_empty), "{}", say("nothing is below"));
        let totals = shown.iter().filter(|row| is_total(row)).count();
        assert_eq!(totals, usize::from(!rows.is_empty()), "{}", say("one row tells of the whole"));
        assert!(!screen.hide_cursor() && !screen.alternate_screen(), "{}", say("the terminal is as it was"));
        self.frames.push(Seen { rows });
    }

    /// Asserts that all that is left are the lines that were to stay, each once and in order, and that the terminal is as
    /// it was.
    #[track_caller]
    pub(crate) fn assert_clean(&mut self) {
        let mut alone =
            vt100::Parser::new(self.screen.screen().size().0, self.screen.screen().size().1, 10_000);
        // What the terminal shows of ^C is cleared away with the rows.
        let said = String::from_utf8(self.said.clone()).unwrap().replace("^C", "");
        alone.process(said.as_bytes());
        let (left, wanted) = (transcript(&mut self.screen), transcript(&mut alone));
        assert_eq!(left, wanted, "{}", self.record);
        assert!(!left.iter().any(|line| is_total(line)), "{left:?}");
        let screen = self.screen.screen();
        assert_eq!(screen.cursor_position().1, 0, "a prompt comes at a line's beginning");
        assert!(!screen.hide_cursor() && !screen.alternate_screen());
        let now = tcgetattr(&self.side).unwrap();
        assert_eq!(format!("{:?}", self.before), format!("{now:?}"));
    }

    /// Returns all lines on the screen and above it.
    pub(crate) fn transcript(&mut self) -> Vec<String> {
        transcript(&mut self.screen)
    }

    /// Returns the most rows that stood at once.
    pub(crate) fn most_rows(&self) -> usize {
        self.frames.iter().map(|seen| seen.rows.len()).max().unwrap_or_default()
    }

    /// Returns whether any frame had a row with these words.
    pub(crate) fn showed(&self, words: &str) -> bool {
        self.frames.iter().flat_map(|seen| &seen.rows).any(|row| row.contains(words))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(master: impl std::os::fd::AsFd, columns: u16, lines: u16) {
    let size = Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(master, size).unwrap();
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Whether a line is the row that tells of the whole run.
fn is_total(line: &str) -> bool {
    let mut words = line.split(' ');
    let is_number = |word: Option<&str>| word.is_some_and(|word| word.parse::<u32>().is_ok());
    is_number(words.next()) && words.next() == Some("of") && is_number(words.next())
}

fn plain(styled: &str) -> String {
    let mut parts = styled.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

fn transcript(terminal: &mut vt100::Parser) -> Vec<String> {
    let columns = terminal.screen().size().1.get();
    let screen = terminal.screen_mut();
    let mut lines = Vec::new();
    for above in (1..=screen.scrollback_len()).rev() {
        screen.set_scrollback(above);
        lines.extend(screen.rows(0, columns).next());
    }
    screen.set_scrollback(0);
    lines.extend(screen.rows(0, columns));
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}
