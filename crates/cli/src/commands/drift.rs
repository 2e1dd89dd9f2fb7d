use std::path::PathBuf;

use clap::{Args, ValueEnum};
use crdbctl_model::{Day, Divergence};
use crdbctl_report::View;

use crate::args::GlobalArgs;
use crate::clock::now;
use crate::cluster::Cluster;
use crate::found::found;
use crate::metrics_file::MetricsFile;
use crate::plan_format::PlanFormat;
use crate::selection::SelectionArgs;
use crate::shard_args::ShardArgs;
use crate::{CliError, ExitCode, Ui, accepting, document};

/// Report what changed on the hosts, and what in the manifest is not applied yet
///
/// Changes nothing, on no host and not here, but the files that options name and the cache of releases. Ends with 0 when
/// nothing diverges, with 2 when something does, and with 5 when something could not be read, whatever else was found.
#[derive(Args, Debug)]
pub(crate) struct DriftArgs {
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: PlanFormat,

    /// Report one side only: what changed on the hosts, or what in the manifest is not applied yet
    #[arg(long, value_name = "SIDE", value_enum)]
    only: Option<Side>,

    /// File with drift that is accepted for a time
    ///
    /// By default cluster.accept.yaml next to cluster.yaml, if it exists. specs/accept.v1.md describes it.
    #[arg(long, value_name = "FILE")]
    accept: Option<PathBuf>,

    /// Write the result to this file in its form, and to standard output for people
    ///
    /// Only its owner can read the file. It is replaced atomically.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write the numbers to this file, for Prometheus's textfile collector
    ///
    /// Everyone can read the file. It is replaced atomically.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["shard", "node", "target"])]
    metrics: Option<PathBuf>,

    #[command(flatten)]
    shard: ShardArgs,

    #[command(flatten)]
    selection: SelectionArgs,

    /// Compare what `probe -o` wrote, without connecting to any node
    #[arg(long, value_name = "FILE")]
    observed: Option<PathBuf>,
}

/// The side that moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Side {
    /// The hosts are not what they were when crdbctl applied, or a certificate nears its end
    Drift,
    /// The hosts were never brought to what the manifest says now
    Change,
}

pub(crate) fn run(args: &DriftArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let mut cluster = Cluster::load(global, ui)?.within(args.shard.shard);
    let selection = args.selection.of(&cluster.graph)?;
    let mut look = || found(&mut cluster, args.observed.as_deref(), global, ui);
    let recorded = args.observed.is_some().then(&mut look).transpose()?;
    // Before any connection is made. How far ahead drift may be accepted counts from the later of today and the day of the probe.
    let taken_at = recorded.iter().map(|(observations, _)| observations.taken_at);
    let today = Day::of(taken_at.fold(now(), Ord::max));
    let acceptance = accepting::load(args.accept.as_deref(), &global.file, today, ui)?;
    let (observations, words) = recorded.map_or_else(look, Ok)?;
    let mut plan = cluster.look_at(&selection, &observations)?;
    let mut warnings = Vec::new();
    if let Some(acceptance) = &acceptance {
        let accepted = crdbctl_planner::accept(plan, acceptance, &cluster.graph, &observations);
        (plan, warnings) = (accepted.plan, accepted.warnings);
    }
    if let Some(side) = args.only {
        plan = crdbctl_planner::only(plan, side.into(), &cluster.graph, &observations);
    }
    let in_form = |format: PlanFormat, ui: &Ui| {
        format.render(&plan, Some(&cluster.graph), View::Drift, "drift", &words, ui)
    };
    let metrics = MetricsFile {
        file: args.metrics.as_deref(),
        plan: &plan,
        cluster: &cluster,
        observations: &observations,
        acceptance: acceptance.as_ref(),
    };
    metrics.around(plan.state().into(), || {
        warnings.iter().for_each(|warning| ui.warning(warning));
        match &args.output {
            Some(file) => {
                document::write(file, &in_form(args.format, &ui.for_file()))?;
                ui.result(&in_form(PlanFormat::Human, ui))
            }
            None => ui.result(&in_form(args.format, ui)),
        }
    })
}

impl From<Side> for Divergence {
    fn from(side: Side) -> Self {
        match side {
            Side::Drift => Self::Drift,
            Side::Change => Self::Change,
        }
    }
}
