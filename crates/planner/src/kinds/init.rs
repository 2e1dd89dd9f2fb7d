use crdbctl_model::{Action, AttributeDiff, DesiredInit};

use crate::comparison::{Comparison, Difference};

pub(super) fn create(desired: &DesiredInit) -> Comparison {
    let mut difference = Difference::new(Action::Create);
    difference.attributes.push(
        AttributeDiff::words("through", None::<&str>, Some(&desired.through))
            .with_remark("once, and only if every node then waits for it"),
    );
    Comparison::Differs(difference)
}
