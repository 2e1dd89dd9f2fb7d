use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    AcceptEntry, Acceptance, Action, Cause, Change, Day, Divergence, LeftOutWhy, Note, Observations, Plan,
    ResourceGraph,
};

use crate::part::{leave_out, left_out};

/// An entry that ends within so many days is told of.
const SOON: i64 = 7;

/// A plan without the drift that is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What remains; what is accepted is in [`Plan::left_out`], and its notes tell of entries that have expired, end soon or accept nothing.
    pub plan: Plan,
    /// What must be told loudly: a sentence for each entry that has expired.
    pub warnings: Vec<String>,
}

/// Returns the part of a plan that nobody accepted, by the day of the probe.
///
/// Only what moved on a host is ever accepted, or what differs on one without a record: never a change of the manifest,
/// nor what could not be read. Where some attributes of a change are accepted, the others remain. To be given the whole plan: an entry is said
/// to accept nothing only when everything was looked at.
pub fn accept(
    plan: Plan,
    acceptance: &Acceptance,
    graph: &ResourceGraph,
    observations: &Observations,
) -> Accepted {
    let today = Day::of(observations.taken_at);
    let is_all = plan.is_complete() && plan.part.is_whole();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut plan = leave_out(plan, graph, observations, |change| {
        let parts = of_change(change, acceptance, |entry| !entry.is_expired(today));
        used.extend(parts.keys());
        let why = |entry: &AcceptEntry| LeftOutWhy::Accepted {
            until: entry.until.to_string(),
            reason: entry.reason.clone(),
        };
        let parts = parts.into_iter().filter_map(|(at, attributes)| {
            Some(left_out(change, attributes, why(acceptance.entries.get(at)?)))
        });
        parts.collect()
    });
    let mut warnings = Vec::new();
    for (at, entry) in acceptance.entries.iter().enumerate() {
        let place = format!("{}:{} ({entry})", acceptance.file, entry.origin.line);
        let left = entry.until.since(today);
        let text = if left < 0 {
            let fits = |change: &Change| !of_change(change, acceptance, |other| other == entry).is_empty();
            let then = if plan.changes.iter().any(fits) {
                "what it accepted is reported again"
            } else if plan.part.shard.is_some() {
                "in this shard nothing that it accepted is left to report"
            } else {
                "nothing that it accepted is left to report"
            };
            let warning = format!(
                "an accepted drift has expired: {place} ended {} ago, on {}, and accepts nothing any more; {then}. Its \
                 reason was: {}. Remove the entry, or give it a later day",
                days(-left),
                entry.until,
                entry.reason
            );
            warnings.push(warning.clone());
            warning
        } else if is_all && !used.contains(&at) {
            format!("{place} accepts nothing: no drift is like that. The entry may be removed")
        } else if left <= SOON {
            let when = if left == 0 { "today".to_owned() } else { format!("in {}", days(left)) };
            format!("an accepted drift ends {when}, on {}: {place}: {}", entry.until, entry.reason)
        } else {
            continue;
        };
        plan.notes.push(Note { addr: None, text });
    }
    Accepted { plan, warnings }
}

/// Returns which entries, by number, accept what of a change: the named attributes, or all of it when none is named.
fn of_change(
    change: &Change,
    acceptance: &Acceptance,
    holds: impl Fn(&AcceptEntry) -> bool,
) -> BTreeMap<usize, Vec<String>> {
    let is_drift = match change.cause {
        // A change of the manifest is never accepted with what the host did.
        Cause::ManifestAndDrift => false,
        Cause::Differs => true,
        cause => cause.divergence() == Divergence::Drift,
    };
    if !is_drift {
        return BTreeMap::new();
    }
    let fitting: Vec<(usize, &AcceptEntry)> = acceptance
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| holds(entry) && entry.matches(&change.addr))
        .collect();
    if let Some((at, _)) = fitting.iter().find(|(_, entry)| entry.attribute.is_none()) {
        return BTreeMap::from([(*at, Vec::new())]);
    }
    // What is missing or too much has no attributes of its own that somebody could mean.
    if !matches!(change.action, Action::Update | Action::Replace) {
        return BTreeMap::new();
    }
    let mut parts: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for attribute in &change.attributes {
        let means = |entry: &AcceptEntry| {
            entry.attribute.as_ref().is_some_and(|pattern| pattern.matches(&attribute.name))
        };
        if let Some((at, _)) = fitting.iter().find(|(_, entry)| means(entry)) {
            parts.entry(*at).or_default().push(attribute.name.clone());
        }
    }
    // One entry that accepts every attribute accepts the change.
    match parts.first_entry() {
        Some(mut only) if only.get().len() == change.attributes.len() => only.get_mut().clear(),
        _ => {}
    }
    parts
}

fn days(number: i64) -> String {
    format!("{number} {}", if number == 1 { "day" } else { "days" })
}
