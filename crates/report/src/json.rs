use crdbctl_model::Plan;
use serde::Serialize;

use crate::tally::Tally;

/// A plan with what programs would otherwise have to work out.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    summary: Tally,
    complete: bool,
    applyable: bool,
    exit_code: u8,
    least_seconds: Option<u64>,
}

/// Returns a plan for machines: the plan's own document, with `summary` (the numbers of the human
/// summary line, and of what was compared), `complete`, `applyable`, `exit_code` and
/// `least_seconds` beside its members.
///
/// `exit_code` is what `drift`, and `plan --detailed-exitcode`, end with: 0 nothing to do, 2 changes, 5 something
/// could not be read. `applyable` tells whether an apply without `--skip-unknown` would start and
/// change something; a plan of a shard cannot be applied. The document reads back as a [`Plan`]; `specs/plan.v1.schema.json` describes it. Ends in a
/// line feed.
///
/// # Panics
/// Never: a plan serialises to JSON.
pub fn render_json(plan: &Plan) -> String {
    let document = Document {
        plan,
        summary: Tally::of(plan),
        complete: plan.is_complete(),
        least_seconds: plan.least_seconds(),
        applyable: plan.is_complete() && !plan.is_empty() && !plan.part.is_to_be_shown(),
        exit_code: plan.state().exit_code(),
    };
    serde_json::to_string_pretty(&document).expect("a plan serialises to JSON") + "\n"
}
