use std::collections::BTreeMap;

use crdbctl_model::{DesiredPackage, Fact, FileKind, HostPath, Observed, PackageFact, PackageFileFact};

use super::{present, stat_of, unknown, unreadable};
use crate::answer::{Answer, Stat};
use crate::questions::Questions;

pub(super) fn ask(desired: &DesiredPackage, questions: &mut Questions) {
    questions.stat.insert(desired.path.clone());
    questions.room = Some(desired.path.clone());
    // Which files it should have, the node's own record may tell.
    if desired.unknown.is_some() {
        questions.installed = Some(desired.path.clone());
    }
    for (_, path) in members(desired) {
        questions.stat.insert(path.clone());
        questions.digests.insert(path);
    }
}

pub(super) fn read(desired: &DesiredPackage, answer: &Answer) -> Observed {
    let path = match stat_of(&desired.path, answer) {
        Stat::Present(path) => path,
        Stat::Absent => return Observed::Absent,
        Stat::Error(why) => return unreadable(&desired.path, &why),
    };
    if desired.unknown.is_some() {
        return unknown("it is there, and not known which files it should have");
    }
    let mut files = BTreeMap::new();
    for (member, at) in members(desired) {
        let file = match stat_of(&at, answer) {
            Stat::Present(path) => path,
            Stat::Absent => continue,
            Stat::Error(why) => return unreadable(&at, &why),
        };
        let (digest, size) = match (file.kind, answer.digests.get(at.as_str())) {
            (FileKind::Regular, Some(Ok((digest, size)))) => (Some(*digest), *size),
            (FileKind::Regular, Some(Err(why))) => return unreadable(&at, why),
            (FileKind::Regular, None) => return unreadable(&at, "its digest was not told"),
            _ => (None, 0),
        };
        files.insert(member, PackageFileFact { path: file, size, digest });
    }
    present(Fact::Package(PackageFact { path, files }))
}

/// The members with their paths on the host. Members whose names cannot be a [`HostPath`] do not
/// occur: the archive's index refuses them.
fn members(desired: &DesiredPackage) -> Vec<(String, HostPath)> {
    desired
        .members
        .iter()
        .filter_map(|member| Some((member.path.clone(), desired.path.join(&member.path).ok()?)))
        .collect()
}
