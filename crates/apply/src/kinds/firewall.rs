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
        // Before the gate closes, the way in by which we came must be open. A `limit` lets in, too, and `ufw allow`
        // would take its place.
        let port = desired.ssh_port;
        let limit =
            format!(r"^### tuple ### limit(_log(-all)?)? tcp {port} 0\.0\.0\.0/0 any 0\.0\.0\.0/0 in( |$)");
        let is_limited = call("grep", &["-qsE", "--", &limit, "/etc/ufw/user.rules"]);
        lines.push(format!("{is_limited} || {}", call("ufw", &["allow", &format!("{port}/tcp")])));
        lines.push("ufw --force enable".to_owned());
    }
    Step::new(addr, lines.join("\n"))
}
