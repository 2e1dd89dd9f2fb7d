use std::io::{BufRead, IsTerminal, Write};

use clap::Args;
use crdbctl_model::{ClusterName, Note, Plan};
use crdbctl_report::{RenderOptions, count, render_notes, render_plan};

use crate::applying::{Consent, Invocation, apply, not_begun, refuse_locked};
use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::{CliError, ExitCode, Ui, interrupt, runtime};

/// Show what removing the cluster would do, ask, and remove it
///
/// The way back: on all nodes at once, the service is stopped and disabled, then everything that crdbctl made
/// is removed. What it did not make stays, and so do the data, unless --delete-data is given, and the
/// certificate authority on this host. Ends as apply does; a second time there is nothing to do.
#[derive(Args, Debug)]
pub(crate) struct DestroyArgs {
    /// Delete all data of all nodes, too: nothing brings them back
    #[arg(long)]
    delete_data: bool,

    /// Destroy without asking; with --delete-data, --confirm is needed
    #[arg(long)]
    yes: bool,

    /// Name of the cluster, instead of typing it when asked
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,

    /// Leave nodes alone of which anything is unknown, and destroy the rest
    #[arg(long)]
    skip_unknown: bool,
}

pub(crate) fn run(args: &DestroyArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let mut cluster = Cluster::load_to_destroy(global, ui)?;
    if let Some(name) = &args.confirm
        && name != cluster.graph.cluster.as_str()
    {
        let message =
            format!("not destroyed: --confirm says {name}, and the cluster is {}", cluster.graph.cluster);
        return Err(CliError::new(ExitCode::Error, message).hint("see whether this is the right manifest"));
    }
    let password = crate::password::sudo_password(global)?;
    runtime::run(async {
        let probe = interrupt::or_stop(ui, cluster.probe_to_apply(password.as_ref(), ui)).await?;
        let mut plan = cluster.plan(&probe.observations, args.skip_unknown, args.delete_data);
        plan.notes.push(authority_stays(&cluster));
        let invocation = Invocation { command: "destroy", global, signs: false };
        refuse_locked(&plan, &probe, &invocation, ui)?;
        let header =
            if ui.quiet { String::new() } else { ui.header("destroy", &plan.cluster, &probe.words()) };
        ui.result(&(header + &shown(&plan, args.skip_unknown, ui)))?;
        if !plan.is_complete() && !args.skip_unknown {
            let hint = "mend what is listed above, or destroy the rest with --skip-unknown";
            return Err(not_begun(&plan, hint));
        }
        let whole = if plan.is_complete() { ExitCode::Done } else { ExitCode::Unknown };
        if plan.is_empty() {
            return Ok(whole);
        }
        if !is_confirmed(args) {
            interrupt::or_stop(ui, confirm(&plan, args.delete_data, ui)).await?;
        }
        let consent = Consent { delete_data: args.delete_data, ..Consent::default() };
        apply(&cluster, plan, probe, &invocation, &consent, whole, ui).await
    })
}

/// Returns the plan as text. Of a cluster that is gone there is nothing that could be as the manifest says.
fn shown(plan: &Plan, skip_unknown: bool, ui: &Ui) -> String {
    if !plan.is_empty() || !plan.is_complete() {
        return render_plan(plan, &RenderOptions { skip_unknown, ..ui.stdout });
    }
    let nodes = count(plan.basis.nodes.len(), "node");
    format!("{}\nNothing to remove from {nodes}.\n", render_notes(plan, &ui.stdout))
}

fn authority_stays(cluster: &Cluster) -> Note {
    let directory = cluster.authority.display();
    Note {
        addr: None,
        text: format!(
            "the certificate authority on this host, {directory}, stays: remove it by hand when no certificate of it is needed any more"
        ),
    }
}

/// A name cannot be given by accident, as `--yes` in a script can.
fn is_confirmed(args: &DestroyArgs) -> bool {
    args.confirm.is_some() || (args.yes && !args.delete_data)
}

/// Asks for the cluster's name.
async fn confirm(plan: &Plan, delete_data: bool, ui: &Ui) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        let name = &plan.cluster;
        let hint = if delete_data {
            format!(
                "review the plan, then destroy it with --delete-data --confirm {name}; --yes is not enough"
            )
        } else {
            format!("review the plan, then destroy it with --confirm {name}, or --yes")
        };
        let message = "not destroyed: there is no terminal to ask for the cluster's name on";
        return Err(CliError::new(ExitCode::Error, message).hint(&hint));
    }
    let what = if delete_data { " AND ALL OF ITS DATA" } else { "" };
    let question = format!("\nTo destroy the cluster {}{what}, type its name: ", plan.cluster);
    // Failing to ask shows as a missing answer.
    let _ = std::io::stderr().write_all(question.as_bytes());
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    match answer.await {
        Ok(Ok(line)) if is_name(&line, &plan.cluster) => Ok(()),
        _ => {
            ui.end_line();
            let message = "not destroyed: the answer was not the cluster's name; nothing was changed";
            Err(CliError::new(ExitCode::Error, message))
        }
    }
}

fn is_name(line: &str, cluster: &ClusterName) -> bool {
    line.trim() == cluster.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(delete_data: bool, yes: bool, confirm: Option<&str>) -> DestroyArgs {
        DestroyArgs { delete_data, yes, confirm: confirm.map(str::to_owned), skip_unknown: false }
    }

    #[test]
    fn yes_alone_never_deletes_data() {
        assert!(!is_confirmed(&args(true, true, None)));
        assert!(is_confirmed(&args(true, false, Some("store"))));
        assert!(is_confirmed(&args(false, true, None)));
        assert!(!is_confirmed(&args(false, false, None)));
    }

    #[test]
    fn only_the_whole_name_is_the_name() {
        let store = ClusterName::new("store").unwrap();
        assert!(is_name("store\n", &store));
        for line in ["", "\n", "yes\n", "stor\n", "store-2\n", "STORE\n"] {
            assert!(!is_name(line, &store), "{line:?}");
        }
    }
}
