use std::path::Path;

use crdbctl_model::Plan;
use crdbctl_planner::join;
use serde_json::Value;

use crate::document_kind::{DocumentKind, no_json};
use crate::{CliError, ExitCode};

const WRITE_ONE: &str = "write one with `crdbctl drift --format json`, or `plan --format json`";

/// Returns whether a file's content is a plan as `--format json` prints it, and not one that `plan -o` saved. What is neither is
/// left to whoever parses it next.
pub(crate) fn is_one(bytes: &[u8]) -> bool {
    let document = serde_json::from_slice::<Value>(bytes).ok();
    document.is_some_and(|document| DocumentKind::of(&document) == Some(DocumentKind::Plan))
}

/// Returns the plan in a file that `--format json` wrote.
///
/// # Errors
/// When it cannot be read, is no plan, or has another form.
fn read(file: &Path) -> Result<Plan, CliError> {
    let bytes = std::fs::read(file)
        .map_err(|error| CliError::failed(format!("reading the plan {}", file.display()), &error))?;
    of(file, &bytes)
}

/// Returns the plan in the content of a file that `--format json` wrote.
///
/// # Errors
/// When it is no plan, or has another form.
pub(crate) fn of(file: &Path, bytes: &[u8]) -> Result<Plan, CliError> {
    parse(bytes).map_err(|(why, hint)| {
        CliError::new(ExitCode::Error, format!("reading the plan {}: {why}", file.display())).hint(hint)
    })
}

fn parse(bytes: &[u8]) -> Result<Plan, (String, &'static str)> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        let hint = "see what the command that was to write it said; this is not a plan without changes";
        return Err(("it is empty".to_owned(), hint));
    }
    let document: Value = serde_json::from_slice(bytes)
        .map_err(|error| (format!("it is no plan: {}", no_json(bytes, &error)), WRITE_ONE))?;
    if let Some(instead) = DocumentKind::Plan.instead(&document) {
        return Err((format!("it is no plan as `--format json` prints it: {instead}"), WRITE_ONE));
    }
    let version = document.get("format_version").and_then(Value::as_u64);
    match version {
        Some(version) if version != u64::from(Plan::FORMAT_VERSION) => {
            let why = format!("it has form {version}, and this crdbctl reads form {}", Plan::FORMAT_VERSION);
            Err((why, "use the crdbctl that wrote it, or plan again"))
        }
        _ => serde_json::from_value(document).map_err(|error| (format!("it is no plan: {error}"), WRITE_ONE)),
    }
}

/// Returns one plan of those of all shards, and what is to be said of where it comes from.
///
/// # Errors
/// When a file is none of a shard, or they are not of one whole: all that is wrong, a line each.
pub(crate) fn read_shards(files: &[impl AsRef<Path>]) -> Result<(Plan, String), CliError> {
    let mut plans = Vec::new();
    let mut wrong: Vec<CliError> = Vec::new();
    for file in files.iter().map(AsRef::as_ref) {
        match read(file) {
            Ok(plan) => plans.push((file.display().to_string(), plan)),
            Err(error) => wrong.push(error),
        }
    }
    let taken = plans.iter().filter_map(|(_, plan)| Some(plan.part.context.as_ref()?.taken_at)).min();
    // Files that could not be read are no shards that are missing.
    let joined = join(&plans);
    if let Err(errors) = &joined {
        wrong.extend(errors.iter().map(|error| {
            CliError::new(ExitCode::Error, error).hint(
                "give the plans of one cluster, each by `drift --shard I/N --format json`, of one pipeline",
            )
        }));
    }
    match (joined, wrong.is_empty()) {
        (Ok(plan), true) => {
            let from = crdbctl_report::count(plans.len(), "shard");
            let taken = taken.map(|taken| format!(", read from {} on", taken.date())).unwrap_or_default();
            Ok((plan, format!("joined from {from}{taken}")))
        }
        _ => Err(together(wrong)),
    }
}

/// Returns several errors as one, each hint once.
fn together(errors: Vec<CliError>) -> CliError {
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    let mut all = CliError::new(ExitCode::Error, messages.join("\n"));
    for hint in errors.iter().flat_map(|error| &error.hints) {
        if !all.hints.contains(hint) {
            all.hints.push(hint.clone());
        }
    }
    all
}
