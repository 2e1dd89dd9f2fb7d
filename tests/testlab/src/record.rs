use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Doing as _, LabError, LabErrorKind};
use crate::host::HostName;

const FILE: &str = "lab.json";

/// What must be known of a lab to open it from another process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Whether the lab outlives the process that made it.
    pub(crate) persistent: bool,
    pub(crate) base: PathBuf,
    /// In the order of their addresses, which start at .11.
    pub(crate) hosts: Vec<HostName>,
}

impl Record {
    /// Returns the record of the lab in this folder, or `None` if it has none (yet, or no more).
    pub(crate) fn read(directory: &Path) -> Result<Option<Self>, LabError> {
        let path = directory.join(FILE);
        let doing = || format!("reading {}", path.display());
        let text = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.doing(doing)?,
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| LabErrorKind::Malformed(error.to_string()))
            .doing(doing)
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<(), LabError> {
        let path = directory.join(FILE);
        let doing = || format!("writing {}", path.display());
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| LabErrorKind::Malformed(error.to_string()))
            .doing(doing)?;
        let unfinished = directory.join("lab.json.new");
        fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, &path)).doing(doing)
    }
}
