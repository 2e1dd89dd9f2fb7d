use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{NodeName, ResourceAddr};
use minijinja::Value;
use serde::Serialize;

use super::safe::lines_html;
use crate::View;
use crate::body::body_rows;
use crate::group::Group;
use crate::line::Line;
use crate::word::{done, effect_of, impact_word, word};

const WIDTH: usize = 110;

/// A change, or several that read the same, as the page shows them.
#[derive(Serialize)]
pub(super) struct Card {
    /// Its place in the page, from 0; its id is `c` and this.
    pub(super) number: usize,
    /// The address; without the node when there are several.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) action: String,
    /// `will be`, or which side moved.
    pub(super) verb: &'static str,
    pub(super) done: &'static str,
    pub(super) symbol: &'static str,
    pub(super) cause: String,
    pub(super) cause_words: String,
    pub(super) impact: String,
    /// `restarts`, `reloads`, `stops for good`, …, or nothing.
    pub(super) effect: &'static str,
    /// The class of the mark that says so.
    pub(super) badge: String,
    /// The nodes; `cluster` for what is cluster-wide.
    pub(super) nodes: Vec<String>,
    pub(super) several: bool,
    /// The difference as HTML.
    pub(super) body: Value,
    /// Cards of this page that come before it, and after.
    pub(super) rests_on: Vec<Link>,
    pub(super) needed_by: Vec<Link>,
}

/// A link to a card.
#[derive(Clone, Serialize)]
pub(super) struct Link {
    pub(super) number: usize,
    pub(super) name: String,
}

/// Returns the groups as cards, in their order.
pub(super) fn cards(groups: &[Group<'_>], view: View) -> Vec<Card> {
    let before = predecessors(groups);
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); groups.len()];
    for (number, before) in before.iter().enumerate() {
        for other in before {
            after[*other].insert(number);
        }
    }
    let links = |numbers: &BTreeSet<usize>| -> Vec<Link> {
        numbers.iter().map(|number| Link { number: *number, name: name(&groups[*number]) }).collect()
    };
    let cards = groups.iter().enumerate().map(|(number, group)| {
        let change = group.first();
        let lines: Vec<Line> =
            body_rows(group, WIDTH).into_iter().map(|row| outdented(row.into_line())).collect();
        let nodes: Vec<&NodeName> = group.nodes();
        Card {
            number,
            name: name(group),
            kind: change.addr.kind.to_string(),
            action: word(change.action),
            verb: view.verb(change.cause, 1),
            done: done(change.action).1,
            symbol: match change.action {
                crdbctl_model::Action::Create => "+",
                crdbctl_model::Action::Update => "~",
                crdbctl_model::Action::Replace => "±",
                crdbctl_model::Action::Delete => "−",
            },
            cause: word(change.cause),
            cause_words: crate::clean(&group.cause).into_owned(),
            impact: impact_word(change),
            effect: effect_of(change).unwrap_or_default(),
            badge: if change.removal.is_some() { "delete".to_owned() } else { word(change.impact) },
            several: nodes.len() > 1,
            nodes: match &nodes[..] {
                [] => vec!["cluster".to_owned()],
                nodes => nodes.iter().map(ToString::to_string).collect(),
            },
            body: Value::from_safe_string(lines_html(&lines)),
            rests_on: links(&before[number]),
            needed_by: links(&after[number]),
        }
    });
    cards.collect()
}

/// Returns for every group those whose changes come before one of its own.
pub(super) fn predecessors(groups: &[Group<'_>]) -> Vec<BTreeSet<usize>> {
    let place: BTreeMap<&ResourceAddr, usize> = groups
        .iter()
        .enumerate()
        .flat_map(|(number, group)| group.changes.iter().map(move |change| (&change.addr, number)))
        .collect();
    let of = |(number, group): (usize, &Group<'_>)| {
        let all = group.changes.iter().flat_map(|change| &change.depends_on);
        let mut found: BTreeSet<usize> = all.filter_map(|addr| place.get(addr).copied()).collect();
        found.remove(&number);
        found
    };
    groups.iter().enumerate().map(of).collect()
}

pub(super) fn name(group: &Group<'_>) -> String {
    match group.changes[..] {
        [only] => only.addr.to_string(),
        _ => group.first().addr.local(),
    }
}

/// Takes off the indentation that a terminal needs.
fn outdented(mut line: Line) -> Line {
    if let Some((_, piece)) = line.spans.first_mut()
        && let Some(rest) = piece.strip_prefix("  ")
    {
        *piece = rest.to_owned();
    }
    line
}
