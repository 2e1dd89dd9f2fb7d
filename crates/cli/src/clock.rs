use crdbctl_model::Timestamp;

/// Returns this host's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix(jiff::Timestamp::now().as_second())
}

/// A moment of this host's clock, in its time zone.
#[derive(Clone, Debug)]
pub(crate) struct Moment(jiff::Zoned);

impl Moment {
    /// Returns what the clock shows.
    pub(crate) fn now() -> Self {
        Self(jiff::Zoned::now())
    }

    /// Returns the time of day, for lines about what is going on: `12:00:01`.
    pub(crate) fn time_of_day(&self) -> String {
        self.0.strftime("%H:%M:%S").to_string()
    }

    /// Returns the moment as RFC 3339 says: `2026-12-04T12:00:01.234+01:00`.
    pub(crate) fn rfc3339(&self) -> String {
        self.0.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
    }
}

/// Returns this host's clock in milliseconds since 1970.
pub(crate) fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Returns the moment that CockroachDB writes as `2026-01-02 03:04:05.1` or with `+00:00` behind it, in UTC.
pub(crate) fn utc(text: &str) -> Option<Timestamp> {
    let plain = text.split(['+', '.']).next()?.trim();
    let moment = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", plain).ok()?;
    let moment = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_unix(moment.timestamp().as_second()))
}

/// Returns a run's id: sorts by time, safe in a file name, unlike any other: `20261204-101500-1a2b3c4d`.
pub(crate) fn run_id(at: Timestamp) -> String {
    let nanoseconds = jiff::Timestamp::now().as_nanosecond();
    let unique = crdbctl_model::Digest::of(format!("{} {nanoseconds}", std::process::id())).short();
    let moment = jiff::Timestamp::from_second(at.as_unix()).unwrap_or_default();
    format!("{}-{unique}", moment.strftime("%Y%m%d-%H%M%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cockroachs_moments_are_utc() {
        let of = |text: &str| utc(text).map(|moment| moment.as_unix());
        assert_eq!(of("1970-01-02 00:00:01.5"), Some(86_401));
        assert_eq!(of("1970-01-02 00:00:01.527658+00:00"), Some(86_401));
        assert_eq!(of("1970-01-02 00:00:01+00:00"), Some(86_401));
        assert_eq!((of("NULL"), of("")), (None, None));
    }

    #[test]
    fn the_time_of_day_is_that_of_the_whole_moment() {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(-3));
        let moment = Moment(jiff::Timestamp::from_millisecond(86_400_007).unwrap().to_zoned(zone));
        assert_eq!(moment.rfc3339(), "1970-01-01T21:00:00.007-03:00");
        assert_eq!(moment.time_of_day(), "21:00:00");
    }

    #[test]
    fn run_ids_sort_by_time_and_differ() {
        let (one, two) =
            (run_id(Timestamp::from_unix(1_796_379_300)), run_id(Timestamp::from_unix(1_796_379_300)));
        assert!(one.starts_with("20261204-101500-"), "{one}");
        assert_eq!(one.len(), "20261204-101500-1a2b3c4d".len());
        assert_ne!(one, two);
    }
}
