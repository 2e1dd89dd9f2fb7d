//! Faults on demand: a file beside the store.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::value::duration;

/// What a node shall do wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// `slow-drain DURATION`: a drain lasts that much longer.
    pub(super) slow_drain: Option<Duration>,
    /// `never-ready`: `/health?ready=1` says that the node is not healthy.
    pub(super) never_ready: bool,
    /// `crash-at-start`: the process ends before its sockets listen.
    pub(super) crash_at_start: bool,
    /// `stuck-ranges`: some ranges stay under-replicated.
    pub(super) stuck_ranges: bool,
    /// `rejects-sighup`: certificates are not reloaded.
    pub(super) rejects_sighup: bool,
    /// `dies-at-readiness`: the process ends at the moment in which it would be ready.
    pub(super) dies_at_readiness: bool,
}

/// Why a file of faults is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum FaultsError {
    #[error("roachsim: {}:{line}: {text:?} is no fault; there are slow-drain DURATION, never-ready, crash-at-start, stuck-ranges, rejects-sighup and dies-at-readiness", path.display())]
    Unknown { path: PathBuf, line: usize, text: String },
    #[error("roachsim: cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// The file of a store: its directory's name with `.faults` after it.
pub(super) fn file_of(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".faults");
    PathBuf::from(name)
}

/// Reads the file; without one nothing is wrong.
pub(super) fn read(path: &Path) -> Result<Faults, FaultsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            parse(&text).map_err(|(line, text)| FaultsError::Unknown { path: path.to_owned(), line, text })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Faults::default()),
        Err(source) => Err(FaultsError::Io { path: path.to_owned(), source }),
    }
}

/// Reads one fault a line; empty lines and those that begin with `#` say nothing.
fn parse(text: &str) -> Result<Faults, (usize, String)> {
    let mut faults = Faults::default();
    for (at, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let bad = || (at + 1, line.to_owned());
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["slow-drain", length] => faults.slow_drain = Some(duration(length).map_err(|_| bad())?),
            ["never-ready"] => faults.never_ready = true,
            ["crash-at-start"] => faults.crash_at_start = true,
            ["stuck-ranges"] => faults.stuck_ranges = true,
            ["rejects-sighup"] => faults.rejects_sighup = true,
            ["dies-at-readiness"] => faults.dies_at_readiness = true,
            _ => return Err(bad()),
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_a_line() {
        let faults = parse("# for a test\nslow-drain 2m\n\n never-ready \nstuck-ranges").unwrap();
        assert_eq!(faults.slow_drain, Some(Duration::from_secs(120)));
        assert!(faults.never_ready && faults.stuck_ranges && !faults.crash_at_start);
    }

    #[test]
    fn other_words_are_refused_with_their_line() {
        for (text, line) in
            [("never-redy", 1), ("\nslow-drain", 2), ("slow-drain soon", 1), ("never-ready now", 1)]
        {
            assert_eq!(parse(text).unwrap_err().0, line, "{text}");
        }
    }

    #[test]
    fn the_file_is_beside_the_store() {
        assert_eq!(file_of(Path::new("/var/lib/a")), PathBuf::from("/var/lib/a.faults"));
        assert_eq!(read(Path::new("/nonexistent/a.faults")).unwrap(), Faults::default());
    }
}
