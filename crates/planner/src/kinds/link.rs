use crdbctl_model::{Action, AttributeDiff, DesiredLink, FileKind, LinkFact};

use crate::comparison::{Comparison, Difference, unknown};

pub(super) fn create(desired: &DesiredLink) -> Comparison {
    let mut difference = Difference::new(Action::Create);
    difference.attributes.push(AttributeDiff::words("target", None::<&str>, Some(&desired.target)));
    Comparison::Differs(difference)
}

pub(super) fn compare(desired: &DesiredLink, found: &LinkFact) -> Comparison {
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
            difference.attributes = vec![
                AttributeDiff::words("type", Some("file"), Some("link"))
                    .with_remark(format!("the file is kept as {}.old", desired.path)),
                AttributeDiff::words("target", None::<&str>, Some(&desired.target)),
            ];
            Comparison::Differs(difference)
        }
    }
}
