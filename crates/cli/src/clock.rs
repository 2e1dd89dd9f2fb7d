use crdbctl_model::Timestamp;

/// Returns this host's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix(jiff::Timestamp::now().as_second())
}

/// Returns the time of day in this host's time zone, for lines about what is going on: `12:00:01`.
pub(crate) fn time_of_day() -> String {
    jiff::Zoned::now().strftime("%H:%M:%S").to_string()
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
    fn run_ids_sort_by_time_and_differ() {
        let (one, two) =
            (run_id(Timestamp::from_unix(1_796_379_300)), run_id(Timestamp::from_unix(1_796_379_300)));
        assert!(one.starts_with("20261204-101500-"), "{one}");
        assert_eq!(one.len(), "20261204-101500-1a2b3c4d".len());
        assert_ne!(one, two);
    }
}
