use std::collections::BTreeSet;

use clap::Args;
use crdbctl_model::NodeName;

use crate::applying::{Consent, show_and_apply};
use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::{CliError, ExitCode, Ui, interrupt, runtime};

/// Show the plan, ask, and apply it
///
/// Ends with 5, without beginning, when something could not be read, and with 4 when not everything
/// converged. What converged stays; the next apply does the rest.
#[derive(Args, Debug)]
pub(crate) struct ApplyArgs {
    /// Apply without asking
    #[arg(long)]
    yes: bool,

    /// Leave nodes alone of which anything is unknown, and apply the rest
    #[arg(long)]
    skip_unknown: bool,

    /// Delete the data of nodes that leave the cluster, too
    #[arg(long)]
    delete_data: bool,

    /// Disrupt this node without looking at the rest of the cluster first; may be given several times
    ///
    /// Skips the gate before the node: whether the other nodes are live and ready, and ranges whole. The node itself must become
    /// ready, and the gate after it must open before the next node goes. It is written down on the node and in the summary.
    #[arg(long, value_name = "NODE")]
    force_gate: Vec<String>,
}

pub(crate) fn run(args: &ApplyArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let cluster = Cluster::load(global, ui)?;
    let force_gates = force_gates(args, &cluster)?;
    let password = crate::password::sudo_password(global)?;
    runtime::run(async {
        let probe = interrupt::or_stop(ui, cluster.probe(password.as_ref(), ui)).await?;
        let plan = cluster.plan(&probe.observations, args.skip_unknown, args.delete_data);
        let consent = Consent {
            given: args.yes,
            skip_unknown: args.skip_unknown,
            delete_data: args.delete_data,
            force_gates,
        };
        show_and_apply("apply", &cluster, plan, probe, &consent, global, ui).await
    })
}

/// Returns the nodes of `--force-gate`.
fn force_gates(args: &ApplyArgs, cluster: &Cluster) -> Result<BTreeSet<NodeName>, CliError> {
    let find = |name: &String| {
        cluster.graph.nodes.keys().find(|node| node.as_str() == name).cloned().ok_or_else(|| {
            let nodes: Vec<&str> = cluster.graph.nodes.keys().map(NodeName::as_str).collect();
            CliError::new(ExitCode::Usage, format!("--force-gate {name}: the manifest has no such node"))
                .hint(format!("its nodes are {}", nodes.join(", ")))
        })
    };
    args.force_gate.iter().map(find).collect()
}
