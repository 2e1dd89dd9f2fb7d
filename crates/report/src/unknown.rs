use std::collections::BTreeMap;

use crdbctl_model::{Plan, UnknownResource};

use crate::Role;
use crate::group::list;
use crate::line::Line;
use crate::wrap::wrap;

/// Returns what could not be read, each reason once with all that it is the reason for.
pub(crate) fn lines(plan: &Plan, width: usize) -> Vec<Line> {
    let mut by_reason: BTreeMap<(&str, &str), Vec<&UnknownResource>> = BTreeMap::new();
    for unknown in &plan.unknown {
        by_reason.entry((&unknown.reason, &unknown.hint)).or_default().push(unknown);
    }
    let mut entries: Vec<_> = by_reason.into_iter().collect();
    entries.sort_by_key(|(_, all)| all.iter().map(|unknown| subject(unknown)).min());
    let mut lines = Vec::new();
    for ((reason, hint), all) in entries {
        if lines.is_empty() {
            let heading = Line::of(Role::Unknown, "Could not be read, so nothing is planned for:");
            lines.extend(wrap(heading, width, 2));
        }
        let subjects = list(Role::Address, all.iter().map(|unknown| subject(unknown)));
        let head = Line::of(Role::Unknown, "  ? ").then(subjects);
        lines.extend(wrap(head, width, 4));
        for line in reason.lines().filter(|line| !line.trim().is_empty()) {
            lines.extend(wrap(Line::indent(4).plain(line), width, 6));
        }
        if !hint.is_empty() {
            lines.extend(wrap(Line::indent(4).with(Role::Hint, format!("hint: {hint}")), width, 10));
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
