use crdbctl_model::{Desired, DesiredFirewall, Resource, ResourceKind};

use super::file::profile_path;
use crate::lower::context::NodeContext;
use crate::manifest::Firewall;

/// The port of sshd where the manifest leaves it to the user's own ssh configuration.
const SSH_PORT: u16 = 22;

/// Returns the rules of ufw, `firewall.ufw`, unless the firewall is left alone.
pub(in crate::lower) fn lower(context: &NodeContext<'_>) -> Option<Resource> {
    let Firewall::Ufw(ufw) = &context.manifest.firewall else { return None };
    let ssh = context.manifest.ssh.with(&context.node.ssh);
    let desired = Desired::Firewall(DesiredFirewall {
        profile: ufw.profile.value.clone(),
        profile_path: profile_path(),
        ports: context.unit.endpoints.ports.clone(),
        allow_from: ufw.allow_from.clone(),
        enable: ufw.enable.value,
        ssh_port: ssh.port.map_or(SSH_PORT, |port| port.value),
    });
    let profile = Some(context.addr(ResourceKind::File, "ufw-profile"));
    Some(context.resource((ResourceKind::Firewall, "ufw"), desired, [profile], ufw.span))
}
