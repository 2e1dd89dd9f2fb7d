use std::path::Path;

use crdbctl_model::Digest;
use crdbctl_report::render_json;
use serde_json::Value;

use super::SavedPlan;
use crate::document_kind::{DocumentKind, no_json};
use crate::{CliError, ExitCode};

/// Returns a saved plan as the text of its file: one JSON document, described by `specs/saved-plan.v1.schema.json`.
///
/// # Errors
/// Never in practice: it is made of what serialises to JSON.
pub(crate) fn text(saved: &SavedPlan) -> Result<String, serde_json::Error> {
    let mut document = serde_json::to_value(saved)?;
    // With the numbers that `plan --format json` has beside the plan's members.
    document["plan"] = serde_json::from_str(&render_json(&saved.plan))?;
    document["digest"] = Value::from(canonical_digest(&document).to_string());
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// Returns the plan in a file that `plan -o` wrote.
///
/// # Errors
/// When it cannot be read, is no saved plan, has another form, or is not as it was written.
pub(crate) fn read(file: &Path) -> Result<SavedPlan, CliError> {
    of(file, &bytes(file)?)
}

/// Returns the content of a file that holds a plan. It may be a pipe, which gives it once.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn bytes(file: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(file)
        .map_err(|error| CliError::failed(format!("reading the saved plan {}", file.display()), &error))
}

/// Returns the plan in the content of a file that `plan -o` wrote.
///
/// # Errors
/// When it is no saved plan, has another form, or is not as it was written.
pub(crate) fn of(file: &Path, bytes: &[u8]) -> Result<SavedPlan, CliError> {
    parse(bytes).map_err(|(why, hint)| {
        CliError::new(ExitCode::Error, format!("reading the saved plan {}: {why}", file.display())).hint(hint)
    })
}

/// Returns the plan, or why there is none, and what to do.
pub(super) fn parse(bytes: &[u8]) -> Result<SavedPlan, (String, &'static str)> {
    const WRITE_ONE: &str = "write one with `crdbctl plan -o FILE`";
    const AGAIN: &str =
        "plan again, and leave the file as it is; it is meant for `crdbctl show` and `crdbctl apply` alone";
    let mut document: Value = serde_json::from_slice(bytes)
        .map_err(|error| (format!("it is no saved plan: {}", no_json(bytes, &error)), WRITE_ONE))?;
    let instead = DocumentKind::SavedPlan.instead(&document);
    let words = instead.unwrap_or("it lacks `format_version`, `plan` or `digest`");
    let stranger = || (format!("it is no saved plan: {words}"), WRITE_ONE);
    let members = document.as_object_mut().ok_or_else(stranger)?;
    let version = members.get("format_version").and_then(Value::as_u64).ok_or_else(stranger)?;
    if !members.contains_key("plan") {
        return Err(stranger());
    }
    if version != u64::from(SavedPlan::FORMAT_VERSION) {
        let ours = SavedPlan::FORMAT_VERSION;
        let why = format!("it has form {version}, and this crdbctl reads form {ours}");
        return Err((why, "use the crdbctl that wrote it, or plan again"));
    }
    let digest = members.remove("digest").ok_or_else(stranger)?;
    if digest != canonical_digest(&document).to_string() {
        return Err(("it is not as it was written: its content does not fit its digest".to_owned(), AGAIN));
    }
    serde_json::from_value(document).map_err(|error| (format!("it is no saved plan: {error}"), AGAIN))
}

/// Returns the digest of a document's content, however it is spaced and ordered: a JSON object here is in order of its names.
///
/// It finds accidents and edits. It is no signature: who can write the file can write the digest too.
fn canonical_digest(document: &Value) -> Digest {
    Digest::of_json(document)
}
