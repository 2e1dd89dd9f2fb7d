use std::path::PathBuf;

use clap::Args;
use crdbctl_report::View;

use crate::plan_format::PlanFormat;
use crate::{CliError, ExitCode, Ui, plan_document, saved};

/// Show a plan from a file, or the plans of all shards as one, without any network
///
/// Takes what `plan -o` saved, and what `--format json` printed. Needs neither the manifest nor a node. Whether a saved plan is
/// stale is seen when it is applied.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The plan
    #[arg(value_name = "FILE", required_unless_present = "merge")]
    plan: Option<PathBuf>,

    /// Join the plans that `drift --shard I/N --format json` printed, one of every shard
    ///
    /// They must be of one cluster, manifest, number of shards, selection and day. A shard that is missing is unknown. What is
    /// joined cannot be applied. Ends as `drift` does: with 5 when something is unknown, else with 2 when there are changes.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "plan")]
    merge: Vec<PathBuf>,

    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: PlanFormat,

    /// Tell it as `drift` does, and end as it does; always so with --merge
    #[arg(long)]
    drift: bool,
}

pub(crate) fn run(args: &ShowArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let is_drift = args.drift || args.plan.is_none();
    let (shown, words, skip_unknown) = match &args.plan {
        None => {
            let (plan, words) = plan_document::read_shards(&args.merge)?;
            (plan, words, false)
        }
        Some(file) => {
            // Read once: of a pipe nothing would be left for a second time.
            let bytes = saved::bytes(file)?;
            if plan_document::is_one(&bytes) {
                (plan_document::of(file, &bytes)?, format!("from {}", file.display()), false)
            } else {
                let saved = saved::of(file, &bytes)?;
                let words = format!("{}, saved on {}", saved.origin, saved.taken_at.date());
                (saved.plan, words, saved.options.skip_unknown)
            }
        }
    };
    let view = if is_drift { View::Drift } else { View::Plan };
    let ui = ui.skipping_unknown(skip_unknown);
    ui.result(&args.format.render(&shown, None, view, "show", &words, &ui))?;
    Ok(if is_drift { shown.state().into() } else { ExitCode::Done })
}
