use crdbctl_model::{DesiredLink, Fact, FileKind, HostPath, LinkFact, Observed};

use super::{present, stat_of, unreadable};
use crate::answer::{Answer, Stat};
use crate::questions::Questions;

pub(super) fn ask(desired: &DesiredLink, questions: &mut Questions) {
    questions.stat.insert(desired.path.clone());
    questions.targets.insert(desired.path.clone());
}

pub(super) fn read(desired: &DesiredLink, answer: &Answer) -> Observed {
    link_at(&desired.path, answer)
}

/// What stands at a path that was asked.
pub(super) fn link_at(path: &HostPath, answer: &Answer) -> Observed {
    let found = match stat_of(path, answer) {
        Stat::Present(found) => found,
        Stat::Absent => return Observed::Absent,
        Stat::Error(why) => return unreadable(path, &why),
    };
    let target = answer.targets.get(path.as_str());
    if found.kind == FileKind::Link && target.is_none() {
        return unreadable(path, "it is a link and its target was not told");
    }
    let target = target.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    present(Fact::Link(LinkFact { path: found, target }))
}
