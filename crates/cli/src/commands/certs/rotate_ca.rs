use clap::Args;
use crdbctl_model::{Cause, Change, Desired, NodeName, Observations, Plan, ResourceAddr};
use crdbctl_planner::{
    Rotation, RotationStep, cut_off, is_of_rotation, plan_rotation, rotation, unreached_members,
};
use crdbctl_report::{count, render_plan};

use super::drop_old::{demand_client_authorities, demand_unneeded};
use crate::applying::{Consent, Invocation, not_begun, refuse_locked, show_and_apply};
use crate::args::GlobalArgs;
use crate::cluster::Cluster;
use crate::{CliError, ExitCode, Ui, interrupt, runtime};

/// Replace the certificate authority, one planned step a run
///
/// 1. Makes a new authority and puts it first in ca.crt, here and on every node; both are trusted from then on.
/// 2. Gives the nodes certificates by the new authority. Give ca.crt to all clients before this.
/// 3. Gives the clients in the authority's directory certificates by the new authority.
/// 4. With --drop-old: trusts the new authority alone, and deletes the old one's key.
///
/// Each run shows the plan of the next step, asks, and applies it, one node after the other, by reload and without a
/// restart. Nothing is remembered but the certificates themselves: an interrupted step goes on with the next run.
///
/// Rotate before the authority ends. Once it has ended, crdbctl apply replaces it in one step.
#[derive(Args, Debug)]
pub(crate) struct RotateCaArgs {
    /// Trust the new authority alone; refused while anything found needs the old one
    #[arg(long)]
    drop_old: bool,

