use crdbctl_model::{Action, Change, Impact, Removal};
use serde::Serialize;

use crate::Role;

/// Returns the role and the participle of an action: `created`.
pub(crate) const fn done(action: Action) -> (Role, &'static str) {
    match action {
        Action::Create => (Role::Create, "created"),
        Action::Update => (Role::Update, "updated"),
        Action::Replace => (Role::Replace, "replaced"),
        Action::Delete => (Role::Delete, "deleted"),
    }
}

/// Returns whether nothing remains of what a change takes away: what is set aside can be had back.
pub(crate) fn goes_for_good(change: &Change) -> bool {
    change.removal.as_ref().is_some_and(|removal| !matches!(removal, Removal::Files { aside: true, .. }))
}

/// Returns what an impact does to a node, unless that is nothing.
pub(crate) const fn effect(impact: Impact) -> Option<&'static str> {
    match impact {
        Impact::None => None,
        Impact::Reload => Some("reloads"),
        Impact::Restart => Some("restarts"),
    }
}

/// Returns what a change does to its node, in words, unless that is nothing.
pub(crate) fn effect_of(change: &Change) -> Option<&'static str> {
    match &change.removal {
        Some(removal) if removal.stops() => Some("stops for good"),
        Some(Removal::Data { .. }) => Some("deletes all data"),
        _ => effect(change.impact),
    }
}

/// Returns the word for what a change does to its node, to filter by: that of the impact, `stop` or `delete-data`.
pub(crate) fn impact_word(change: &Change) -> String {
    match &change.removal {
        Some(removal) if removal.stops() => "stop".to_owned(),
        Some(Removal::Data { .. }) => "delete-data".to_owned(),
        _ => word(change.impact),
    }
}

/// Returns the word that stands for a variant without fields in JSON: `put-off`.
pub(crate) fn word(variant: impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(word)) => word,
        // Only such variants are given.
        _ => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crdbctl_model::{Cause, Verdict};

    use super::*;

    #[test]
    fn words_are_those_of_the_json_form() {
        assert_eq!(word(Verdict::PutOff), "put-off");
        assert_eq!(word(Cause::Manifest), "manifest");
        assert_eq!(word(Impact::None), "none");
    }
}
