use crdbctl_model::{DesiredLink, Fact, FileKind, LinkFact, Observed};

use super::{present, stat_of, unreadable};
use crate::answer::{Answer, Stat};
use crate::questions::Questions;

pub(super) fn ask(desired: &DesiredLink, questions: &mut Questions) {
    questions.stat.insert(desired.path.clone());
    questions.targets.insert(desired.path.clone());
}

pub(super) fn read(desired: &DesiredLink, answer: &Answer) -> Observed {
    let path = match stat_of(&desired.path, answer) {
        Stat::Present(path) => path,
        Stat::Absent => return Observed::Absent,
        Stat::Error(why) => return unreadable(&desired.path, &why),
    };
    let target = answer.targets.get(desired.path.as_str());
    if path.kind == FileKind::Link && target.is_none() {
        return unreadable(&desired.path, "it is a link and its target was not told");
    }
    let target = target.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    present(Fact::Link(LinkFact { path, target }))
}
