use std::path::PathBuf;

use clap::Args;
use crdbctl_report::View;

use crate::plan_format::PlanFormat;
use crate::{CliError, ExitCode, Ui, saved};

/// Show a plan that `plan -o` saved, without any network
///
/// Needs neither the manifest nor a node. Whether the plan is stale is seen when it is applied.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The saved plan
    #[arg(value_name = "FILE")]
    saved: PathBuf,

    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: PlanFormat,
}

pub(crate) fn run(args: &ShowArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let saved = saved::read(&args.saved)?;
    let words = format!("{}, saved on {}", saved.origin, saved.taken_at.date());
    let ui = ui.skipping_unknown(saved.options.skip_unknown);
    ui.result(&args.format.render(&saved.plan, None, View::Plan, "show", &words, &ui))?;
    Ok(ExitCode::Done)
}
