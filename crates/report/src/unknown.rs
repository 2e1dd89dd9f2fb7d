use std::collections::BTreeMap;

use crdbctl_model::{Plan, UnknownResource};

use crate::Role;
use crate::group::list;
use crate::line::Line;
use crate::prose::wrap_prose;
use crate::wrap::wrap;

/// What stands where nodes have names of their own.
const OWN: &str = "…";

/// A reason why something could not be read, with all that it is the reason for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    /// Nodes and addresses, in the plan's order.
    pub(crate) subjects: Vec<String>,
    /// The reason, in one or more lines. Where nodes differ in nothing but their own names, `…` stands for these.
    pub(crate) reason: String,
    /// What to do.
    pub(crate) hint: String,
}

/// Returns what could not be read, each reason once, in the plan's order.
pub(crate) fn unread(plan: &Plan) -> Vec<Unread> {
    let mut places: BTreeMap<[String; 2], usize> = BTreeMap::new();
    let mut groups: Vec<(Vec<&UnknownResource>, [String; 2])> = Vec::new();
    for unknown in &plan.unknown {
        let key = [&unknown.reason, &unknown.hint].map(|text| without_own_names(text, unknown));
        let at = *places.entry(key.clone()).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((members, _)) => members.push(unknown),
            None => groups.push((vec![unknown], key)),
        }
    }
    groups.into_iter().map(|(members, common)| told(&members, common)).collect()
}

fn told(members: &[&UnknownResource], [reason, hint]: [String; 2]) -> Unread {
    let first = members[0];
    let same = members.iter().all(|other| (&other.reason, &other.hint) == (&first.reason, &first.hint));
    Unread {
        subjects: members.iter().map(|unknown| subject(unknown)).collect(),
        reason: if same { first.reason.clone() } else { reason },
        hint: if same { first.hint.clone() } else { hint },
    }
}

/// Returns a text in which the node's name, and the host that ssh was to reach, are not told.
fn without_own_names(text: &str, unknown: &UnknownResource) -> String {
    let Some(node) = &unknown.node else { return text.to_owned() };
    let host = unknown.reason.split_once("ssh to ").and_then(|(_, rest)| {
        let target = rest.split_whitespace().next()?.trim_end_matches(':');
        Some(target.rsplit_once('@').map_or(target, |(_, host)| host))
    });
    let text = replace_name(text, host.unwrap_or_default());
    replace_name(&text, node.as_str())
}

/// Replaces a name wherever it is not a part of a longer one.
fn replace_name(text: &str, name: &str) -> String {
    if name.is_empty() {
        return text.to_owned();
    }
    let is_part = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || "-_.".contains(character))
    };
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let before_it = before.chars().next_back().or_else(|| replaced.chars().next_back());
        let is_name = !is_part(before_it) && !is_part(after.chars().next());
        replaced.push_str(before);
        replaced.push_str(if is_name { OWN } else { name });
        rest = after;
    }
    replaced + rest
}

/// Returns what could not be read, for people.
pub(crate) fn lines(plan: &Plan, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for Unread { subjects, reason, hint } in unread(plan) {
        if lines.is_empty() {
            let heading =
                Line::of(Role::Unknown, "Could not be read, or is refused, so nothing is planned for:");
            lines.extend(wrap(heading, width, 2));
        }
        let head = Line::of(Role::Unknown, "  ? ").then(list(Role::Address, subjects));
        lines.extend(wrap(head, width, 4));
        for line in reason.lines().filter(|line| !line.trim().is_empty()) {
            lines.extend(wrap_prose(Line::indent(4).plain(line), width, 6));
        }
        if !hint.is_empty() {
            lines.extend(wrap_prose(Line::indent(4).with(Role::Hint, format!("hint: {hint}")), width, 10));
        }
    }
    lines
}

/// Returns what is unknown: a node's name, or an address.
pub(crate) fn subject(unknown: &UnknownResource) -> String {
    match (&unknown.addr, &unknown.node) {
        (Some(addr), _) => addr.to_string(),
        (None, Some(node)) => node.to_string(),
        (None, None) => "cluster".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crdbctl_model::NodeName;

    use super::*;
    use crate::corpus::empty;

    fn of(reasons: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut plan = empty();
        plan.unknown = reasons
            .iter()
            .map(|(node, reason)| UnknownResource {
                node: Some(NodeName::new(*node).unwrap()),
                addr: None,
                reason: (*reason).to_owned(),
                hint: format!("log in to {node}"),
            })
            .collect();
        unread(&plan)
            .into_iter()
            .map(|it| (it.subjects.join(" "), format!("{} / {}", it.reason, it.hint)))
            .collect()
    }

    #[test]
    fn nodes_that_differ_in_their_own_names_alone_are_told_together() {
        let told = of(&[
            ("store-2", "ssh to me@10.0.0.2 port 22: refused: 10.0.0.2: no"),
            ("store-1", "ssh to me@10.0.0.1 port 22: refused: 10.0.0.1: no"),
            ("store-10", "ssh to me@10.0.0.10 port 22: refused: 10.0.0.10: no"),
        ]);
        let words = "ssh to me@… port 22: refused: …: no / log in to …";
        assert_eq!(told, [("store-2 store-1 store-10".to_owned(), words.to_owned())]);
    }

    #[test]
    fn what_else_differs_keeps_nodes_apart_and_one_alone_is_told_in_full() {
        let told = of(&[
            ("store-1", "ssh to me@10.0.0.1 port 22: refused"),
            ("store-2", "ssh to me@10.0.0.2 port 2222: refused"),
            // Of another node, and a longer name: not its own.
            ("store-3", "store-1 and store-30 hold the same store"),
            ("store-4", "store-1 and store-40 hold the same store"),
        ]);
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(told[0].1, "ssh to me@10.0.0.1 port 22: refused / log in to store-1");
    }

    #[test]
    fn hosts_without_a_user_and_of_version_6_have_names_too() {
        let told = of(&[
            ("a", "ssh to fe80::1: cannot be set up"),
            ("b", "ssh to fe80::2: cannot be set up"),
            ("c", "ssh to ::1 port 22: refused"),
        ]);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].1.starts_with("ssh to …: cannot"), "{told:?}");
    }
}
