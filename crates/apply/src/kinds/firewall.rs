use crdbctl_model::{AllowFrom, DesiredFirewall, ResourceAddr};

use crate::step::{Step, call};

/// ufw adds a rule that is there already without a second one, so all that shall be are told (ufw(8)).
pub(super) fn step(addr: &ResourceAddr, desired: &DesiredFirewall) -> Step {
    let profile = desired.profile.as_str();
    let mut lines = vec![call("ufw", &["app", "update", profile])];
    for from in &desired.allow_from {
        lines.push(match from {
            AllowFrom::Any => call("ufw", &["allow", profile]),
            AllowFrom::Network(network) => {
                call("ufw", &["allow", "from", network, "to", "any", "app", profile])
            }
        });
    }
    if desired.enable {
        // Before the gate closes, the way in by which we came must be open.
        lines.push(call("ufw", &["allow", &format!("{}/tcp", desired.ssh_port)]));
        lines.push("ufw --force enable".to_owned());
    }
    Step::new(addr, lines.join("\n"))
}
