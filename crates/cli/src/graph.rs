use std::path::Path;

use crdbctl_model::ResourceGraph;

use crate::{CliError, Ui, manifest};

/// Returns the graph of a manifest whose archives are made up: to be looked at, never to plan with.
///
/// # Errors
/// When the manifest cannot be read or is wrong.
pub(crate) fn for_looking_at(file: &Path, ui: &Ui) -> Result<ResourceGraph, CliError> {
    let manifest = manifest::load(file, ui)?.manifest;
    crdbctl_spec::lower(&manifest, &crdbctl_spec::placeholder_archives())
        .map_err(|error| CliError::from_error(&error))
}
