use crdbctl_model::{DesiredDirectory, ResourceAddr};

use crate::step::{Step, call};

pub(super) fn step(addr: &ResourceAddr, desired: &DesiredDirectory) -> Step {
    let mode = desired.mode.to_string();
    let arguments = [desired.path.as_str(), desired.owner.as_str(), desired.group.as_str(), &mode];
    Step::new(addr, call("directory", &arguments))
}