    /// Apply without asking
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(args: &RotateCaArgs, global: &GlobalArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    let mut cluster = Cluster::load(global, ui)?;
    let password = crate::password::sudo_password(global)?;
    runtime::run(async {
        let probe = interrupt::or_stop(ui, cluster.probe_to_apply(password.as_ref(), ui)).await?;
        let ordinary = cluster.plan(&probe.observations, false, false);
        let invocation = Invocation { command: "certs rotate-ca", global, signs: true };
        refuse_locked(&ordinary, &probe, &invocation, ui)?;
        demand_valid_certificates(&ordinary, &cluster, &probe.observations)?;
        demand_nothing_else(&ordinary, ui)?;
        let stands = rotation(&cluster.graph, &probe.observations);
        if stands.as_ref().is_some_and(|rotation| rotation.step == RotationStep::DropOld) {
            demand_unneeded(&cluster, &probe.observations)?;
        }
        let step = match next(args, stands.as_ref(), &ordinary)? {
            Next::Step(step) => step,
            Next::Nothing(words) => {
                ui.status(words);
                return Ok(ExitCode::Done);
            }
        };
        if matches!(step, RotationStep::Nodes | RotationStep::DropOld) {
            demand_all_members(step, unreached_members(&cluster.graph, &probe.observations))?;
        }
        if matches!(step, RotationStep::Nodes | RotationStep::Clients) {
            demand_client_authorities(&cluster, &probe.observations)?;
        }
        let plan = plan_rotation(&cluster.graph, &probe.observations, probe.observations.taken_at, step);
        if plan.is_empty() && plan.is_complete() {
            return finish(step, ExitCode::Done, ui);
        }
        ui.status(&format!("Step {} of 4: {}.", step.number(), what(step)));
        let consent = Consent { given: args.yes, ..Consent::default() };
        let ended =
            show_and_apply("certs rotate-ca", &mut cluster, plan, probe, &consent, global, ui).await?;
        finish(step, ended, ui)
    })
}

enum Next {
    Step(RotationStep),
    Nothing(&'static str),
}

/// Returns the step to take, or why there is none.
fn next(args: &RotateCaArgs, stands: Option<&Rotation>, ordinary: &Plan) -> Result<Next, CliError> {
    let is_ca = |change: &Change| matches!(change.desired, Some(Desired::Ca(_)));
    let ca_differs = ordinary.changes.iter().any(is_ca);
    match (stands, args.drop_old) {
        // The old authority is gone from here, and a node was not reached.
        (None, true) if ca_differs => Ok(Next::Step(RotationStep::DropOld)),
        (None, true) => Ok(Next::Nothing("No old authority is trusted: there is nothing to drop.")),
        (None, false) if ca_differs => Err(refused("ca.crt of a node is not the authority's").hint(
            "run `crdbctl apply` first; after an interrupted `certs rotate-ca --drop-old` it finishes that",
        )),
        (None, false) => Ok(Next::Step(RotationStep::NewAuthority)),
        (Some(rotation), true) if rotation.step != RotationStep::DropOld => {
            let open: Vec<String> = rotation.open.iter().map(ResourceAddr::to_string).collect();
            Err(refused(format!(
                "step {} of 4 is not done ({}), and these need it: {}",
                rotation.step.number(),
                what(rotation.step),
                open.join(", ")
            ))
            .hint("run `crdbctl certs rotate-ca` until it says that the old authority may be dropped"))
        }
        (Some(rotation), false) if rotation.step == RotationStep::DropOld => Ok(Next::Nothing(
            "Nothing that was found needs the old authority. When no client outside does, drop it: crdbctl certs rotate-ca \
             --drop-old.",
        )),
        (Some(rotation), _) => Ok(Next::Step(rotation.step)),
    }
}

/// Refuses to rotate what has ended already: an ordinary plan replaces that in one step, because nobody accepts it any more.
fn demand_valid_certificates(
    ordinary: &Plan,
    cluster: &Cluster,
    observations: &Observations,
) -> Result<(), CliError> {
    let has_ended = |change: &Change| {
        matches!(change.desired, Some(Desired::Authority(_))) && change.cause == Cause::Expiry
    };
    if ordinary.changes.iter().any(has_ended) {
        return Err(refused(
            "the authority has ended, so that nobody accepts what it signed and nothing is left to rotate step by step",
        )
        .hint("run `crdbctl apply`: it makes a new authority, and all certificates by it, in one step"));
    }
    let cut_off = cut_off(&cluster.graph, observations, observations.taken_at);
    if cut_off.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = cut_off.iter().map(NodeName::as_str).collect();
    Err(refused(format!(
        "the certificates with which CockroachDB runs on {} are not accepted any more",
        names.join(", ")
    ))
    .hint("run `crdbctl apply` first: it renews them"))
}

/// Refuses to rotate while something is unknown, or something else is to be done first.
fn demand_nothing_else(ordinary: &Plan, ui: &Ui) -> Result<(), CliError> {
    let others: Vec<String> = ordinary
        .changes
        .iter()
        .filter(|change| !is_of_rotation(change))
        .map(|change| change.addr.to_string())
        .collect();
    if ordinary.is_complete() && others.is_empty() {
        return Ok(());
    }
    ui.result(&render_plan(ordinary, &ui.stdout))?;
    if !ordinary.is_complete() {
        return Err(not_begun(ordinary, "mend what is listed above: a rotation must see every node"));
    }
    Err(refused(format!(
        "{} to other things than certificates: {}",
        count(others.len(), "change"),
        others.join(", ")
    ))
    .hint("run `crdbctl apply` first: a rotation begins from nodes that are as the manifest says"))
}

/// Refuses what would part the cluster from a member that this rotation does not reach.
fn demand_all_members(step: RotationStep, unreached: Result<Vec<String>, String>) -> Result<(), CliError> {
    let what = what(step);
    match unreached {
        Ok(unreached) if unreached.is_empty() => Ok(()),
        Ok(unreached) => Err(refused(format!(
            "step {} of 4 ({what}) would part the cluster from {}: members that the manifest does not keep, and that this \
             rotation gives nothing",
            step.number(),
            unreached.join(", ")
        ))
        .hint("add them to the manifest and apply, or have them leave the cluster first")),
        Err(why) => Err(CliError::new(
            ExitCode::Unknown,
            format!("not applied: whether every member of the cluster is reached is not known: {why}"),
        )
        .hint("see why no node can be asked, then try again")),
    }
}

pub(super) fn refused(why: impl std::fmt::Display) -> CliError {
    CliError::new(ExitCode::Error, format!("not applied: {why}"))
}

fn what(step: RotationStep) -> &'static str {
    match step {
        RotationStep::NewAuthority => "a new authority, trusted beside the old one",
        RotationStep::Distribute => "the new authority is put before the old one on every node",
        RotationStep::Nodes => "certificates of nodes by the new authority",
        RotationStep::Clients => "certificates of clients by the new authority",
        RotationStep::DropOld => "the old authority is trusted no more",
    }
}

/// Says what is next after a step that went well.
fn finish(step: RotationStep, ended: ExitCode, ui: &Ui) -> Result<ExitCode, CliError> {
    if ended == ExitCode::Done {
        ui.status(match step {
            RotationStep::NewAuthority | RotationStep::Distribute => {
                "Next: give the new ca.crt to every client; when all have it, run crdbctl certs rotate-ca again for the nodes."
            }
            RotationStep::Nodes => "Next: run crdbctl certs rotate-ca again for the clients' certificates.",
            RotationStep::Clients => {
                "Next: give the clients their new certificates; when none uses an old one, run crdbctl certs rotate-ca --drop-old."
            }
            RotationStep::DropOld => {
                "The rotation is done. No running node tells whether it has read the shorter ca.crt: if the old key may be in other\n\
                 hands, restart the nodes one by one."
            }
        });
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_get_nothing_keep_a_rotation_from_going_on() {
        assert!(demand_all_members(RotationStep::Nodes, Ok(Vec::new())).is_ok());
        let refused =
            demand_all_members(RotationStep::DropOld, Ok(vec!["n4 at a:1".to_owned()])).unwrap_err();
        assert!(
            format!("{refused:?}").contains("step 4 of 4") && format!("{refused:?}").contains("n4 at a:1")
        );
        let unknown = demand_all_members(RotationStep::Nodes, Err("no answer".to_owned())).unwrap_err();
        assert!(format!("{unknown:?}").contains("no answer"));
    }
}
