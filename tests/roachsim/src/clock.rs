//! Times of day.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::macros::format_description;

/// Microseconds since 1970.
#[must_use]
pub fn unix_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970.
#[must_use]
pub fn unix_millis() -> u64 {
    u64::try_from(unix_micros() / 1000).unwrap_or(0)
}

fn date_time(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Returns a time as tables show it: `2026-01-02 03:04:05.123456`, UTC, without trailing zeros.
#[must_use]
pub fn timestamp(micros: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let text = date_time(micros).format(format).unwrap_or_default();
    let fraction = format!("{:06}", micros.rem_euclid(1_000_000));
    match fraction.trim_end_matches('0') {
        "" => text,
        fraction => format!("{text}.{fraction}"),
    }
}

/// Returns a time as log files show it: `260102 03:04:05.123456`, UTC.
#[must_use]
pub fn log_time(micros: i64) -> String {
    let format =
        format_description!("[year repr:last_two][month][day] [hour]:[minute]:[second].[subsecond digits:6]");
    date_time(micros).format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_as_many_digits_as_needed() {
        assert_eq!(timestamp(1_767_323_045_100_000), "2026-01-02 03:04:05.1");
        assert_eq!(timestamp(1_767_323_045_000_000), "2026-01-02 03:04:05");
        assert_eq!(log_time(1_767_323_045_000_012), "260102 03:04:05.000012");
    }
}
