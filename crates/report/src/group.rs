use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{Action, Cause, Change, Impact, NodeName, Plan};

use crate::attribute::attribute_rows;
use crate::block::Row;
use crate::cause::cause_words;
use crate::line::Line;
use crate::{Role, View};

/// Changes of the same resource on several nodes that read the same.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    /// The changes, in the plan's order.
    pub(crate) changes: Vec<&'a Change>,
    /// The cause in words, the same for all.
    pub(crate) cause: String,
    /// Whether their nodes restart in the same plan.
    restarts: bool,
}

/// Where an impact is felt.
pub(crate) struct Place {
    /// In words: `store-1`, `each of them`.
    pub(crate) words: String,
    /// Whether it restarts anyway.
    pub(crate) restarts: bool,
}

/// What members of a group have in common. New resources may differ in detail; other changes must
/// read the same, so what is compared is what would be shown.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    cluster_wide: bool,
    local: String,
    action: Action,
    cause: (Cause, String),
    impact: Impact,
    restarts: bool,
    body: Option<(String, usize)>,
}

/// Returns the changes of `plan` in groups, in the order of each group's first member, with their causes in the words
/// of `view`.
pub(crate) fn groups(plan: &Plan, view: View) -> Vec<Group<'_>> {
    let restarting = plan.changes.iter().filter(|change| change.impact == Impact::Restart);
    let restarting: BTreeSet<&NodeName> = restarting.filter_map(|change| change.addr.node()).collect();
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for change in &plan.changes {
        let cause = cause_words(change, view);
        let body = (change.action != Action::Create).then(|| (body_text(change), change.unchanged));
        // What would be reloaded by itself is read at the restart.
        let restarts = change.impact == Impact::Reload
            && change.addr.node().is_some_and(|node| restarting.contains(node));
        let key = Key {
            cluster_wide: change.addr.node().is_none(),
            local: change.addr.local(),
            action: change.action,
            cause: (change.cause, cause.clone()),
            impact: change.impact,
            restarts,
            body,
        };
        let at = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.changes.push(change),
            None => groups.push(Group { changes: vec![change], cause, restarts }),
        }
    }
    groups
}

impl<'a> Group<'a> {
    /// Returns a change of a plan by itself, with its cause in words.
    pub(crate) fn of(change: &'a Change, cause: String, plan: &Plan) -> Self {
        let restarts =
            |other: &Change| other.impact == Impact::Restart && other.addr.node() == change.addr.node();
        let restarts = change.impact == Impact::Reload && plan.changes.iter().any(restarts);
        Self { changes: vec![change], cause, restarts }
    }

    /// Returns the first member: it stands for all.
    pub(crate) fn first(&self) -> &'a Change {
        // A group is made with its first member and never loses one.
        self.changes[0]
    }

    /// Returns the nodes; empty for a cluster-wide resource.
    pub(crate) fn nodes(&self) -> Vec<&'a NodeName> {
        self.changes.iter().filter_map(|change| change.addr.node()).collect()
    }

    /// Returns where the group's impact is felt.
    pub(crate) fn place(&self) -> Place {
        let words = match self.nodes()[..] {
            [] => "the cluster".to_owned(),
            [node] => node.to_string(),
            _ => "each of them".to_owned(),
        };
        Place { words, restarts: self.restarts }
    }
}

fn body_text(change: &Change) -> String {
    // Width does not matter here, only equality: a narrow one decides as a wide one does.
    let nowhere = Place { words: String::new(), restarts: false };
    let rows = attribute_rows(&change.attributes, change.action, &nowhere, usize::MAX);
    let text =
        |row: Row| row.line.write(false) + &row.remark.map(|line| line.write(false)).unwrap_or_default();
    rows.into_iter().map(text).collect::<Vec<_>>().join("\n")
}

/// Returns words as a list: `store-1, store-2`. Each is cleaned by itself, so that long lists stay whole.
pub(crate) fn list(role: Role, words: impl IntoIterator<Item = impl AsRef<str>>) -> Line {
    let mut line = Line::new();
    for (at, word) in words.into_iter().enumerate() {
        line.push(role, if at == 0 { "" } else { ", " });
        line.push(role, word);
    }
    line
}
