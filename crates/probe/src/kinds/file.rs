use crdbctl_model::{DesiredFile, Digest, Fact, FileFact, FileKind, HostPath, Observed, PathFact};

use super::{present, stat_of, unreadable};
use crate::answer::{Answer, Content, Read, Stat};
use crate::questions::Questions;

pub(super) fn ask(desired: &DesiredFile, questions: &mut Questions) {
    questions.stat.insert(desired.path.clone());
    questions.contents.insert(desired.path.clone());
}

pub(super) fn read(desired: &DesiredFile, answer: &Answer) -> Observed {
    match file_at(&desired.path, answer) {
        Ok(Some(file)) => present(Fact::File(file)),
        Ok(None) => Observed::Absent,
        Err(why) => unreadable(&desired.path, &why),
    }
}

/// What stands at a path of which type and content were asked; `None` when nothing does.
pub(super) fn file_at(path: &HostPath, answer: &Answer) -> Read<Option<FileFact>> {
    let attributes = match stat_of(path, answer) {
        Stat::Present(attributes) => attributes,
        Stat::Absent => return Ok(None),
        Stat::Error(why) => return Err(why),
    };
    if attributes.kind != FileKind::Regular {
        return Ok(Some(FileFact { path: attributes, digest: None, content: None }));
    }
    match answer.contents.get(path.as_str()) {
        Some(Ok(content)) => Ok(Some(with_content(attributes, content))),
        Some(Err(why)) => Err(why.clone()),
        None => Err("its content was not told".to_owned()),
    }
}

pub(super) fn with_content(path: PathFact, content: &Content) -> FileFact {
    match content {
        Content::Bytes(bytes) => FileFact {
            path,
            digest: Some(Digest::of(bytes)),
            content: Some(String::from_utf8_lossy(bytes).into_owned()),
        },
        Content::Large(digest) => FileFact { path, digest: Some(*digest), content: None },
    }
}
