use crdbctl_model::Timestamp;

/// Returns this host's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix(jiff::Timestamp::now().as_second())
}

/// Returns the time of day in this host's time zone, for lines about what is going on: `12:00:01`.
pub(crate) fn time_of_day() -> String {
    jiff::Zoned::now().strftime("%H:%M:%S").to_string()
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
    fn run_ids_sort_by_time_and_differ() {
        let (one, two) =
            (run_id(Timestamp::from_unix(1_796_379_300)), run_id(Timestamp::from_unix(1_796_379_300)));
        assert!(one.starts_with("20261204-101500-"), "{one}");
        assert_eq!(one.len(), "20261204-101500-1a2b3c4d".len());
        assert_ne!(one, two);
    }
}
