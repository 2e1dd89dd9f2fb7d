use std::collections::BTreeSet;

use crdbctl_model::{Counts, Impact, NodeName, Note, Plan, Removal, ResourceAddr};

use crate::group::list;
use crate::line::Line;
use crate::omission::{is_part, no_changes};
use crate::prose::wrap_prose;
use crate::unknown::subject;
use crate::wrap::wrap;
use crate::{Role, bytes, count, seconds};

/// Returns the notes of a plan; those that say the same of the same resource on several nodes are one.
pub(crate) fn note_lines(plan: &Plan, width: usize) -> Vec<Line> {
    let mut groups: Vec<(&Note, Vec<&NodeName>)> = Vec::new();
    let local =
        |note: &Note| note.addr.as_ref().filter(|addr| addr.node().is_some()).map(ResourceAddr::local);
    for note in &plan.notes {
        let node = note.addr.as_ref().and_then(ResourceAddr::node);
        let same = groups
            .iter_mut()
            .find(|(first, _)| node.is_some() && first.text == note.text && local(first) == local(note));
        match same {
            Some((_, nodes)) => nodes.extend(node),
            None => groups.push((note, node.into_iter().collect())),
        }
    }
    let line = |(note, nodes): &(&Note, Vec<&NodeName>)| {
        let line = Line::of(Role::Muted, "Note: ");
        let line = match (&note.addr, &nodes[..]) {
            (None, _) => line,
            (Some(addr), [] | [_]) => line.with(Role::Address, format!("{addr}: ")),
            (Some(addr), several) => {
                let names = list(Role::Address, several.iter().map(|node| node.as_str()));
                line.with(Role::Address, addr.local()).plain(" on ").then(names).plain(": ")
            }
        };
        line.plain(&note.text)
    };
    groups.iter().flat_map(|group| wrap_prose(line(group), width, 6)).collect()
}

/// Returns the last lines of a plan: numbers, order, and whether it is whole.
pub(crate) fn summary_lines(plan: &Plan, width: usize, skip_unknown: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    if !plan.is_empty() {
        lines.extend(counts_lines(&plan.counts(), width));
    } else if plan.is_complete() && is_part(plan) {
        let selection = &plan.part.selection;
        let compared = plan.compared.keys().filter(|addr| selection.contains(addr)).count();
        let compared = count(compared, "resource");
        let line = Line::of(Role::Success, no_changes(plan)).plain(format!("; {compared} compared."));
        lines.push(line);
    } else if plan.is_complete() {
        lines.push(Line::of(Role::Success, "No changes.").plain(format!(
            " {} as the manifest says; {} compared.",
            match plan.basis.nodes.len() {
                1 => "1 node is".to_owned(),
                several => format!("{several} nodes are"),
            },
            count(plan.compared.len(), "resource")
        )));
    } else {
        lines.push(Line::of(Role::Plain, "No changes to what could be read; the rest is unknown."));
    }
    let restarted = batches(plan);
    if !restarted.is_empty() {
        let order = list(Role::Restart, restarted).plain(".");
        lines.push(Line::of(Role::Plain, "Rolling order: ").then(order));
    }
    if let Some((time, why)) = least_time(plan) {
        lines.push(Line::of(Role::Restart, time).plain(format!(": {why}.")));
    }
    let stopped = stopped(plan);
    if !stopped.is_empty() {
        let nodes = list(Role::Delete, stopped).plain(".");
        lines.push(Line::of(Role::Plain, "Stops for good: ").then(nodes));
    }
    let emptied = emptied(plan);
    if !emptied.is_empty() {
        let nodes = list(Role::Delete, emptied).plain(".");
        lines.push(Line::of(Role::Delete, "DELETES ALL DATA").plain(" of ").then(nodes));
    }
    if !plan.is_complete() {
        lines.push(incomplete_line(plan, skip_unknown));
    }
    lines.into_iter().flat_map(|line| wrap(line, width, 2)).collect()
}

