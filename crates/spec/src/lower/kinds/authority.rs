use std::collections::BTreeSet;

use crdbctl_model::{Desired, DesiredAuthority, Presence, Resource};

use crate::lower::context::{authority_addr, origin};
use crate::manifest::Manifest;

/// Returns the certificate authority: `cluster/authority.ca`.
pub(in crate::lower) fn lower(manifest: &Manifest) -> Resource {
    let certificates = &manifest.certificates;
    Resource {
        addr: authority_addr(),
        desired: Desired::Authority(DesiredAuthority {
            directory: certificates.authority.to_string(),
            key: certificates.key.value,
            lifetime: seconds(certificates.lifetime.ca.value),
        }),
        presence: Presence::Present,
        depends_on: BTreeSet::new(),
        origin: origin(manifest, certificates.authority.span),
    }
}

/// Returns seconds as the model counts them; durations of a manifest end at 100 years.
pub(super) fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
