use std::collections::BTreeSet;

use crdbctl_model::{Desired, DesiredSetting, Presence, Resource, ResourceAddr, ResourceKind, ResourceName};

use super::init::init_addr;
use crate::lower::context::origin;
use crate::manifest::Manifest;

/// Returns the SQL cluster settings, `cluster/setting.<name>`: after the initialisation.
pub(in crate::lower) fn lower(manifest: &Manifest) -> impl Iterator<Item = Resource> {
    manifest.cockroach.settings.iter().map(|(name, value)| Resource {
        addr: ResourceAddr::of_cluster(ResourceKind::Setting, ResourceName::encode(name.as_str().as_bytes())),
        desired: Desired::Setting(DesiredSetting { name: name.clone(), value: value.value.clone() }),
        presence: Presence::Present,
        depends_on: BTreeSet::from([init_addr(manifest)]),
        origin: origin(manifest, value.span),
    })
}
