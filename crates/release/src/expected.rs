use crdbctl_model::Digest;

use crate::ChecksumSource;

/// The digest that an archive shall have, and what says so.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) digest: Digest,
    pub(crate) source: ChecksumSource,
}
