use std::time::Duration;

use super::DiskFree;
use crate::Spanned;
use crate::decode::{Decoder, Fields, read};

/// The limits of preflight checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    /// How far a node's clock may be off.
    pub clock_skew: Spanned<Duration>,
    /// How much of the data directory's disk must be free.
    pub disk_free: Spanned<DiskFree>,
}

impl Checks {
    pub(super) fn decode(decoder: &mut Decoder, mut fields: Fields<'_>) -> Self {
        let checks = Self {
            clock_skew: fields.or(decoder, "clock_skew", Duration::from_millis(250), read::duration),
            disk_free: fields.or(decoder, "disk_free", DiskFree::Percent(10), read::parsed),
        };
        fields.finish(decoder);
        checks
    }
}
