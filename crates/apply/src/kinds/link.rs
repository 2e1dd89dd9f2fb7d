use crdbctl_model::{DesiredLink, ResourceAddr};

use crate::step::{Step, call};

pub(super) fn step(addr: &ResourceAddr, desired: &DesiredLink) -> Step {
    Step::new(addr, call("link", &[desired.path.as_str(), desired.target.as_str()])).writing(&desired.path)
}
