use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Action, AttributeDiff, Cause, Fact, NodeName, Note, Removal, ResourceAddr, UnknownResource, Verdict,
};

use crate::comparison::Difference;

/// What becomes of something that crdbctl made and that shall be gone.
pub(crate) enum Fate {
    /// It is gone already.
    Gone,
    /// It is removed.
    Goes(Difference),
    /// It is no longer what crdbctl made, and stays; why.
    Stays(String),
}

/// What is removed from nodes, and what is to be said about it.
#[derive(Default)]
pub(crate) struct Removals {
    pub(crate) differences: BTreeMap<ResourceAddr, Difference>,
    pub(crate) before: BTreeMap<ResourceAddr, Fact>,
    /// What goes before a removal that has no resource in the graph.
    pub(crate) after: BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>>,
    pub(crate) notes: Vec<Note>,
    pub(crate) unknown: Vec<UnknownResource>,
    /// What the comparison of each came to.
    pub(crate) compared: BTreeMap<ResourceAddr, Verdict>,
}

impl Removals {
    /// Adds others to these.
    pub(crate) fn add(&mut self, others: Self) {
        self.differences.extend(others.differences);
        self.before.extend(others.before);
        for (addr, before) in others.after {
            self.after.entry(addr).or_default().extend(before);
        }
        self.notes.extend(others.notes);
        self.unknown.extend(others.unknown);
        self.compared.extend(others.compared);
    }

    pub(crate) fn note(&mut self, addr: &ResourceAddr, text: impl Into<String>) {
        self.notes.push(Note { addr: Some(addr.clone()), text: text.into() });
    }

    /// Notes that something which crdbctl made stays.
    pub(crate) fn stays(&mut self, addr: &ResourceAddr, why: &str) {
        self.compared.insert(addr.clone(), Verdict::PutOff);
        self.note(addr, format!("stays: {why}"));
    }

    pub(crate) fn unknown(&mut self, node: &NodeName, addr: &ResourceAddr, reason: &str) {
        self.compared.insert(addr.clone(), Verdict::Unknown);
        self.unknown.push(UnknownResource {
            node: Some(node.clone()),
            addr: Some(addr.clone()),
            reason: reason.to_owned(),
            hint: "mend what keeps it from being read, then plan again".to_owned(),
        });
    }
}

/// Returns the difference that removes something.
pub(crate) fn delete(removal: Removal, attributes: Vec<AttributeDiff>) -> Difference {
    Difference {
        attributes,
        cause: Some(Cause::Surplus),
        removal: Some(removal),
        ..Difference::new(Action::Delete)
    }
}
