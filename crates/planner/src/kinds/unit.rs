use crdbctl_model::{DesiredUnit, UnitFact};

use super::file;
use crate::comparison::Comparison;

pub(super) fn create(desired: &DesiredUnit) -> Comparison {
    file::create(&desired.file)
}

pub(super) fn compare(desired: &DesiredUnit, found: &UnitFact) -> Comparison {
    file::compare(&desired.file, &found.file)
}
