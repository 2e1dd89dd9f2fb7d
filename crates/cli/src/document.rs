use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crdbctl_model::Observations;
use serde::Deserialize;

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
    let version: Versioned =
        serde_json::from_str(&text).map_err(|error| CliError::failed(&what, &error).hint(hint))?;
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

/// Writes a document whole or not at all, for its owner alone, over one that is there.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), CliError> {
    write_for(0o600, file, text)
}

/// Writes a document whole or not at all, for everybody to read, over one that is there.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_public(file: &Path, text: &str) -> Result<(), CliError> {
    write_for(0o644, file, text)
}

fn write_for(mode: u32, file: &Path, text: &str) -> Result<(), CliError> {
    let directory = file.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let written = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(directory)
        .and_then(|mut temporary| {
            temporary.write_all(text.as_bytes())?;
            // Set here, because the mode of a new file is subject to the umask.
            temporary.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
            temporary.as_file().sync_all()?;
            temporary.persist(file).map_err(|error| error.error)
        });
    written.map(drop).map_err(|error| CliError::failed(format!("writing {}", file.display()), &error))
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
}
