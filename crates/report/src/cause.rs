use crdbctl_model::{Action, Cause, Change};

use crate::View;

/// Returns why a change is there, in the words of the plan, or of what `drift` found.
pub(crate) fn cause_words(change: &Change, view: View) -> String {
    let reason = change.reason.as_deref();
    match change.cause {
        // What stands before it says already that it has drifted.
        Cause::Drift if view == View::Drift => reason.unwrap_or("changed on the host").to_owned(),
        Cause::Manifest => lead("manifest changed", reason),
        Cause::ManifestAndDrift => lead("manifest changed, and the host as well", reason),
        Cause::Drift => lead("drift", Some(reason.unwrap_or("changed on the host"))),
        Cause::Unfinished => lead("an earlier apply was interrupted", reason),
        // What is not there cannot differ.
        Cause::Differs if change.action == Action::Create => reason.unwrap_or("not there yet").to_owned(),
        Cause::Differs => reason.unwrap_or("differs from the manifest").to_owned(),
        Cause::Rotation => lead("rotation of the authority", reason),
        Cause::Surplus => reason.unwrap_or("no longer wanted").to_owned(),
        Cause::Expiry => reason.unwrap_or("expires soon").to_owned(),
        Cause::Missing if change.action == Action::Create => reason.unwrap_or("not there yet").to_owned(),
        Cause::Missing => reason.unwrap_or("missing").to_owned(),
    }
}

/// Returns what a cause means, as a sentence.
pub(crate) const fn cause_sentence(cause: Cause) -> &'static str {
    match cause {
        Cause::Manifest => "The manifest says something else than what was applied last.",
        Cause::ManifestAndDrift => {
            "The manifest says something else than what was applied last, and the host has changed since as well."
        }
        Cause::Drift => "The manifest says what was applied last: the host has changed since.",
        Cause::Differs => "It differs from the manifest, and no record on the host tells who moved.",
        Cause::Expiry => "A certificate nears its end.",
        Cause::Missing => "The manifest has it, and it was never there.",
        Cause::Unfinished => "An earlier apply was interrupted before it was done with it.",
        Cause::Rotation => "A new authority takes the place of an old one.",
        Cause::Surplus => "It is there, crdbctl made it, and it is no longer wanted.",
    }
}

fn lead(word: &str, reason: Option<&str>) -> String {
    // Reasons may lead with the word themselves.
    match reason {
        Some(reason) if reason.starts_with(word) => reason.to_owned(),
        Some(reason) => format!("{word}: {reason}"),
        None => word.to_owned(),
    }
}
