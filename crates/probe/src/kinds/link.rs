use crdbctl_model::{DesiredLink, Digest, Fact, FileKind, HostPath, LinkFact, Observed};

use super::{present, stat_of, unreadable};
use crate::answer::{Answer, Content, Stat};
use crate::questions::Questions;

pub(super) fn ask(desired: &DesiredLink, questions: &mut Questions) {
    questions.stat.insert(desired.path.clone());
    questions.targets.insert(desired.path.clone());
    // Where a unit's file was and is linked from elsewhere now.
    if desired.path.parent().as_str() == "/etc/systemd/system" {
        questions.contents.insert(desired.path.clone());
    }
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
    let digest = match answer.contents.get(path.as_str()) {
        Some(Ok(Content::Bytes(bytes))) => Some(Digest::of(bytes)),
        Some(Ok(Content::Large(digest))) => Some(*digest),
        _ => None,
    };
    present(Fact::Link(LinkFact { path: found, target, digest }))
}
