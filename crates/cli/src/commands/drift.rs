use std::path::PathBuf;

use clap::{Args, ValueEnum};
use crdbctl_model::Divergence;
use crdbctl_report::View;

use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::found::found;
use crate::plan_format::PlanFormat;
use crate::{CliError, ExitCode, Ui};

/// Tell whether the hosts have moved, and whether the manifest is ahead of them
///
/// Changes nothing, on no host and not here, but the files that options name and the cache of releases. Ends with 0 when
/// nothing diverges, with 2 when something does, and with 5 when something could not be read, whatever else was found.
#[derive(Args, Debug)]
pub(crate) struct DriftArgs {
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: PlanFormat,

    /// Look at one side alone: what moved on the hosts, or what the manifest is ahead by
    #[arg(long, value_name = "SIDE", value_enum)]
    only: Option<Side>,

    /// Look at what `probe -o` wrote, without connecting to any node
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
    let cluster = Cluster::load(global, ui)?;
    let (observations, words) = found(&cluster, args.observed.as_deref(), global, ui)?;
    let mut plan = cluster.plan(&observations, false, false);
    if let Some(side) = args.only {
        plan = crdbctl_planner::only(plan, side.into(), &cluster.graph, &observations);
    }
    ui.result(&args.format.render(&plan, Some(&cluster.graph), View::Drift, "drift", &words, ui))?;
    Ok(plan.state().into())
}

impl From<Side> for Divergence {
    fn from(side: Side) -> Self {
        match side {
            Side::Drift => Self::Drift,
            Side::Change => Self::Change,
        }
    }
}
