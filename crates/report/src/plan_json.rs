use crdbctl_model::Plan;
use serde_json::{Value, json};

/// Returns a plan for machines: the plan's own document, with `summary` (the numbers of the human
/// summary line), `complete`, `applyable` and `exit_code` beside its members.
///
/// `exit_code` is what `plan --detailed-exitcode` ends with: 0 nothing to do, 2 changes, 5 something
/// could not be read. `applyable` tells whether an apply without `--skip-unknown` would start and
/// change something. The document reads back as a [`Plan`].
///
/// # Panics
/// Never: a plan serialises to a JSON object.
pub fn plan_json(plan: &Plan) -> Value {
    let mut document = serde_json::to_value(plan).expect("a plan serialises to JSON");
    let exit_code = match (plan.is_complete(), plan.is_empty()) {
        (false, _) => 5,
        (true, false) => 2,
        (true, true) => 0,
    };
    let members = document.as_object_mut().expect("a plan is a JSON object");
    members.insert("summary".to_owned(), json!(plan.counts()));
    members.insert("complete".to_owned(), json!(plan.is_complete()));
    members.insert("applyable".to_owned(), json!(plan.is_complete() && !plan.is_empty()));
    members.insert("exit_code".to_owned(), json!(exit_code));
    document
}
