use std::path::{Path, PathBuf};

use clap::Args;

use crate::applying::{Consent, Invocation, refuse_locked, show_and_apply};
use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::nodes::forced_gates;
use crate::saved::SavedOptions;
use crate::selection::SelectionArgs;
use crate::{CliError, ExitCode, Ui, applying_saved, interrupt, runtime, saved};

/// Show the plan, ask, and apply it
///
/// Ends with 5, without beginning, when something could not be read, and with 4 when not everything
/// converged. What converged stays; the next apply does the rest.
#[derive(Args, Debug)]
pub(crate) struct ApplyArgs {
    /// Apply this plan, which `plan -o` saved, and no other
    ///
    /// Exactly this plan is done, or nothing: with 3 it is refused when the manifest, what it refers to, or what is found on
    /// a node or in the cluster is not what it was when the plan was made. What changed is named. The options that the plan was
    /// saved with hold; others are refused.
    #[arg(value_name = "FILE")]
    saved: Option<PathBuf>,

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

    #[command(flatten)]
    selection: SelectionArgs,
}

pub(crate) fn run(args: &ApplyArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    if let Some(file) = &args.saved {
        return run_saved(file, args, global, ui);
    }
    let mut cluster = Cluster::load(global, ui)?;
    let force_gates = forced_gates(&args.force_gate, &cluster.graph)?;
    let selection = args.selection.of(&cluster.graph)?;
    let password = crate::password::sudo_password(global)?;
    runtime::run(async {
        let probe = interrupt::or_stop(ui, cluster.probe_to_apply(password.as_ref(), ui)).await?;
        let plan = cluster.plan_part(&selection, &probe.observations, args.skip_unknown, args.delete_data)?;
        let consent = Consent {
            given: args.yes,
            skip_unknown: args.skip_unknown,
            delete_data: args.delete_data,
            force_gates,
        };
        show_and_apply("apply", &mut cluster, plan, probe, &consent, global, ui).await
    })
}

fn run_saved(file: &Path, args: &ApplyArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let saved = saved::read(file)?;
    same_options(args, &saved.options, file)?;
    let mut cluster = Cluster::load(global, ui)?;
    // Where it takes the nodes' records to know what is in the archive, the comparison waits for these.
    let is_open = cluster.archives.is_open();
    if !is_open {
        applying_saved::is_wanted(&saved, &cluster, file)?;
    }
    let password = crate::password::sudo_password(global)?;
    runtime::run(async {
        let probe = interrupt::or_stop(ui, cluster.probe_to_apply(password.as_ref(), ui)).await?;
        let invocation = Invocation { command: "apply", global, signs: true };
        refuse_locked(&saved.plan, &probe, &invocation, ui)?;
        if is_open {
            applying_saved::is_wanted(&saved, &cluster, file)?;
        }
        let plan = applying_saved::plan_again(&saved, &cluster, &probe.observations, file)?;
        let options = saved.options;
        let consent = Consent {
            given: args.yes,
            skip_unknown: options.skip_unknown,
            delete_data: options.delete_data,
            force_gates: options.force_gates,
        };
        show_and_apply("apply", &mut cluster, plan, probe, &consent, global, ui).await
    })
}

/// Refuses options that the plan was not made with: what was reviewed is what is done.
fn same_options(args: &ApplyArgs, saved: &SavedOptions, file: &Path) -> Result<(), CliError> {
    let mut other = Vec::new();
    if args.skip_unknown && !saved.skip_unknown {
        other.push("--skip-unknown".to_owned());
    }
    if args.delete_data && !saved.delete_data {
        other.push("--delete-data".to_owned());
    }
    let is_forced = |name: &&String| saved.force_gates.iter().any(|node| node.as_str() == name.as_str());
    other.extend(
        args.force_gate.iter().filter(|name| !is_forced(name)).map(|name| format!("--force-gate {name}")),
    );
    let given = |node: &str| args.force_gate.iter().any(|name| name == node);
    if !args.force_gate.is_empty() && !saved.force_gates.iter().all(|node| given(node.as_str())) {
        other.push("fewer --force-gate than it has".to_owned());
    }
    let selection = args.selection.selection();
    if !selection.is_whole() && selection != saved.selection {
        other.push(selection.to_string());
    }
    if other.is_empty() {
        return Ok(());
    }
    let message = format!("the plan in {} was not made with {}", file.display(), other.join(", "));
    Err(CliError::new(ExitCode::Usage, message)
        .hint("plan again with these options and save that, or leave them out"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: ApplyArgs,
    }

    fn accepted(line: &str, saved: &SavedOptions) -> bool {
        let line = Line::parse_from(format!("apply FILE {line}").split_whitespace());
        same_options(&line.args, saved, Path::new("FILE")).is_ok()
    }

    #[test]
    fn the_options_of_a_saved_plan_hold_and_no_others() {
        let gates = ["store-1", "store-2"].map(|name| crdbctl_model::NodeName::new(name).unwrap());
        let plain = SavedOptions::default();
        let all = SavedOptions {
            skip_unknown: true,
            delete_data: true,
            force_gates: gates.into_iter().collect(),
            ..SavedOptions::default()
        };
        assert!(accepted("--yes", &plain) && accepted("--yes", &all));
        for option in ["--skip-unknown", "--delete-data", "--force-gate store-1"] {
            assert!(!accepted(option, &plain), "{option}");
        }
        assert!(accepted("--skip-unknown --delete-data --force-gate store-2 --force-gate store-1", &all));
        for option in
            ["--force-gate store-1", "--force-gate store-1 --force-gate store-2 --force-gate store-3"]
        {
            assert!(!accepted(option, &all), "{option}");
        }
        let part = Line::parse_from(["apply", "--node", "store-1", "--target", "*/unit.*"]).args.selection;
        let part = SavedOptions { selection: part.selection(), ..SavedOptions::default() };
        assert!(accepted("--yes", &part) && accepted("--target */unit.* --node store-1", &part));
        for option in ["--node store-1", "--node store-1 --target */*", "--target */unit.*"] {
            assert!(!accepted(option, &part) && !accepted(option, &plain), "{option}");
        }
    }
}
