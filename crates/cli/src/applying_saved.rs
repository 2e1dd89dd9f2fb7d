//! What stands between a saved plan and its execution.

use std::path::Path;

use crdbctl_model::{Observations, Plan};
use crdbctl_planner::PlanOptions;
use crdbctl_report::count;

use crate::applying::not_begun;
use crate::cluster::Cluster;
use crate::saved::{SavedPlan, staleness};
use crate::{CliError, ExitCode, clock};

/// How many of the reasons are told; the first few say what happened.
const MOST: usize = 40;

/// Sees that a saved plan is of this manifest and of what it refers to, before any connection.
///
/// # Errors
/// When it is not, or when it cannot be applied anyway.
pub(crate) fn is_wanted(saved: &SavedPlan, cluster: &Cluster, file: &Path) -> Result<(), CliError> {
    let differ = staleness::wanted(saved, &cluster.graph);
    if !differ.is_empty() {
        return Err(stale(file, differ));
    }
    if !saved.plan.is_complete() && !saved.options.skip_unknown {
        let hint = "mend what `crdbctl show` lists, and plan again; or plan for the rest with --skip-unknown";
        return Err(not_begun(&saved.plan, hint));
    }
    Ok(())
}

/// Returns the plan that is made from what was found now: the saved one.
///
/// # Errors
/// When it is another, with [`ExitCode::Stale`]; with [`ExitCode::Unknown`] when nothing is known to have changed and
/// something cannot be read.
pub(crate) fn plan_again(
    saved: &SavedPlan,
    cluster: &Cluster,
    observations: &Observations,
    file: &Path,
) -> Result<Plan, CliError> {
    let options = &saved.options;
    // A selection that means nothing any more, or breaks the order now, is no plan that somebody reviewed.
    let as_of = |now| {
        let whole = cluster.plan_as_of(now, observations, options.skip_unknown, options.delete_data);
        let with = PlanOptions {
            now,
            skip_unknown: options.skip_unknown,
            delete_data: options.delete_data,
            shard: None,
        };
        crdbctl_planner::select(whole, &options.selection, &cluster.graph, observations, &with)
            .map_err(|error| stale(file, error.to_string().lines().map(str::to_owned).collect()))
    };
    let moved = staleness::found(saved, observations);
    let mut differ = moved.changed;
    if !differ.is_empty() {
        differ.extend(moved.unread);
        return Err(stale(file, differ));
    }
    if !moved.unread.is_empty() {
        let what = count(moved.unread.len(), "thing");
        let message = format!(
            "not applied: {what} could not be read that the plan in {} rests on\n{}",
            file.display(),
            listed(moved.unread)
        );
        return Err(CliError::new(ExitCode::Unknown, message)
            .hint("mend that and apply the same file again; nothing was changed"));
    }
    let plan = as_of(saved.taken_at)?;
    let mut differ = staleness::plans(&saved.plan, &plan);
    if differ.is_empty() {
        differ = staleness::come_due(&plan, &as_of(clock::now().max(saved.taken_at))?);
    }
    if differ.is_empty() { Ok(plan) } else { Err(stale(file, differ)) }
}

fn stale(file: &Path, why: Vec<String>) -> CliError {
    let message = format!("not applied: the plan in {} is stale\n{}", file.display(), listed(why));
    CliError::new(ExitCode::Stale, message).hint("nothing was changed: plan again, review that and save it")
}

fn listed(mut lines: Vec<String>) -> String {
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}
