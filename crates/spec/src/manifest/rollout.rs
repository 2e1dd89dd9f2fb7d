use crate::Spanned;
use crate::decode::{Decoder, Fields, read};

/// How a change that stops nodes goes through the cluster; times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// How many nodes may be down at once.
    pub max_unavailable: Spanned<usize>,
    /// How long to wait after a node is well again.
    pub settle: Spanned<u64>,
    /// How long a drain may take.
    pub drain_timeout: Spanned<u64>,
    /// How long a gate may take to open.
    pub health_timeout: Spanned<u64>,
    /// How far the two looks at the ranges are apart.
    pub ranges_pause: Spanned<u64>,
}

impl Rollout {
    pub(super) fn decode(decoder: &mut Decoder, mut fields: Fields<'_>) -> Self {
        let rollout = Self {
            max_unavailable: fields.or(decoder, "max_unavailable", 1, read::integer(1..=1000)),
            settle: fields.or(decoder, "settle", 60, read::seconds),
            drain_timeout: fields.or(decoder, "drain_timeout", 600, read::seconds),
            health_timeout: fields.or(decoder, "health_timeout", 600, read::seconds),
            // Twice the ten seconds in which a node reports its figures, and a little more.
            ranges_pause: fields.or(decoder, "ranges_pause", 22, read::seconds),
        };
        for (name, timeout) in [("drain", rollout.drain_timeout), ("health", rollout.health_timeout)] {
            if timeout.value == 0 {
                decoder.report(
                    crate::Diagnostic::new(timeout.span, format!("`rollout.{name}_timeout` leaves no time"))
                        .help("write a duration such as 10m"),
                );
            }
        }
        if rollout.ranges_pause.value == 0 {
            let text = "`rollout.ranges_pause` of 0 makes two looks one";
            decoder.report(crate::Diagnostic::new(rollout.ranges_pause.span, text).help(
                "write 22s, twice the ten seconds in which nodes report their figures and a little more",
            ));
        }
        fields.finish(decoder);
        rollout
    }
}
