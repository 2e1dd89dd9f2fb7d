//! The log file, in the format of the real program.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::cli::failure::frame;
use crate::clock;

/// Writes `cockroach.log` in the log directory.
#[derive(Debug)]
pub(super) struct Log {
    dir: Option<PathBuf>,
    file: Mutex<Option<File>>,
    entries: AtomicU64,
    node: AtomicU32,
}

impl Log {
    /// Opens the log; without a directory it goes nowhere.
    pub(super) fn open(dir: Option<&Path>) -> std::io::Result<Self> {
        let file = match dir {
            Some(dir) => {
                std::fs::create_dir_all(dir)?;
                Some(File::options().create(true).append(true).open(dir.join("cockroach.log"))?)
            }
            None => None,
        };
        let (entries, node) = (AtomicU64::new(0), AtomicU32::new(0));
        Ok(Self { dir: dir.map(Path::to_owned), file: Mutex::new(file), entries, node })
    }

    pub(super) fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Entries say from now on which node writes them.
    pub(super) fn set_node(&self, node: u32) {
        self.node.store(node, Ordering::Relaxed);
    }

    pub(super) fn info(&self, message: &str) {
        self.write('I', message);
    }

    pub(super) fn warning(&self, message: &str) {
        self.write('W', message);
    }

    pub(super) fn error(&self, message: &str) {
        self.write('E', message);
    }

    /// Logs, and shows it framed on stderr.
    #[expect(clippy::print_stderr, reason = "a server speaks to its operator here")]
    pub(super) fn shout(&self, severity: &str, message: &str) {
        self.write(severity.chars().next().unwrap_or('I'), message);
        eprint!("{}", frame(&format!("{severity}: {message}")));
    }

    fn write(&self, severity: char, message: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = file.as_mut() else {
            return;
        };
        let entry = self.entries.fetch_add(1, Ordering::Relaxed) + 1;
        let node = match self.node.load(Ordering::Relaxed) {
            0 => "n?".to_owned(),
            node => format!("n{node}"),
        };
        let time = clock::log_time(clock::unix_micros());
        let mut text = String::new();
        for (number, line) in message.lines().enumerate() {
            let mark = if number == 0 { ' ' } else { '+' };
            text.push_str(&format!("{severity}{time} 1 roachsim ⋮ [T1,{node}] {entry} {mark}{line}\n"));
        }
        // A full disk must not stop the stand-in: no test reads a log that could not be written.
        let _ = file.write_all(text.as_bytes());
    }
}
