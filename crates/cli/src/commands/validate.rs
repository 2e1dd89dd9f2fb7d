use clap::Args;
use crdbctl_report::count;

use crate::args::GlobalArgs;
use crate::{CliError, ExitCode, Ui, manifest};

/// Check the manifest, without any network
///
/// Everything that is wrong is shown at once, with its place and what to write instead.
#[derive(Args, Debug)]
pub(crate) struct ValidateArgs {}

pub(crate) fn run(_: &ValidateArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let manifest = manifest::load(&global.file, ui)?.manifest;
    ui.result(&format!(
        "{} is valid: cluster {}, {}, CockroachDB {}.\n",
        manifest.source().name(),
        manifest.name.value,
        count(manifest.present().count(), "node"),
        manifest.cockroach.version.value
    ))?;
    Ok(ExitCode::Done)
}
