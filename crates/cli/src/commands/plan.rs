use std::path::PathBuf;

use clap::Args;
use crdbctl_model::{Plan, PlanState};
use crdbctl_report::View;

use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::found::found;
use crate::metrics_file::MetricsFile;
use crate::nodes::forced_gates;
use crate::plan_format::PlanFormat;
use crate::saved::{SavedOptions, SavedPlan};
use crate::selection::SelectionArgs;
use crate::{CliError, ExitCode, Ui, document, explanation, saved};

/// Show what apply would do
///
/// Changes nothing on any host. Ends with 5 when something could not be read, else with 0, or with
/// --detailed-exitcode with 2 when there are changes.
#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: PlanFormat,

    /// End with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,

    /// Save the plan to this file, for `show FILE` and `apply FILE`
    ///
    /// Only its owner can read the file. It is replaced atomically. It holds no secret. `apply FILE` does
    /// exactly this plan, or refuses it as stale.
    #[arg(short, long, value_name = "FILE", conflicts_with = "explain")]
    output: Option<PathBuf>,

    /// Plan to leave nodes alone of which anything is unknown, as `apply --skip-unknown` would
    #[arg(long)]
    skip_unknown: bool,

    /// Save that this node is to be disrupted as with `apply --force-gate`; may be given several times
    #[arg(long, value_name = "NODE", requires = "output")]
    force_gate: Vec<String>,

    /// Plan to delete the data of nodes that leave, as `apply --delete-data` would
    #[arg(long)]
    delete_data: bool,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Plan from what `probe -o` wrote, without connecting to any node
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,

    /// Keep what was found in this file, as `probe -o` does
    ///
    /// `plan --observed` with this file is this plan again, to the byte, without connecting to any node: for a bug report, or to
    /// look at it in another form.
    #[arg(long, value_name = "FILE", conflicts_with = "observed")]
    save_observations: Option<PathBuf>,

    /// Say why this resource is changed, or is not, what it rests on and what depends on it
    ///
    /// Ends as a plan of this resource alone would, and with 64 when there is none of this address.
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["format", "node", "target", "metrics"])]
    explain: Option<String>,

    /// Write the numbers to this file, for Prometheus's textfile collector
    ///
    /// Everyone can read the file. It is replaced atomically.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["node", "target"])]
    metrics: Option<PathBuf>,
}

pub(crate) fn run(args: &PlanArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let mut cluster = Cluster::load(global, ui)?;
    let selection = args.selection.of(&cluster.graph)?;
    let force_gates = forced_gates(&args.force_gate, &cluster.graph)?;
    let explained =
        args.explain.as_deref().map(|word| explanation::address(word, &cluster.graph)).transpose()?;
    let (observations, words) = found(&mut cluster, args.observed.as_deref(), global, ui)?;
    if let Some(file) = &args.save_observations {
        document::write(file, &document::observations_text(&observations)?)?;
    }
    let plan = cluster.plan_part(&selection, &observations, args.skip_unknown, args.delete_data)?;
    if let Some(addr) = &explained {
        return explanation::explain(addr, &plan, &cluster.graph, args.detailed_exitcode, ui);
    }
    let metrics = MetricsFile {
        file: args.metrics.as_deref(),
        plan: &plan,
        cluster: &cluster,
        observations: &observations,
        acceptance: None,
    };
    metrics.around(exit_code(&plan, args.detailed_exitcode), || {
        let shown = ui.skipping_unknown(args.skip_unknown);
        ui.result(&args.format.render(&plan, Some(&cluster.graph), View::Plan, "plan", &words, &shown))?;
        let Some(file) = &args.output else { return Ok(()) };
        let (skip_unknown, delete_data) = (args.skip_unknown, args.delete_data);
        let options = SavedOptions { skip_unknown, delete_data, force_gates, selection };
        let saved = SavedPlan::of(plan.clone(), &cluster.graph, &observations, options, &words);
        let text =
            saved::text(&saved).map_err(|error| CliError::failed("writing the plan as JSON", &error))?;
        document::write(file, &text)?;
        let name = file.display();
        ui.status(&if plan.is_empty() && plan.is_complete() {
            format!("Saved to {name}. It has no changes, so there is nothing to apply.")
        } else if plan.is_complete() || skip_unknown {
            format!("Saved to {name}: apply it with `crdbctl apply {name}`.")
        } else {
            format!("Saved to {name}, to be shown; it cannot be applied: not everything could be read.")
        });
        Ok(())
    })
}

/// Returns how a plan that is only shown ends.
fn exit_code(plan: &Plan, detailed: bool) -> ExitCode {
    match plan.state() {
        PlanState::Diverged if !detailed => ExitCode::Done,
        state => state.into(),
    }
}
