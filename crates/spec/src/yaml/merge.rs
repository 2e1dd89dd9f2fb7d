use std::collections::BTreeSet;

use crate::Diagnostic;

use super::node::{Entry, Kind, Node, Style};

/// Returns the entries with the merges (`<<`) among them carried out: keys that stand in the mapping
/// itself win over merged ones, earlier merged mappings over later ones (yaml.org/type/merge).
pub(super) fn merge(entries: Vec<Entry>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Entry> {
    let is_merge = |entry: &Entry| entry.key.name == "<<" && entry.key.style == Style::Plain;
    if !entries.iter().any(is_merge) {
        return entries;
    }
    let (merges, mut own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(is_merge);
    let mut present: BTreeSet<String> = own.iter().map(|entry| entry.key.name.clone()).collect();
    for source in merges.into_iter().flat_map(|merge| sources(merge.value, diagnostics)) {
        for entry in source {
            if present.insert(entry.key.name.clone()) {
                own.push(entry);
            }
        }
    }
    own
}

/// Returns the mappings that a merge names: one, or each of a list.
fn sources(value: Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<Vec<Entry>> {
    match value.kind {
        Kind::Mapping(entries) => vec![entries],
        Kind::Sequence(items) => items
            .into_iter()
            .filter_map(|item| match item.kind {
                Kind::Mapping(entries) => Some(entries),
                _ => {
                    diagnostics.push(refusal(&item));
                    None
                }
            })
            .collect(),
        Kind::Faulty => Vec::new(),
        Kind::Scalar(_) => {
            diagnostics.push(refusal(&value));
            Vec::new()
        }
    }
}

fn refusal(node: &Node) -> Diagnostic {
    Diagnostic::new(node.span, format!("`<<` takes a mapping, and this is {}", node.noun()))
        .help("name an anchored mapping, as in `<<: *defaults`, or a list of them")
}
