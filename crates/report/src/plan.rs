use crdbctl_model::{Action, Change, Impact, Plan, ResourceKind};

use crate::attribute::{attribute_rows, remark_of};
use crate::block::{Block, Row, lay_out};
use crate::create::{belong_together, create_block, lone_row, with_nodes};
use crate::group::{Group, groups};
use crate::line::{Line, write_all};
use crate::{RenderOptions, Role, count, summary, unknown};

/// Returns a plan for people: its changes, what could not be read, notes, and the summary.
///
/// Changes that read the same on several nodes are shown once, with the nodes; the rest is in the
/// plan's order. Ends in a line feed.
pub fn render_plan(plan: &Plan, options: &RenderOptions) -> String {
    let width = options.columns();
    let mut sections = vec![lay_out(blocks(plan, width), width), unknown::lines(plan, width)];
    sections.push(summary::note_lines(plan, width));
    sections.push(summary::summary_lines(plan, width));
    sections.retain(|lines| !lines.is_empty());
    sections.iter().map(|lines| write_all(lines, options.color)).collect::<Vec<_>>().join("\n")
}

/// Returns the notes of a plan alone, as [`render_plan`] shows them.
pub fn render_notes(plan: &Plan, options: &RenderOptions) -> String {
    write_all(&summary::note_lines(plan, options.columns()), options.color)
}

fn blocks(plan: &Plan, width: usize) -> Vec<Block> {
    let mut waiting: Vec<Option<Group<'_>>> = groups(plan).into_iter().map(Some).collect();
    let mut blocks = Vec::new();
    for at in 0..waiting.len() {
        let Some(group) = waiting[at].take() else { continue };
        if group.first().action != Action::Create {
            blocks.push(change_block(&group, width));
            continue;
        }
        let mut together = vec![group];
        for later in &mut waiting[at + 1..] {
            match later {
                Some(other)
                    if other.first().action == Action::Create && belong_together(&together[0], other) =>
                {
                    together.extend(later.take());
                }
                // Cluster-wide resources come before and after those of nodes: that order is told.
                Some(_) if together[0].nodes().is_empty() => break,
                _ => {}
            }
        }
        blocks.push(match &together[..] {
            [only] => lone_create(only, width),
            several => create_block(several, width),
        });
    }
    blocks
}

fn lone_create(group: &Group<'_>, width: usize) -> Block {
    let (heading, list) = heading(group, width);
    Block { heading, rows: list.into_iter().chain([lone_row(group)]).collect() }
}

fn change_block(group: &Group<'_>, width: usize) -> Block {
    let change = group.first();
    let (heading, list) = heading(group, width);
    let mut rows: Vec<Row> = list.into_iter().collect();
    rows.extend(attribute_rows(&change.attributes, change.action, &group.place(), width));
    if let Some(remark) = remark_beyond_attributes(change, &group.place()) {
        rows.push(Row::new(Line::indent(4).then(remark), 6));
    }
    if change.bytes > 0 && change.addr.kind == ResourceKind::Package {
        let what = format!("# {} to send", crate::bytes(change.bytes));
        rows.push(Row::new(Line::indent(4).with(Role::Muted, what), 6));
    }
    if change.unchanged > 0 {
        let hidden = format!("# ({} hidden)", count(change.unchanged, "unchanged attribute"));
        rows.push(Row::new(Line::indent(4).with(Role::Muted, hidden), 6));
    }
    Block { heading, rows }
}

/// What a change does to the node when none of its attributes says so.
fn remark_beyond_attributes(change: &Change, place: &str) -> Option<Line> {
    let told = change.attributes.iter().map(|attribute| attribute.impact).max().unwrap_or(Impact::None);
    if change.impact > told { remark_of(change.impact, None, place) } else { None }
}

fn heading(group: &Group<'_>, width: usize) -> (Row, Option<Row>) {
    let change = group.first();
    let nodes = group.nodes();
    let alone = group.changes.len() == 1;
    let name = if alone { change.addr.to_string() } else { change.addr.local() };
    let (role, done) = match change.action {
        Action::Create => (Role::Create, "created"),
        Action::Update => (Role::Update, "updated"),
        Action::Replace => (Role::Replace, "replaced"),
        Action::Delete => (Role::Delete, "deleted"),
    };
    let head = Line::of(Role::Plain, "  # ").with(Role::Address, name).plain(" will be ").with(role, done);
    with_nodes(head, if alone { &[] } else { &nodes }, &group.cause, width)
}
