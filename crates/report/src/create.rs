use crdbctl_model::{Change, NodeName, ResourceKind};

use crate::attribute::remark_of;
use crate::block::{Block, Row};
use crate::describe::{Phrase, describe};
use crate::group::{Group, list};
use crate::line::Line;
use crate::{Role, View, bytes};

/// Addresses are aligned up to this many columns.
const ADDRESS_COLUMNS: usize = 34;

/// Returns whether two groups of new resources go into one block.
pub(crate) fn belong_together(one: &Group<'_>, other: &Group<'_>) -> bool {
    one.cause == other.cause && one.nodes() == other.nodes()
}

/// Returns the lines of new resources, one each.
pub(crate) fn create_rows(groups: &[Group<'_>]) -> Vec<Row> {
    let name = |group: &Group<'_>| match group.changes[..] {
        [only] => only.addr.to_string(),
        _ => group.first().addr.local(),
    };
    let lengths = groups.iter().map(|group| name(group).chars().count());
    let column = lengths.filter(|length| *length <= ADDRESS_COLUMNS).max().unwrap_or(0);
    groups
        .iter()
        .map(|group| {
            let mut line = Line::indent(2).with(Role::Create, "+ ").plain(name(group));
            line.pad_to(4 + column);
            line.push(Role::Plain, "  ");
            details(group, line, 6 + column)
        })
        .collect()
}

/// Returns the line that stands under the heading of a lone new resource.
pub(crate) fn lone_row(group: &Group<'_>) -> Row {
    details(group, Line::indent(2).with(Role::Create, "+ "), 4)
}

fn details(group: &Group<'_>, mut line: Line, hang: usize) -> Row {
    let first = group.first();
    let phrases = group.changes.iter().map(|change| phrases(change));
    let common = phrases.reduce(|common, next| merge(&common, &next)).unwrap_or_default();
    let mut by_node = Vec::new();
    let mut words = Vec::new();
    for phrase in common {
        if phrase.text.is_empty() { by_node.push(phrase.label) } else { words.push(phrase.text) }
    }
    line.push(Role::Plain, words.join(", "));
    if let Some((last, others)) = by_node.split_last() {
        let labels =
            if others.is_empty() { (*last).to_owned() } else { format!("{} and {last}", others.join(", ")) };
        line.push(Role::Muted, format!("{}{labels} by node", if words.is_empty() { "" } else { ", " }));
    }
    let remarks = first.attributes.iter().filter_map(|attribute| attribute.remark.as_deref());
    let remarks = remarks.collect::<Vec<_>>().join("; ");
    let mut row = Row::new(line, hang);
    row.remark = remark_of(first.impact, Some(remarks.as_str()).filter(|it| !it.is_empty()), &group.place());
    row
}

fn phrases(change: &Change) -> Vec<Phrase> {
    let mut phrases = change.desired.as_ref().map(describe).unwrap_or_default();
    if change.bytes > 0 && change.addr.kind == ResourceKind::Package {
        phrases.push(Phrase { text: format!("{} to send", bytes(change.bytes)), label: "size" });
    }
    phrases
}

/// Returns the phrases of `one`, those that `other` does not share without their text.
fn merge(one: &[Phrase], other: &[Phrase]) -> Vec<Phrase> {
    one.iter()
        .enumerate()
        .map(|(at, phrase)| match other.get(at) {
            Some(same) if same == phrase => phrase.clone(),
            _ => Phrase { text: String::new(), label: phrase.label },
        })
        .collect()
}

/// Returns the heading of several new resources.
fn many_heading(groups: &[Group<'_>], first: &Group<'_>, width: usize, view: View) -> (Row, Option<Row>) {
    let (count, nodes) = (groups.len(), first.nodes());
    let what = if nodes.is_empty() { "cluster-wide resources" } else { "resources" };
    let head = Line::of(Role::Plain, "  # ")
        .with(Role::Address, format!("{count} {what}"))
        .plain(format!(" {} ", view.verb(first.first().cause, count)))
        .with(Role::Create, "created");
    with_nodes(head, &nodes, &first.cause, width)
}

/// Returns a heading that names `nodes`: on its own line when they are too many for it.
pub(crate) fn with_nodes(head: Line, nodes: &[&NodeName], cause: &str, width: usize) -> (Row, Option<Row>) {
    let list = list(Role::Address, nodes.iter().map(|node| node.as_str()));
    let cause = Line::of(Role::Muted, format!("({cause})"));
    if nodes.is_empty() {
        return (Row { line: head, remark: Some(cause), hang: 4 }, None);
    }
    let whole = head.clone().plain(" on ").then(list.clone());
    if whole.width() + 2 + cause.width() <= width {
        return (Row { line: whole, remark: Some(cause), hang: 4 }, None);
    }
    let head = head.plain(format!(" on {}", crate::count(nodes.len(), "node")));
    let nodes = Line::indent(4).then(list);
    (Row { line: head, remark: Some(cause), hang: 4 }, Some(Row::new(nodes, 4)))
}

/// Returns the block of groups that belong together.
pub(crate) fn create_block(groups: &[Group<'_>], width: usize, view: View) -> Block {
    let Some(first) = groups.first() else { return Block::default() };
    let (heading, list) = many_heading(groups, first, width, view);
    Block { heading, rows: list.into_iter().chain(create_rows(groups)).collect() }
}
