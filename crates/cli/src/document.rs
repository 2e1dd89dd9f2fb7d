use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crdbctl_model::Observations;
use serde::Deserialize;
use serde_json::Value;

use crate::document_kind::{DocumentKind, no_json};
use crate::{CliError, ExitCode};

/// The part of a document that tells its form.
#[derive(Deserialize)]
struct Versioned {
    format_version: u32,
}

/// Returns the observations that `crdbctl probe -o FILE` wrote.
///
/// # Errors
/// When the file cannot be read, is something else, or has another form.
pub(crate) fn read_observations(file: &Path) -> Result<Observations, CliError> {
    let what = format!("reading the observations in {}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| CliError::failed(&what, &error))?;
    let hint = "write them with `crdbctl probe -o FILE`";
    let wrong = |why: &str| CliError::new(ExitCode::Error, format!("{what}: {why}")).hint(hint);
    let document: Value =
        serde_json::from_str(&text).map_err(|error| wrong(&no_json(text.as_bytes(), &error)))?;
    if let Some(instead) = DocumentKind::Observations.instead(&document) {
        return Err(wrong(&format!("there are none: {instead}")));
    }
    let version =
        Versioned::deserialize(&document).map_err(|error| CliError::failed(&what, &error).hint(hint))?;
    if version.format_version != Observations::FORMAT_VERSION {
        return Err(CliError::new(
            ExitCode::Error,
            format!(
                "{what}: they have form {}, and this crdbctl reads form {}",
                version.format_version,
                Observations::FORMAT_VERSION
            ),
        )
        .hint("use the crdbctl that wrote them, or probe again"));
    }
    serde_json::from_str(&text).map_err(|error| CliError::failed(&what, &error).hint(hint))
}

/// Returns observations as the text of their file: one JSON document.
///
/// # Errors
/// Never in practice: they are made of what serialises to JSON.
pub(crate) fn observations_text(observations: &Observations) -> Result<String, CliError> {
    let text = serde_json::to_string_pretty(observations)
        .map_err(|error| CliError::failed("writing the observations as JSON", &error))?;
    Ok(text + "\n")
}

/// Writes a document whole or not at all, for its owner alone, over one that is there; into a device or a pipe, as it is.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), CliError> {
    write_for(0o600, file, text)
}

/// Writes a document whole or not at all, for everybody to read, over one that is there; into a device or a pipe, as it is.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_public(file: &Path, text: &str) -> Result<(), CliError> {
    write_for(0o644, file, text)
}

fn write_for(mode: u32, file: &Path, text: &str) -> Result<(), CliError> {
    let written = if is_special(file) { write_into(file, text) } else { replace(mode, file, text) };
    written.map_err(|error| CliError::failed(format!("writing {}", file.display()), &error))
}

/// Returns whether a name leads to something that is there and holds no document: a device, a pipe, a socket. To put a file in
/// its place would break `/dev/stdout` or `/dev/null` for everybody on this host.
fn is_special(file: &Path) -> bool {
    // What proc(5) links to is open in this process, and a file in place of `/dev/stdout` is wrong wherever that leads.
    let is_open = || std::fs::read_link(file).is_ok_and(|target| target.starts_with("/proc"));
    std::fs::metadata(file).is_ok_and(|there| !there.is_dir() && (!there.is_file() || is_open()))
}

fn write_into(file: &Path, text: &str) -> io::Result<()> {
    let mut special = OpenOptions::new().write(true).open(file)?;
    // Asked of what was opened: a name may lead elsewhere by now, and the start of a file must not be written over.
    if special.metadata()?.is_file() {
        return Err(io::Error::other("it leads to a file that is open already; name that file, or another"));
    }
    special.write_all(text.as_bytes())
}

fn replace(mode: u32, file: &Path, text: &str) -> io::Result<()> {
    let directory = file.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(directory)
        // The name that it has meanwhile is nobody's business.
        .map_err(|error| {
            let why = format!("no file can be made in {}: {}", directory.display(), error.kind());
            io::Error::new(error.kind(), why)
        })
        .and_then(|mut temporary| {
            temporary.write_all(text.as_bytes())?;
            // Set here, because the mode of a new file is subject to the umask.
            temporary.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
            temporary.as_file().sync_all()?;
            temporary.persist(file).map_err(|error| error.error)
        })
        .map(drop)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crdbctl_model::Timestamp;

    use super::*;

    #[test]
    fn observations_round_trip_and_strangers_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("obs.json");
        let mut observations = Observations {
            format_version: Observations::FORMAT_VERSION,
            taken_at: Timestamp::from_unix(5),
            cluster: BTreeMap::new(),
            nodes: BTreeMap::new(),
        };
        write(&file, &serde_json::to_string(&observations).unwrap()).unwrap();
        assert_eq!(read_observations(&file).unwrap(), observations);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        observations.format_version = 99;
        write(&file, &serde_json::to_string(&observations).unwrap()).unwrap();
        assert!(read_observations(&file).unwrap_err().message.contains("form 99"));
        write(&file, "kind: Cluster\n").unwrap();
        let error = read_observations(&file).unwrap_err();
        assert!(error.message.contains("obs.json") && !error.hints.is_empty(), "{}", error.message);
        write_public(&file, "# EOF\n").unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
        assert!(write(&directory.path().join("no/such/file"), "").is_err());
    }

    #[test]
    fn a_pipe_or_a_device_is_written_into_and_never_replaced() {
        use std::os::unix::fs::{FileTypeExt, symlink};

        let directory = tempfile::tempdir().unwrap();
        let (pipe, link) = (directory.path().join("pipe"), directory.path().join("link"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        symlink(&pipe, &link).unwrap();
        for file in [&pipe, &link] {
            let reader = {
                let pipe = pipe.clone();
                std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap())
            };
            let written = write_public(file, "# EOF\n");
            let is_there = std::fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo();
            // Before the reader is waited for, which would wait for ever were the pipe gone.
            assert!(written.is_ok() && is_there, "{file:?}: {written:?}");
            assert_eq!(reader.join().unwrap(), "# EOF\n");
        }
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());

        let null = directory.path().join("null");
        symlink("/dev/null", &null).unwrap();
        write(&null, "gone").unwrap();
        assert_eq!(std::fs::read_link(&null).unwrap(), Path::new("/dev/null"));

        // As `/dev/stdout` is when standard output is a file.
        let (open, stdout) = (directory.path().join("open"), directory.path().join("stdout"));
        std::fs::write(&open, "told before").unwrap();
        let held = std::fs::File::open(&open).unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&held);
        symlink(format!("/proc/self/fd/{number}"), &stdout).unwrap();
        let error = write(&stdout, "numbers").unwrap_err();
        assert!(error.message.contains("open already"), "{}", error.message);
        assert!(std::fs::symlink_metadata(&stdout).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&open).unwrap(), "told before");
    }
}
