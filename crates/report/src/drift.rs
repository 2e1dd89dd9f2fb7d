//! A plan as the answer to one question: have the hosts moved?

use std::collections::BTreeSet;

use crdbctl_model::{Cause, Change, Divergence, LeftOutWhy, NodeName, Plan, PlanState, ResourceAddr};

use crate::block::lay_out;
use crate::line::{Line, write_all};
use crate::plan::blocks;
use crate::summary::note_lines;
use crate::{RenderOptions, Role, View, count, omission, unknown};

/// Returns what `drift` found, for people: first what moved on the hosts, then what the manifest is ahead by, what could not be
/// read and notes; the last line says in one sentence what a pipeline needs, as [`drift_sentence`].
///
/// Ends in a line feed.
pub fn render_drift(plan: &Plan, options: &RenderOptions) -> String {
    let width = options.columns();
    let mut sections: Vec<Vec<Line>> = Vec::new();
    for (divergence, part) in sides(plan) {
        let heading = Line::of(Role::Title, heading(divergence, &part));
        let changes = lay_out(blocks(&part, width, View::Drift), width);
        sections.push(std::iter::once(heading).chain(changes).collect());
    }
    sections.push(unknown::lines(plan, width));
    sections.push(note_lines(plan, width));
    sections.push(omission::lines(plan, width));
    let role = match plan.state() {
        PlanState::Clean => Role::Success,
        PlanState::Diverged => Role::Update,
        PlanState::Incomplete => Role::Unknown,
    };
    // Never wrapped, so that the last line of a log is the whole sentence.
    sections.push(vec![Line::of(role, drift_sentence(plan))]);
    sections.retain(|lines| !lines.is_empty());
    sections.iter().map(|lines| write_all(lines, options.color)).collect::<Vec<_>>().join("\n")
}

/// Returns what a pipeline needs to know, in one sentence: what could not be read, how many resources drifted on how many nodes, how
/// many changes of the manifest are not applied, how many are accepted.
///
/// It begins with `No ` exactly when the exit code is 0, and with `Incomplete: ` exactly when that is 5.
pub fn drift_sentence(plan: &Plan) -> String {
    let of = |side| plan.changes.iter().filter(move |change| change.cause.is_of(side));
    let (drifted, ahead) = (of(Divergence::Drift).collect::<Vec<_>>(), of(Divergence::Change).count());
    let mut parts = Vec::new();
    if !drifted.is_empty() {
        let (noun, has) = if drifted.len() == 1 { ("resource", "has") } else { ("resource", "have") };
        parts.push(format!("{} {has} drifted {}", count(drifted.len(), noun), places(&drifted)));
    }
    if ahead > 0 {
        parts.push(match ahead {
            1 => "1 change of the manifest is not applied".to_owned(),
            several => format!("{several} changes of the manifest are not applied"),
        });
    }
    let found = match (parts.is_empty(), plan.part.only) {
        (false, _) => parts.join(", "),
        (true, Some(Divergence::Change)) => "no change of the manifest is left to apply".to_owned(),
        (true, _) => "no drift".to_owned(),
    };
    let is_complete = plan.is_complete();
    let found = match is_complete {
        true => capital(&found),
        false if parts.is_empty() => format!("Incomplete: {}; {found} in what could be read", unread(plan)),
        false => format!("Incomplete: {}; {found}", unread(plan)),
    };
    let mut rest = Vec::new();
    match accepted(plan).len() {
        0 => {}
        number => rest.push(format!("{number} accepted")),
    }
    let others = plan.left_out.iter().filter(|left| left.why == LeftOutWhy::Only).count();
    match (plan.part.only, others) {
        (None, _) | (_, 0) => {}
        (Some(Divergence::Drift), number) => {
            rest.push(format!("{} of the manifest left out", count(number, "change")));
        }
        (Some(Divergence::Change), number) => {
            rest.push(format!("{} left out", count(number, "drifted resource")))
        }
    }
    let unselected = plan.left_out.iter().filter(|left| left.why == LeftOutWhy::Selection).count();
    if unselected > 0 {
        rest.push(format!("{} not selected", count(unselected, "change")));
    }
    let rest = if rest.is_empty() { String::new() } else { format!("; {}", rest.join(", ")) };
    format!("{found}{rest}.")
}

