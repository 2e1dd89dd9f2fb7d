use clap::Args;

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
}

pub(crate) fn run(args: &ApplyArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let cluster = Cluster::load(global, ui)?;
    let password = crate::password::sudo_password(global)?;
    runtime::run(async {
        let probe = interrupt::or_stop(ui, cluster.probe(password.as_ref(), ui)).await?;
        let plan = cluster.plan(&probe.observations, args.skip_unknown, args.delete_data);
        let consent =
            Consent { given: args.yes, skip_unknown: args.skip_unknown, delete_data: args.delete_data };
        show_and_apply("apply", &cluster, plan, probe, &consent, global, ui).await
    })
}
