use crdbctl_model::{Desired, DesiredFile, HostPath, Resource, ResourceKind};

use crate::lower::context::{MODE_0644, NodeContext, root_owner};
use crate::manifest::Firewall;
use crate::unit::profile;

/// Returns the ufw application profile, `file.ufw-profile`, unless the firewall is left alone.
pub(in crate::lower) fn lower(context: &NodeContext<'_>) -> Option<Resource> {
    let Firewall::Ufw(ufw) = &context.manifest.firewall else { return None };
    let content = profile(&ufw.profile, &context.unit.endpoints.ports);
    let desired = Desired::File(DesiredFile {
        path: profile_path(),
        content,
        owner: root_owner(),
        group: root_owner(),
        mode: MODE_0644,
    });
    Some(context.resource((ResourceKind::File, "ufw-profile"), desired, [], ufw.span))
}

/// Returns where ufw looks for profiles (ufw(8)).
pub(super) fn profile_path() -> HostPath {
    HostPath::new("/etc/ufw/applications.d/cockroach").expect("a plain absolute path")
}
