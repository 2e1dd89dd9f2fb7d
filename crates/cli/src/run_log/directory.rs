use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

/// What a log's file is named after its run's id.
const SUFFIX: &str = ".jsonl";

/// The largest log that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// After this time a log without a first line belongs to a run that was killed. Writing the line takes milliseconds.
const UNFINISHED_FOR: Duration = Duration::from_secs(3600);

/// The directory of the logs, `crdbctl/runs` in the user's state directory: opened once, and used through what was opened,
/// so that nobody can lead a run elsewhere by a link.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    directory: OwnedFd,
    path: PathBuf,
}

impl RunDirectory {
    /// Opens the directory, made for its owner alone where it is not there.
    ///
    /// # Errors
    /// When it cannot be made, is a link, belongs to somebody else, or others may write to it.
    pub(crate) fn make(state: &Path) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(state)?;
        Self::enter(state, true)
    }

    /// Opens the directory to read; `None` where there is none.
    ///
    /// # Errors
    /// As [`RunDirectory::make`].
    pub(crate) fn open(state: &Path) -> io::Result<Option<Self>> {
        match Self::enter(state, false) {
            Ok(directory) => Ok(Some(directory)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn enter(state: &Path, make: bool) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut path = state.to_owned();
        // The state directory itself is the user's to choose, and may be a link.
        let mut directory = rustix::fs::open(state, flags, Mode::empty())?;
        for part in ["crdbctl", "runs"] {
            path.push(part);
            if make {
                match rustix::fs::mkdirat(&directory, part, Mode::RWXU) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let opened = rustix::fs::openat(&directory, part, flags | OFlags::NOFOLLOW, Mode::empty());
            directory = opened.map_err(|error| match error {
                Errno::LOOP | Errno::NOTDIR => refused(&path, "it is not a directory, or a link"),
                error => error.into(),
            })?;
            let status = rustix::fs::fstat(&directory)?;
            if status.st_uid != rustix::process::geteuid().as_raw() {
                return Err(refused(&path, "it belongs to another user"));
            }
            if Mode::from_raw_mode(status.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
                return Err(refused(&path, "others may write to it"));
            }
        }
        Ok(Self { directory, path })
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the log of a run with its first line, for its owner alone, and holds its lock as long as the file is open.
    /// The file appears under its name with that line in it: whoever reads the newest log never finds an empty one.
    ///
    /// # Errors
    /// When it cannot be created or written, or exists already.
    pub(crate) fn create(&self, run: &str, first_line: &str) -> io::Result<File> {
        let unfinished = unfinished_name(run);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.directory, &unfinished, flags, Mode::RUSR | Mode::WUSR)?;
        // Whoever looks whether it is held lets go at once. A file system without locks has a run that goes on shown as cut
        // off, which is no reason to keep no log.
        let _ = rustix::fs::flock(&file, FlockOperation::LockExclusive);
        let mut file = File::from(file);
        let named = file.write_all(first_line.as_bytes()).and_then(|()| self.name(&unfinished, run));
        if named.is_err() {
            // The error of the write is the one to report.
            let _ = rustix::fs::unlinkat(&self.directory, &unfinished, AtFlags::empty());
        }
        named.map(|()| file)
    }

    /// Gives an unfinished log its name, and never replaces another.
    fn name(&self, unfinished: &str, run: &str) -> io::Result<()> {
        let name = file_name(run);
        let renamed = rustix::fs::renameat_with(
            &self.directory,
            unfinished,
            &self.directory,
            &name,
            RenameFlags::NOREPLACE,
        );
        match renamed {
            // This file system cannot rename without replacing. No other run has this id.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                match rustix::fs::statat(&self.directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
                    Err(Errno::NOENT) => {
                        Ok(rustix::fs::renameat(&self.directory, unfinished, &self.directory, &name)?)
                    }
                    Ok(_) => Err(Errno::EXIST.into()),
                    Err(error) => Err(error.into()),
                }
            }
            renamed => Ok(renamed?),
        }
    }

    /// Returns the ids of the runs that have a log, newest first, and the names of files that belong to none.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(crate) fn list(&self) -> io::Result<(Vec<String>, Vec<String>)> {
        let (mut runs, mut others) = (Vec::new(), Vec::new());
        for entry in Dir::read_from(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            match name.strip_suffix(SUFFIX) {
                Some(run) if is_run_id(run) => runs.push(run.to_owned()),
                _ if name == "." || name == ".." || unfinished_run(&name).is_some() => {}
                _ => others.push(name),
            }
        }
        runs.sort_by(|one, other| other.cmp(one));
        others.sort();
        Ok((runs, others))
    }

    /// Returns the log of a run, and whether the run holds it: it is still going then.
    ///
    /// # Errors
    /// When it cannot be read, or is no plain file.
    pub(crate) fn read(&self, run: &str) -> io::Result<(String, bool)> {
        let file = self.open_file(run)?;
        // Looked at first: a run that ends in between has its end in the text.
        let going = is_held(&file);
        let mut bytes = Vec::new();
        File::from(file).take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(io::Error::other(format!("larger than {} MiB", LARGEST >> 20)));
        }
        // A line that is cut off may end within a character.
        Ok((String::from_utf8_lossy(&bytes).into_owned(), going))
    }

    /// Deletes the oldest logs but for the newest `keep`, and but for those of runs that are still going; and those that a
    /// run which was killed left without a first line, after an hour.
    ///
    /// # Errors
    /// When the directory cannot be read, or a log cannot be deleted.
    pub(crate) fn prune(&self, keep: usize) -> io::Result<()> {
        let (runs, _) = self.list()?;
        for run in runs.iter().skip(keep) {
            // What cannot be opened, such as a link, is not ours, and stays.
            if self.open_file(run).is_ok_and(|file| !is_held(&file)) {
                match rustix::fs::unlinkat(&self.directory, file_name(run), AtFlags::empty()) {
                    // Another run was faster.
                    Ok(()) | Err(Errno::NOENT) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        self.prune_unfinished()
    }

    fn prune_unfinished(&self) -> io::Result<()> {
        for entry in Dir::read_from(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if unfinished_run(&name).is_none() {
                continue;
            }
            let Ok(status) = rustix::fs::statat(&self.directory, &name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            let changed = u64::try_from(status.st_mtime).unwrap_or(0);
            let age = SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_secs(changed));
            if FileType::from_raw_mode(status.st_mode) == FileType::RegularFile
                && age.is_ok_and(|age| age > UNFINISHED_FOR)
            {
                match rustix::fs::unlinkat(&self.directory, &name, AtFlags::empty()) {
                    Ok(()) | Err(Errno::NOENT) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    fn open_file(&self, run: &str) -> io::Result<OwnedFd> {
        // Without NONBLOCK a named pipe would wait for somebody to write.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file =
            rustix::fs::openat(&self.directory, file_name(run), flags, Mode::empty()).map_err(|error| {
                match error {
                    Errno::LOOP => io::Error::other("it is a link"),
                    error => error.into(),
                }
            })?;
        match FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(file),
            _ => Err(io::Error::other("it is no plain file")),
        }
    }
}

/// Returns whether text is a run's id, `20261204-101500-1a2b3c4d`: what a file may be named after.
pub(crate) fn is_run_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    matches!(parts[..], [day, time, unique] if digits(day, 8)
        && digits(time, 6)
        && unique.len() == 8
        && unique.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

fn file_name(run: &str) -> String {
    format!("{run}{SUFFIX}")
}

/// Returns the name of a log that has no first line yet.
fn unfinished_name(run: &str) -> String {
    format!(".{run}{SUFFIX}")
}

/// Returns the run whose log has no first line yet under this name.
fn unfinished_run(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(SUFFIX).filter(|run| is_run_id(run))
}

fn is_held(file: &impl AsFd) -> bool {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn id(number: usize) -> String {
        format!("20261204-1{:03}{:02}-1a2b3c4d", number / 60, number % 60)
    }

    #[test]
    fn directories_and_files_are_their_owners_alone() {
        let state = tempfile::tempdir().unwrap();
        let runs = RunDirectory::make(&state.path().join("deep/state")).unwrap();
        runs.create(&id(1), "x\n").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let at = state.path().join("deep/state/crdbctl/runs");
        assert_eq!(runs.path(), at);
        assert_eq!((mode(&at), mode(at.parent().unwrap())), (0o700, 0o700));
        assert_eq!(mode(&at.join(format!("{}.jsonl", id(1)))), 0o600);
        assert_eq!(runs.read(&id(1)).unwrap(), ("x\n".to_owned(), false));
        assert!(runs.create(&id(1), "y\n").is_err(), "it is there already");
        assert_eq!(runs.read(&id(1)).unwrap().0, "x\n");
        assert_eq!(runs.path().read_dir().unwrap().count(), 1, "nothing unfinished stays");
    }

    #[test]
    fn links_are_never_followed_and_what_others_may_write_to_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let runs = RunDirectory::make(state.path()).unwrap();
        let victim = elsewhere.path().join("victim");
        std::fs::write(&victim, "keep").unwrap();
        symlink(&victim, runs.path().join(format!("{}.jsonl", id(1)))).unwrap();
        assert!(runs.create(&id(1), "").is_err());
        assert!(runs.read(&id(1)).unwrap_err().to_string().contains("link"));
        runs.prune(0).unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "keep");
        assert!(runs.path().join(format!("{}.jsonl", id(1))).is_symlink(), "not ours");

        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(runs.path(), open).unwrap();
        let error = RunDirectory::make(state.path()).unwrap_err().to_string();
        assert!(error.contains("others may write"), "{error}");

        let other = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), other.path().join("crdbctl")).unwrap();
        let error = RunDirectory::make(other.path()).unwrap_err().to_string();
        assert!(error.contains("link"), "{error}");
        assert!(!elsewhere.path().join("runs").exists());
    }

    #[test]
    fn the_newest_stay_and_one_that_is_going_does_too() {
        let state = tempfile::tempdir().unwrap();
        let runs = RunDirectory::make(state.path()).unwrap();
        let going = runs.create(&id(0), "").unwrap();
        for number in 1..=9 {
            runs.create(&id(number), "").unwrap();
        }
        std::fs::write(runs.path().join("notes.txt"), "mine").unwrap();
        assert!(runs.read(&id(0)).unwrap().1 && !runs.read(&id(1)).unwrap().1);
        runs.prune(3).unwrap();
        let (left, others) = runs.list().unwrap();
        assert_eq!(left, [id(9), id(8), id(7), id(0)]);
        assert_eq!(others, ["notes.txt"]);
        drop(going);
        runs.prune(3).unwrap();
        assert_eq!(runs.list().unwrap().0, [id(9), id(8), id(7)]);
        assert!(runs.path().join("notes.txt").exists());
    }

    #[test]
    fn a_directory_or_a_pipe_in_a_logs_place_is_told_and_waits_for_nobody() {
        let state = tempfile::tempdir().unwrap();
        assert!(RunDirectory::open(state.path()).unwrap().is_none());
        assert!(RunDirectory::open(&state.path().join("none")).unwrap().is_none());
        let runs = RunDirectory::make(state.path()).unwrap();
        std::fs::create_dir(runs.path().join(format!("{}.jsonl", id(1)))).unwrap();
        let pipe = runs.path().join(format!("{}.jsonl", id(2)));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for number in [1, 2] {
            let error = runs.read(&id(number)).unwrap_err().to_string();
            assert!(error.contains("no plain file"), "{error}");
        }
    }

    #[test]
    fn a_log_is_never_seen_without_its_first_line() {
        let state = tempfile::tempdir().unwrap();
        let runs = RunDirectory::make(state.path()).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        let seen = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut seen = 0;
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    if let Some(newest) = runs.list().unwrap().0.first() {
                        assert_eq!(runs.read(newest).unwrap().0, "first\n", "{newest}");
                        seen += 1;
                    }
                }
                seen
            });
            for number in 0..2000 {
                runs.create(&id(number), "first\n").unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            reader.join().unwrap()
        });
        assert!(seen > 10, "{seen}");
    }

    #[test]
    fn what_a_killed_run_left_without_a_line_is_not_listed_and_goes_after_an_hour() {
        let state = tempfile::tempdir().unwrap();
        let runs = RunDirectory::make(state.path()).unwrap();
        let (old, new) = (unfinished_name(&id(1)), unfinished_name(&id(2)));
        for name in [&old, &new] {
            std::fs::write(runs.path().join(name), "").unwrap();
        }
        let hours_ago = SystemTime::now() - 2 * UNFINISHED_FOR;
        File::options().write(true).open(runs.path().join(&old)).unwrap().set_modified(hours_ago).unwrap();
        assert_eq!(runs.list().unwrap(), (Vec::new(), Vec::new()));
        runs.prune(3).unwrap();
        assert!(!runs.path().join(&old).exists() && runs.path().join(&new).exists());
    }

    #[test]
    fn only_ids_name_files() {
        assert!(is_run_id("20261204-101500-1a2b3c4d"));
        for no in [
            "",
            "latest",
            "20261204-101500",
            "../../etc/passwd",
            "20261204-101500-1a2b3c4D",
            "2026120٤-101500-1a2b3c4d",
        ] {
            assert!(!is_run_id(no), "{no}");
        }
    }
}
