use crdbctl_model::{DesiredUnit, UnitFact};

use super::file;
use crate::comparison::Comparison;
use crate::removal::Fate;

pub(super) fn create(desired: &DesiredUnit) -> Comparison {
    file::create(&desired.file)
}

pub(super) fn compare(desired: &DesiredUnit, found: &UnitFact) -> Comparison {
    file::compare(&desired.file, &found.file)
}

pub(super) fn remove(desired: &DesiredUnit, found: &UnitFact) -> Fate {
    file::remove(&desired.file, &found.file, Some(desired.name.clone()))
}
