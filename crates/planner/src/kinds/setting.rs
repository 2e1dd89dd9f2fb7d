use crdbctl_cockroach::settings::same_value;
use crdbctl_model::{Action, AttributeDiff, DesiredSetting, SettingFact};

use crate::comparison::{Comparison, Difference};

pub(super) fn create(desired: &DesiredSetting) -> Comparison {
    let mut difference = Difference::new(Action::Create);
    difference.attributes.push(AttributeDiff::words("value", None::<&str>, Some(&desired.value)));
    Comparison::Differs(difference)
}

/// Compares by meaning: CockroachDB prints values in a spelling of its own.
pub(super) fn compare(desired: &DesiredSetting, found: &SettingFact) -> Comparison {
    if same_value(&found.value, &desired.value) {
        return Comparison::Same { unchanged: 1 };
    }
    let mut difference = Difference::new(Action::Update);
    difference.attribute("value", &found.value, &desired.value);
    difference.conclude()
}
