use crdbctl_model::{Action, AttributeDiff, DropInFact};

use crate::comparison::Difference;

/// Returns the difference that sets a foreign drop-in aside.
pub(crate) fn set_aside(found: &DropInFact) -> Difference {
    let mut difference = Difference::new(Action::Delete);
    difference.attributes = vec![
        AttributeDiff::words("path", Some(&found.path), None::<&str>)
            .with_remark("set aside below /var/lib/crdbctl/set-aside, not deleted"),
        AttributeDiff::texts("content", Some(found.file.content.clone().unwrap_or_default()), None::<&str>),
    ];
    difference
}
