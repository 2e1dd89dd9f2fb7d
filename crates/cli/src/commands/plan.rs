use std::path::PathBuf;

use clap::{Args, ValueEnum};
use crdbctl_model::{NodeName, Plan};
use crdbctl_report::{plan_json, render_plan};

use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::nodes::known_node;
use crate::{CliError, ExitCode, Ui, document, interrupt, runtime, selection};

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

    /// Plan to delete the data of nodes that leave, as `apply --delete-data` would
    #[arg(long)]
    delete_data: bool,

    /// Show this node's part only
    #[arg(long, value_name = "NAME")]
    node: Option<NodeName>,

    /// Plan from what `probe -o` wrote, without connecting to any node
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
}

/// A form of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON document.
    Json,
}

pub(crate) fn run(args: &PlanArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let cluster = Cluster::load(global, ui)?;
    if let Some(node) = &args.node {
        known_node(&cluster.graph, node)?;
    }
    let (observations, words) = match &args.observed {
        Some(file) => {
            let observations = document::read_observations(file)?;
            let words = format!("from {}, taken {}", file.display(), observations.taken_at.date());
            (observations, words)
        }
        None => {
            let password = crate::password::sudo_password(global)?;
            let probe = runtime::run(interrupt::or_stop(ui, cluster.probe(password.as_ref(), ui)))?;
            let words = probe.words();
            (probe.observations, words)
        }
    };
    let mut plan = cluster.plan(&observations, false, args.delete_data);
    if let Some(node) = &args.node {
        plan = selection::only_node(plan, node);
    }
    match args.format {
        PlanFormat::Json => ui.result(&format!("{:#}\n", plan_json(&plan)))?,
        PlanFormat::Human => {
            let header = if ui.quiet { String::new() } else { ui.header("plan", &plan.cluster, &words) };
            ui.result(&(header + &render_plan(&plan, &ui.stdout)))?;
        }
    }
    Ok(exit_code(&plan, args.detailed_exitcode))
}

/// Returns how a plan that is only shown ends.
fn exit_code(plan: &Plan, detailed: bool) -> ExitCode {
    match (plan.is_complete(), plan.is_empty()) {
        (false, _) => ExitCode::Unknown,
        (true, false) if detailed => ExitCode::Changes,
        (true, _) => ExitCode::Done,
    }
}
