use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crdbctl_spec::{Diagnostics, Inputs, Manifest};

use crate::{CliError, ExitCode, Ui};

/// The largest manifest that is read, in bytes; one of a thousand nodes takes less than a tenth of it.
const LARGEST: u64 = 8 << 20;

/// A manifest with the directory that its paths are relative to.
#[derive(Debug)]
pub(crate) struct LoadedManifest {
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// Where it lies; the working directory for standard input.
    pub(crate) directory: PathBuf,
}

/// Returns the manifest in `file`; `-` is standard input.
///
/// # Errors
/// When it cannot be read, and when anything is wrong with it or not supported yet: all of it is printed
/// at once.
pub(crate) fn load(file: &Path, ui: &Ui) -> Result<LoadedManifest, CliError> {
    let (bytes, name) = read(file)?;
    let directory = match file.parent() {
        Some(parent) if file != Path::new("-") && parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let inputs = Inputs {
        environment: &|variable| std::env::var(variable).ok(),
        file: &|path| read_beside(&directory, path),
    };
    let manifest = crdbctl_spec::parse_bytes(&bytes, &name, &inputs).map_err(|wrong| explain(&wrong, ui))?;
    let unsupported = manifest.unsupported();
    if unsupported.is_empty() {
        Ok(LoadedManifest { manifest, directory })
    } else {
        Err(explain(&unsupported, ui))
    }
}

impl LoadedManifest {
    /// Returns a path of the manifest as a path from here: relative ones start from the manifest's
    /// directory, and `~/` is the user's home.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), std::env::home_dir()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.directory.join(path),
        }
    }
}

fn read(file: &Path) -> Result<(Vec<u8>, String), CliError> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin { "standard input".to_owned() } else { file.display().to_string() };
    let read =
        if is_stdin { read_limited(std::io::stdin()) } else { File::open(file).and_then(read_limited) };
    let bytes = read.map_err(|error| {
        let failed = CliError::failed(format!("reading the manifest {name}"), &error);
        match error.kind() {
            ErrorKind::NotFound => failed.hint("name it with --file, or write one with `crdbctl init`"),
            _ => failed,
        }
    })?;
    Ok((bytes, name))
}

pub(crate) fn read_limited(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::new(
            ErrorKind::FileTooLarge,
            format!("larger than {} MiB", LARGEST >> 20),
        ));
    }
    Ok(bytes)
}

fn read_beside(directory: &Path, path: &str) -> Result<String, String> {
    let file = directory.join(path);
    let bytes = File::open(&file).and_then(read_limited).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

/// Prints diagnostics, which have a form of their own, and returns the error that remains.
pub(crate) fn explain(wrong: &Diagnostics, ui: &Ui) -> CliError {
    ui.say_as_is(wrong.render(ui.stderr.color, ui.stderr.width).trim_end());
    CliError::silent(ExitCode::Error)
}
