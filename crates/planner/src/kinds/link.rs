use crdbctl_model::{Action, AttributeDiff, DesiredLink, Digest, FileKind, HostPath, LinkFact, Removal};

use crate::comparison::{Comparison, Difference, unknown};
use crate::removal::{Fate, delete};

pub(super) fn create(desired: &DesiredLink) -> Comparison {
    let mut difference = Difference::new(Action::Create);
    difference.attributes.push(AttributeDiff::words("target", None::<&str>, Some(&desired.target)));
    Comparison::Differs(difference)
}

/// What stands in the way of a link, as its attribute `type` tells it, when it is a file that crdbctl wrote and nobody edited: it
/// gives way, and is not kept.
pub const OWN_FILE: &str = "file of an earlier apply";

/// `written` is the digest of what crdbctl wrote there, if it did.
pub(super) fn compare(desired: &DesiredLink, found: &LinkFact, written: Option<Digest>) -> Comparison {
    match (found.path.kind, &found.target) {
        (FileKind::Link, Some(target)) => {
            let mut difference = Difference::new(Action::Update);
            difference.attribute("target", target, &desired.target);
            difference.conclude()
        }
        // Data may lie in it: a directory in the way is for a person to judge.
        (FileKind::Directory, _) => unknown(
            format!("{} is a directory where a link to {} shall be", desired.path, desired.target),
            "see what it holds, move it away by hand, then plan again",
        ),
        _ => {
            let mut difference = Difference::new(Action::Replace);
            let is_own =
                found.path.kind == FileKind::Regular && found.digest.is_some() && found.digest == written;
            let gives_way = if is_own {
                AttributeDiff::words("type", Some(OWN_FILE), Some("link"))
            } else {
                AttributeDiff::words("type", Some("file"), Some("link"))
                    .with_remark(format!("the file is kept as {}.old", desired.path))
            };
            difference.attributes =
                vec![gives_way, AttributeDiff::words("target", None::<&str>, Some(&desired.target))];
            Comparison::Differs(difference)
        }
    }
}

pub(super) fn remove(desired: &DesiredLink, found: &LinkFact) -> Fate {
    let Some(target) = &found.target else {
        return Fate::Stays(format!("{} is no longer a link", desired.path));
    };
    drop(&desired.path, target)
}

/// Returns how a link is removed that leads where crdbctl led it.
pub(crate) fn drop(path: &HostPath, target: &str) -> Fate {
    let attributes = vec![
        AttributeDiff::words("path", Some(path), None::<&str>),
        AttributeDiff::words("target", Some(target), None::<&str>),
    ];
    let is_unit = path.as_str().starts_with("/etc/systemd/system/");
    Fate::Goes(delete(Removal::Link { path: path.clone(), target: target.to_owned(), is_unit }, attributes))
}
