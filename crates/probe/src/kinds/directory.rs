use crdbctl_model::{DesiredDirectory, Fact, HostPath, Observed};

use super::{present, stat_of, unreadable};
use crate::answer::{Answer, Stat};
use crate::questions::Questions;

pub(super) fn ask(desired: &DesiredDirectory, questions: &mut Questions) {
    questions.stat.insert(desired.path.clone());
}

pub(super) fn read(desired: &DesiredDirectory, answer: &Answer) -> Observed {
    directory_at(&desired.path, answer)
}

/// What stands at a path that was asked.
pub(super) fn directory_at(path: &HostPath, answer: &Answer) -> Observed {
    match stat_of(path, answer) {
        Stat::Present(found) => present(Fact::Directory(found)),
        Stat::Absent => Observed::Absent,
        Stat::Error(why) => unreadable(path, &why),
    }
}