/// The resources of which something is accepted.
pub(crate) fn accepted(plan: &Plan) -> BTreeSet<&ResourceAddr> {
    let accepted = plan.left_out.iter().filter(|left| matches!(left.why, LeftOutWhy::Accepted { .. }));
    accepted.map(|left| &left.addr).collect()
}

/// Returns the parts of a plan that come from either side, that from drift first; those without changes are missing.
pub(crate) fn sides(plan: &Plan) -> Vec<(Divergence, Plan)> {
    let mut sides = Vec::new();
    for divergence in [Divergence::Drift, Divergence::Change] {
        let is_of = |change: &&Change| change.cause.divergence() == divergence;
        let changes: Vec<Change> = plan.changes.iter().filter(is_of).cloned().collect();
        if !changes.is_empty() {
            sides.push((divergence, with_changes(plan, changes)));
        }
    }
    sides
}

/// Returns the plan with drift before what the manifest is ahead by: in the order of reading, not of doing.
pub(crate) fn drift_first(plan: &Plan) -> Plan {
    with_changes(plan, sides(plan).into_iter().flat_map(|(_, part)| part.changes).collect())
}

/// Returns the heading of one of the [`sides`]: who moved, and no more than is known of it.
pub(crate) fn heading(divergence: Divergence, side: &Plan) -> &'static str {
    let has = |cause| side.changes.iter().any(|change| change.cause == cause);
    match (
        divergence,
        has(Cause::Drift) || has(Cause::ManifestAndDrift),
        has(Cause::Expiry),
        has(Cause::Differs),
    ) {
        (Divergence::Drift, true, true, _) => {
            "Drift: the hosts are not what they were when crdbctl applied, and certificates near their end"
        }
        (Divergence::Drift, false, true, _) => "Drift: certificates near their end",
        (Divergence::Drift, ..) => "Drift: the hosts are not what they were when crdbctl applied",
        (Divergence::Change, _, _, true) => {
            "Not applied: the manifest is ahead of the hosts, or no record tells who moved"
        }
        (Divergence::Change, ..) => "Not applied: the manifest is ahead of the hosts",
    }
}

/// Copies what a plan's changes are shown with, and no more: observations of large clusters are large.
fn with_changes(plan: &Plan, changes: Vec<Change>) -> Plan {
    let Plan {
        format_version,
        cluster,
        basis,
        rollout,
        pace,
        transfers,
        unknown,
        notes,
        compared,
        part,
        left_out,
        ..
    } = plan;
    Plan {
        format_version: *format_version,
        cluster: cluster.clone(),
        basis: basis.clone(),
        changes,
        rollout: rollout.clone(),
        pace: *pace,
        transfers: transfers.clone(),
        unknown: unknown.clone(),
        notes: notes.clone(),
        compared: compared.clone(),
        part: part.clone(),
        left_out: left_out.clone(),
    }
}

fn places(changes: &[&Change]) -> String {
    let nodes: BTreeSet<&NodeName> = changes.iter().filter_map(|change| change.addr.node()).collect();
    let on_cluster = changes.iter().any(|change| change.addr.node().is_none());
    match (nodes.len(), on_cluster) {
        (0, _) => "in the cluster".to_owned(),
        (number, false) => format!("on {}", count(number, "node")),
        (number, true) => format!("on {} and in the cluster", count(number, "node")),
    }
}

fn unread(plan: &Plan) -> String {
    let whole = plan.unknown.iter().filter(|it| it.addr.is_none() && it.node.is_some());
    let nodes = whole.filter_map(|it| it.node.as_ref()).collect::<BTreeSet<_>>().len();
    let things = plan.unknown.iter().filter(|it| it.addr.is_some() || it.node.is_none()).count();
    let parts = [(nodes, "node"), (things, if nodes > 0 { "other thing" } else { "thing" })];
    let told = parts.into_iter().filter(|(number, _)| *number > 0);
    let told = told.map(|(number, noun)| count(number, noun)).collect::<Vec<_>>().join(" and ");
    format!("{told} could not be read")
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