/// How long the rollout takes at the least, and what that rests on.
pub(crate) fn least_time(plan: &Plan) -> Option<(String, String)> {
    let least = plan.least_seconds().filter(|least| *least > 0)?;
    let mut pauses = Vec::new();
    if let Some(pause) = plan.pace.ranges_pause {
        let when = if batches(plan).len() == 1 {
            "before and after the restart"
        } else {
            "before the first restart and after each"
        };
        pauses.push(format!("{} between two checks of the ranges {when}", seconds(pause)));
    }
    let last = plan.rollout.last().map(|step| step.batch);
    if plan.rollout.iter().any(|step| Some(step.batch) != last) {
        pauses.push(format!("{} to settle before the next node", seconds(plan.pace.settle)));
    }
    Some((format!("Takes at least {}, plus drains and starts", seconds(least)), pauses.join(", ")))
}

/// The nodes that stop for good.
pub(crate) fn stopped(plan: &Plan) -> Vec<&str> {
    plan.stops().map(|node| node.as_str()).collect()
}

/// The nodes whose data are deleted.
pub(crate) fn emptied(plan: &Plan) -> Vec<&str> {
    plan.changes
        .iter()
        .filter(|change| matches!(change.removal, Some(Removal::Data { .. })))
        .filter_map(|change| change.addr.node().map(|node| node.as_str()))
        .collect()
}

/// The nodes that restart, in order; those that go together as one: `store-1 with store-2`.
pub(crate) fn batches(plan: &Plan) -> Vec<String> {
    let restarted: Vec<_> = plan.rollout.iter().filter(|step| step.impact == Impact::Restart).collect();
    restarted
        .chunk_by(|one, next| one.batch == next.batch)
        .map(|batch| batch.iter().map(|step| step.node.as_str()).collect::<Vec<_>>().join(" with "))
        .collect()
}

/// The numbers on one line; on two where one is too narrow.
pub(crate) fn counts_lines(counts: &Counts, width: usize) -> Vec<Line> {
    let mut line = Line::of(Role::Title, "Plan:").plain(" ");
    let parts = [
        (counts.create, "to create", Role::Create),
        (counts.update, "to update", Role::Update),
        (counts.replace, "to replace", Role::Replace),
        (counts.delete, "to delete", Role::Delete),
    ];
    for (at, (number, words, role)) in parts.into_iter().enumerate() {
        line.push(Role::Plain, if at == 0 { "" } else { ", " });
        line.push(if number == 0 { Role::Plain } else { role }, format!("{number} {words}"));
    }
    let mark = |number: usize, role| if number == 0 { Role::Plain } else { role };
    line.push(Role::Plain, ".");
    let effect = Line::new()
        .with(mark(counts.restart, Role::Restart), count(counts.restart, "restart"))
        .plain(", ")
        .with(mark(counts.reload, Role::Reload), count(counts.reload, "reload"))
        .plain(format!(", {} to send.", bytes(counts.bytes)));
    if line.width() + 1 + effect.width() <= width {
        vec![line.plain(" ").then(effect)]
    } else {
        vec![line, Line::indent(6).then(effect)]
    }
}

fn incomplete_line(plan: &Plan, skip_unknown: bool) -> Line {
    let mut seen = BTreeSet::new();
    let subjects: Vec<String> =
        plan.unknown.iter().map(subject).filter(|subject| seen.insert(subject.clone())).collect();
    let what = match subjects.len() {
        // Above, they are all named.
        more if more > 5 => format!("{} and {} more", subjects[..4].join(", "), more - 4),
        _ => subjects.join(", "),
    };
    let then = if skip_unknown {
        ": left alone, as --skip-unknown says."
    } else {
        ". Without --skip-unknown, nothing is applied."
    };
    Line::of(Role::Unknown, "Incomplete:").plain(format!(" nothing is planned for {what}{then}"))
}
