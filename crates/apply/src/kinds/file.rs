use crdbctl_model::{Action, Change, DesiredFile};

use super::note_pending;
use crate::step::{Content, Step, call, quoted};

pub(super) fn step(change: &Change, desired: &DesiredFile) -> Step {
    let mut body = String::from(note_pending(change.impact));
    if change.action == Action::Replace {
        // A link or a special file stands there.
        let aside = desired.path.as_str().trim_start_matches('/').replace('/', "-");
        body.push_str(&call("copy_aside", &[desired.path.as_str(), &aside]));
        body.push('\n');
    }
    let mode = desired.mode.to_string();
    let arguments = [desired.path.as_str(), desired.owner.as_str(), desired.group.as_str(), &mode];
    body.push_str(&call("put", &arguments));
    body.push_str(" \"$payload\"");
    if desired.path.as_str().starts_with("/etc/ufw/applications.d/") && change.action != Action::Create {
        // Rules that name the profile keep the ports that it had until ufw is told (ufw(8), app update).
        body.push_str("\nfor profile in $(sed -n 's/^\\[\\(.*\\)\\]$/\\1/p' ");
        body.push_str(&quoted(desired.path.as_str()));
        body.push_str("); do ufw app update \"$profile\"; done");
    }
    Step::new(&change.addr, body).with(Content::Public(desired.content.clone())).writing(&desired.path)
}
