use crdbctl_model::{Change, DesiredLink, Fact, Value};
use crdbctl_planner::OWN_FILE;

use crate::step::{Step, call};

/// A file that an earlier apply wrote in the link's place gives way, if it still is that one; any other is kept.
pub(super) fn step(change: &Change, desired: &DesiredLink) -> Step {
    let own = Some(Value::word(OWN_FILE));
    let is_own =
        change.attributes.iter().any(|attribute| attribute.name == "type" && attribute.before == own);
    let written = match &change.before {
        Some(Fact::Link(found)) if is_own => found.digest.map(|digest| digest.to_string()),
        _ => None,
    };
    let mut arguments = vec![desired.path.as_str(), desired.target.as_str()];
    arguments.extend(written.as_deref());
    Step::new(&change.addr, call("link", &arguments)).writing(&desired.path)
}
