use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crdbctl_cockroach::Version;
use crdbctl_cockroach::output::{VersionInfoError, build_tag};
use flate2::read::GzDecoder;

/// A release of the program, unpacked.
#[derive(Debug)]
pub struct Program {
    /// The binary.
    pub binary: PathBuf,
    /// What the binary says that it is.
    pub version: Version,
    /// The archive's members at its top.
    pub(crate) roots: BTreeSet<String>,
    _directory: tempfile::TempDir,
}

/// An archive that holds no program which runs here.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct ProgramError {
    path: PathBuf,
    kind: ProgramErrorKind,
}

#[derive(Debug, thiserror::Error)]
enum ProgramErrorKind {
    #[error("cannot be unpacked: {0}")]
    Unpack(io::Error),
    #[error("has no `cockroach-…/cockroach`: is it a release archive?")]
    NoBinary,
    #[error("its program does not run on this machine: {0}")]
    Run(io::Error),
    #[error("`version --build-tag` of its program: {0}")]
    Version(#[from] VersionInfoError),
}

impl Program {
    /// Returns the program of an archive (`.tgz`), unpacked in a temporary directory that goes with it.
    ///
    /// # Errors
    /// When the archive cannot be unpacked, or its program cannot be run or says no version.
    pub fn unpack(archive: &Path) -> Result<Self, ProgramError> {
        let made = || -> Result<Self, ProgramErrorKind> {
            let directory = tempfile::Builder::new()
                .prefix("crdbctl-conformance-")
                .tempdir()
                .map_err(ProgramErrorKind::Unpack)?;
            let roots = unpack(archive, directory.path()).map_err(ProgramErrorKind::Unpack)?;
            let binary = roots
                .iter()
                .map(|root| directory.path().join(root).join("cockroach"))
                .find(|path| path.is_file())
                .ok_or(ProgramErrorKind::NoBinary)?;
            let output = Command::new(&binary)
                .args(["version", "--build-tag"])
                .output()
                .map_err(ProgramErrorKind::Run)?;
            let version = build_tag(&String::from_utf8_lossy(&output.stdout))?;
            Ok(Self { binary, version, roots, _directory: directory })
        };
        made().map_err(|kind| ProgramError { path: archive.to_owned(), kind })
    }
}

/// Returns the names of the members at the top.
fn unpack(archive: &Path, into: &Path) -> io::Result<BTreeSet<String>> {
    let mut roots = BTreeSet::new();
    let mut tar = tar::Archive::new(GzDecoder::new(File::open(archive)?));
    for entry in tar.entries()? {
        let mut entry = entry?;
        if let Some(root) = entry.path()?.components().next() {
            roots.insert(root.as_os_str().to_string_lossy().into_owned());
        }
        entry.unpack_in(into)?;
    }
    Ok(roots)
}
