//! Says what a command is at, what is left, and how long that took the last time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use crate::Failure;

/// The steps of a command, in order, each with a line on standard error when it begins.
pub(crate) struct Steps {
    command: String,
    names: &'static [&'static str],
    done: usize,
    began: Instant,
    times: Times,
}

impl Steps {
    /// Returns the steps of a command that has not begun any. Times are kept by `command`: it holds the arguments on which
    /// they depend.
    pub(crate) fn new(command: impl Into<String>, names: &'static [&'static str]) -> Self {
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let times = Times::load(target.join("xtask-times"));
        Self { command: command.into(), names, done: 0, began: Instant::now(), times }
    }

    /// Does the next step, and remembers how long it took if it succeeded. Its result never depends on the times.
    pub(crate) fn next<T>(&mut self, act: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let (at, name) = (self.done, self.names[self.done]);
        eprintln!("{}", heading(self.names, at, &|name| self.times.of(&self.command, name)));
        self.done += 1;
        let start = Instant::now();
        let result = act()?;
        self.times.keep(&self.command, name, start.elapsed());
        Ok(result)
    }

    /// Returns how long the command has been at work.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Returns the line that begins step `at`: `==> [2/4] build crdbctl (took 2m 55s last time), then 2 more (about 40s)`.
fn heading(names: &[&str], at: usize, last: &dyn Fn(&str) -> Option<Duration>) -> String {
    let mut line = format!("==> [{}/{}] {}", at + 1, names.len(), names[at]);
    if let Some(time) = last(names[at]) {
        line.push_str(&format!(" (took {} last time)", words(time)));
    }
    let rest = &names[at + 1..];
    if !rest.is_empty() {
        line.push_str(&format!("; then {}", rest.join(", ")));
        let times: Option<Vec<Duration>> = rest.iter().map(|name| last(name)).collect();
        if let Some(times) = times {
            line.push_str(&format!(" (about {})", words(times.iter().sum())));
        }
    }
    line
}

/// How long a silent program runs before a line says that it still does.
const SILENCE: Duration = Duration::from_secs(10);

/// Does something that prints nothing by itself, with a line on standard error every ten seconds.
pub(crate) fn patiently<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let (done, until) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while until.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("    still at it: {what} ({})", words(start.elapsed()));
            }
        });
        let result = act();
        // The thread ends when nobody can send any more.
        drop(done);
        result
    })
}

/// Returns a time for people: `2m 55s`.
pub(crate) fn words(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m {seconds}s"),
    }
}

/// How long steps took the last time, kept in cargo's target directory: lines of seconds, command and step.
struct Times {
    path: PathBuf,
    seconds: BTreeMap<(String, String), u64>,
}

impl Times {
    /// Reads the times. A file that cannot be read gets a warning: times are a convenience, and no step fails without them.
    fn load(path: PathBuf) -> Self {
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    eprintln!(
                        "warning: cannot read {}: {error}; earlier times are not shown",
                        path.display()
                    );
                }
                String::new()
            }
        };
        Self { path, seconds: parse(&text) }
    }

    fn of(&self, command: &str, step: &str) -> Option<Duration> {
        self.seconds.get(&(command.to_owned(), step.to_owned())).copied().map(Duration::from_secs)
    }

    /// Writes the times with a new one; a file that cannot be written gets a warning.
    fn keep(&mut self, command: &str, step: &str, time: Duration) {
        self.seconds.insert((command.to_owned(), step.to_owned()), time.as_secs());
        let line =
            |((command, step), seconds): (&(String, String), &u64)| format!("{seconds}\t{command}\t{step}\n");
        let text: String = self.seconds.iter().map(line).collect();
        let written = match self.path.parent() {
            Some(parent) => fs::create_dir_all(parent).and_then(|()| fs::write(&self.path, text)),
            None => fs::write(&self.path, text),
        };
        if let Err(error) = written {
            eprintln!("warning: cannot write {}: {error}; the next run shows no times", self.path.display());
        }
    }
}

fn parse(text: &str) -> BTreeMap<(String, String), u64> {
    let entry = |line: &str| {
        let mut fields = line.split('\t');
        let seconds = fields.next()?.parse().ok()?;
        Some(((fields.next()?.to_owned(), fields.next()?.to_owned()), seconds))
    };
    text.lines().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_says_what_is_left_and_how_long_it_took() {
        let names = ["build crdbctl", "boot three hosts", "plan and apply"];
        let never = |_: &str| None;
        assert_eq!(
            heading(&names, 0, &never),
            "==> [1/3] build crdbctl; then boot three hosts, plan and apply"
        );
        let last = |name: &str| Some(Duration::from_secs(if name == "build crdbctl" { 175 } else { 20 }));
        assert_eq!(
            heading(&names, 0, &last),
            "==> [1/3] build crdbctl (took 2m 55s last time); then boot three hosts, plan and apply (about 40s)"
        );
        assert_eq!(heading(&names, 2, &last), "==> [3/3] plan and apply (took 20s last time)");
    }

    #[test]
    fn a_step_succeeds_whatever_becomes_of_the_times() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, b"20\tdemo\tbuild\n\xff\n").unwrap();
        // A file that cannot be read or written: a directory, and a path below a file.
        for path in [directory.path().to_owned(), file.join("xtask-times"), file] {
            let mut steps = Steps {
                command: "demo".to_owned(),
                names: &["build", "boot"],
                done: 0,
                began: Instant::now(),
                times: Times::load(path.clone()),
            };
            assert_eq!(steps.next(|| Ok(1)).unwrap(), 1, "{}", path.display());
            assert!(steps.next(|| Err::<(), _>("no hosts".into())).is_err());
        }
    }

    #[test]
    fn lines_that_are_no_times_are_left_out() {
        let times = parse("20\tdemo\tbuild\nx\tdemo\tboot\n\n3\tdemo\n");
        assert_eq!(times.into_iter().collect::<Vec<_>>(), [(("demo".to_owned(), "build".to_owned()), 20)]);
    }
}
