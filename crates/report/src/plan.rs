use crdbctl_model::{Action, Plan};

use crate::block::{Block, Row, lay_out};
use crate::body::body_rows;
use crate::create::{belong_together, create_block, with_nodes};
use crate::group::{Group, groups};
use crate::line::{Line, write_all};
use crate::word::{done, goes_for_good};
use crate::{RenderOptions, Role, View, omission, summary, unknown};

/// Returns a plan for people: its changes, what could not be read, notes, and the summary.
///
/// Changes that read the same on several nodes are shown once, with the nodes; the rest is in the
/// plan's order. Ends in a line feed.
pub fn render_plan(plan: &Plan, options: &RenderOptions) -> String {
    let width = options.columns();
    let mut sections = vec![lay_out(blocks(plan, width, View::Plan), width), unknown::lines(plan, width)];
    sections.push(summary::note_lines(plan, width));
    sections.push(omission::lines(plan, width));
    sections.push(summary::summary_lines(plan, width, options.skip_unknown));
    sections.retain(|lines| !lines.is_empty());
    sections.iter().map(|lines| write_all(lines, options.color)).collect::<Vec<_>>().join("\n")
}

/// Returns the notes of a plan alone, as [`render_plan`] shows them.
pub fn render_notes(plan: &Plan, options: &RenderOptions) -> String {
    write_all(&summary::note_lines(plan, options.columns()), options.color)
}

/// Returns the changes of a plan in blocks; those that read the same on several nodes are one.
pub(crate) fn blocks(plan: &Plan, width: usize, view: View) -> Vec<Block> {
    let mut waiting: Vec<Option<Group<'_>>> = groups(plan, view).into_iter().map(Some).collect();
    let mut blocks = Vec::new();
    for at in 0..waiting.len() {
        let Some(group) = waiting[at].take() else { continue };
        if group.first().action != Action::Create {
            blocks.push(change_block(&group, width, view));
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
            [only] => change_block(only, width, view),
            several => create_block(several, width, view),
        });
    }
    blocks
}

fn change_block(group: &Group<'_>, width: usize, view: View) -> Block {
    let (heading, list) = heading(group, width, view);
    Block { heading, rows: list.into_iter().chain(body_rows(group, width)).collect() }
}

fn heading(group: &Group<'_>, width: usize, view: View) -> (Row, Option<Row>) {
    let change = group.first();
    let nodes = group.nodes();
    let alone = group.changes.len() == 1;
    let name = if alone { change.addr.to_string() } else { change.addr.local() };
    let (role, done) = done(change.action);
    // Seen without colour, too: among many changes, what goes for good must not read like the others.
    let done = if goes_for_good(change) { done.to_uppercase() } else { done.to_owned() };
    let verb = format!(" {} ", view.verb(change.cause, 1));
    let head = Line::of(Role::Plain, "  # ").with(Role::Address, name).plain(verb).with(role, done);
    with_nodes(head, if alone { &[] } else { &nodes }, &group.cause, width)
}
