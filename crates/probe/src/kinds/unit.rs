use crdbctl_model::{DesiredUnit, Fact, Observed, UnitFact};

use super::file::file_at;
use super::{present, unreadable};
use crate::answer::Answer;
use crate::questions::Questions;

pub(super) fn ask(desired: &DesiredUnit, questions: &mut Questions) {
    questions.stat.insert(desired.file.path.clone());
    questions.contents.insert(desired.file.path.clone());
    questions.drop_ins = Some(desired.name.clone());
}

pub(super) fn read(desired: &DesiredUnit, answer: &Answer) -> Observed {
    match file_at(&desired.file.path, answer) {
        Ok(Some(file)) => present(Fact::Unit(UnitFact { file })),
        Ok(None) => Observed::Absent,
        Err(why) => unreadable(&desired.file.path, &why),
    }
}
