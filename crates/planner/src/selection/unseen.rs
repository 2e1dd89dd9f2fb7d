use std::collections::BTreeSet;

use crdbctl_model::{
    NodeName, Note, Observations, Plan, ResourceAddr, ResourceGraph, Selection, UnknownResource, Verdict,
};

use crate::{PlanOptions, plan};

/// How many unknown things outside of a selection have a note of their own.
const MOST: usize = 5;

/// What could not be read, seen from a selection.
pub(super) struct Unseen {
    /// What the selection rests on.
    pub(super) within: Vec<UnknownResource>,
    /// What it does not.
    outside: Vec<UnknownResource>,
}

impl Unseen {
    /// Parts what is unknown into what a selection rests on and what it does not.
    ///
    /// A selection rests on what it contains. And as soon as one selected change would be put off if the unknown were
    /// left alone (`skip_unknown`), such as an authority, an initialisation or a certificate by an authority that is unknown, it rests on
    /// all that is.
    pub(super) fn of(
        whole: &Plan,
        selection: &Selection,
        graph: &ResourceGraph,
        observations: &Observations,
        options: &PlanOptions,
    ) -> Self {
        let is_within = |unknown: &UnknownResource| match (&unknown.addr, &unknown.node) {
            (Some(addr), _) => selection.contains(addr),
            (None, Some(node)) => selection.reaches(node),
            (None, None) => true,
        };
        let (within, outside): (Vec<_>, Vec<_>) = whole.unknown.iter().cloned().partition(is_within);
        if outside.is_empty() {
            return Self { within, outside };
        }
        let is_told = |addr: &ResourceAddr| {
            within.iter().any(|it| match &it.addr {
                Some(told) => told == addr,
                None => it.node.as_ref() == addr.node(),
            })
        };
        let mut selected = whole.compared.iter().filter(|(addr, _)| selection.contains(addr));
        let is_untold = selected.any(|(addr, verdict)| *verdict == Verdict::Unknown && !is_told(addr));
        if is_untold || is_held_up(&within, selection, graph, observations, options) {
            return Self { within: whole.unknown.clone(), outside: Vec::new() };
        }
        Self { within, outside }
    }

    /// Returns what to tell of what the selection does not rest on.
    pub(super) fn notes(&self) -> Vec<Note> {
        let note = |text: String| Note { addr: None, text };
        let told = |unknown: &UnknownResource| {
            let subject = match (&unknown.addr, &unknown.node) {
                (Some(addr), _) => addr.to_string(),
                (None, Some(node)) => node.to_string(),
                (None, None) => "something".to_owned(),
            };
            note(format!("{subject} is outside of the selection and could not be read: {}", unknown.reason))
        };
        let mut notes: Vec<Note> = self.outside.iter().take(MOST).map(told).collect();
        let more = self.outside.len() - notes.len();
        notes.extend((more > 0).then(|| {
            let things = if more == 1 { "thing" } else { "things" };
            note(format!("{more} more {things} outside of the selection could not be read"))
        }));
        notes
    }
}

/// Whether a selected change is put off as long as something is unknown. Those of nodes of which something is that the
/// selection contains do not count: of them it is told anyway.
fn is_held_up(
    within: &[UnknownResource],
    selection: &Selection,
    graph: &ResourceGraph,
    observations: &Observations,
    options: &PlanOptions,
) -> bool {
    let told: BTreeSet<&NodeName> = within.iter().filter_map(|it| it.node.as_ref()).collect();
    let changes = |skip_unknown| -> BTreeSet<ResourceAddr> {
        let plan = plan(graph, observations, &PlanOptions { skip_unknown, ..*options });
        let selected = plan.changes.into_iter().map(|change| change.addr);
        selected
            .filter(|addr| selection.contains(addr) && addr.node().is_none_or(|node| !told.contains(node)))
            .collect()
    };
    !changes(false).is_subset(&changes(true))
}
