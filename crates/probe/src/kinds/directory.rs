use crdbctl_model::{DesiredDirectory, Fact, Observed};

use super::{present, stat_of, unreadable};
use crate::answer::{Answer, Stat};
use crate::questions::Questions;

pub(super) fn ask(desired: &DesiredDirectory, questions: &mut Questions) {
    questions.stat.insert(desired.path.clone());
}

pub(super) fn read(desired: &DesiredDirectory, answer: &Answer) -> Observed {
    match stat_of(&desired.path, answer) {
        Stat::Present(path) => present(Fact::Directory(path)),
        Stat::Absent => Observed::Absent,
        Stat::Error(why) => unreadable(&desired.path, &why),
    }
}
