//! Durations as SQL reads them and as Go and PostgreSQL print them; whole nanoseconds.

const SECOND: i64 = 1_000_000_000;

/// Returns a duration as Go's `Duration.String`: `5m0s`, `1.5s`, `250ms`, `0s`.
#[must_use]
pub fn go_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let second = SECOND.unsigned_abs();
    let fraction = |value: u64, unit: u64, name: &str| {
        let digits = unit.to_string().len() - 1;
        let rest = format!("{:0digits$}", value % unit);
        match rest.trim_end_matches('0') {
            "" => format!("{}{name}", value / unit),
            rest => format!("{}.{rest}{name}", value / unit),
        }
    };
    let text = match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => fraction(nanos, 1_000, "µs"),
        1_000_000..1_000_000_000 => fraction(nanos, 1_000_000, "ms"),
        _ => {
            let (hours, minutes) = (nanos / second / 3600, nanos / second / 60 % 60);
            let seconds = fraction(nanos % (60 * second), second, "s");
            match (hours, minutes) {
                (0, 0) => seconds,
                (0, _) => format!("{minutes}m{seconds}"),
                _ => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

/// Returns a duration as an `INTERVAL` is shown: `00:05:00`, `00:00:00.5`.
#[must_use]
pub fn interval_text(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let micros = nanos.unsigned_abs() / 1000;
    let seconds = micros / 1_000_000;
    let text = format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match format!("{:06}", micros % 1_000_000).trim_end_matches('0') {
        "" => text,
        fraction => format!("{text}.{fraction}"),
    }
}

/// Reads an `INTERVAL` of hours and less: `5m`, `1h30m`, `00:05:00`, `5 minutes`, `90` (seconds).
///
/// # Errors
/// When it is none, or uses days and longer units, which settings refuse.
pub fn parse_interval(text: &str) -> Result<i64, String> {
    let bad = || format!("could not parse {text:?} as type interval: interval: missing unit");
    let trimmed = text.trim();
    let (negative, body) = match trimmed.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, trimmed),
    };
    if body.is_empty() {
        return Err(bad());
    }
    let nanos = if body.contains(':') { clock(body).ok_or_else(bad)? } else { units(body, text)? };
    Ok(if negative { -nanos } else { nanos })
}

fn clock(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(':').collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes] => (*hours, *minutes, "0"),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let whole = |text: &str| text.parse::<u32>().ok().map(i64::from);
    nanos_of(seconds, SECOND)?.checked_add((whole(hours)? * 3600 + whole(minutes)? * 60).checked_mul(SECOND)?)
}

fn units(body: &str, text: &str) -> Result<i64, String> {
    let bad = || format!("could not parse {text:?} as type interval: interval: missing unit");
    let mut rest = body;
    let mut total = 0_i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let size = match unit.to_lowercase().as_str() {
            "ns" | "nanosecond" | "nanoseconds" => 1,
            "us" | "µs" | "microsecond" | "microseconds" => 1_000,
            "ms" | "msec" | "millisecond" | "milliseconds" => 1_000_000,
            "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
            // A number alone counts seconds.
            "" if after.is_empty() && rest == body => SECOND,
            "m" | "min" | "mins" | "minute" | "minutes" => 60 * SECOND,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600 * SECOND,
            "d" | "day" | "days" | "w" | "week" | "weeks" | "mon" | "month" | "months" | "y" | "year"
            | "years" => return Err(format!("cannot use day or month specifiers: {text:?}")),
            _ => return Err(bad()),
        };
        total = nanos_of(number, size).and_then(|part| total.checked_add(part)).ok_or_else(bad)?;
        rest = after.trim_start();
    }
    Ok(total)
}

/// A decimal number of units, exactly.
fn nanos_of(number: &str, unit: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanos = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        nanos = nanos.checked_add(i64::from(digit - b'0') * place)?;
    }
    Some(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_duration_has_two_faces() {
        for (text, go, interval) in [
            ("5m", "5m0s", "00:05:00"),
            ("300", "5m0s", "00:05:00"),
            ("00:05:00", "5m0s", "00:05:00"),
            ("1 hour 30 minutes", "1h30m0s", "01:30:00"),
            ("0s", "0s", "00:00:00"),
            ("500ms", "500ms", "00:00:00.5"),
            ("1.5s", "1.5s", "00:00:01.5"),
            ("75s", "1m15s", "00:01:15"),
            ("-1s", "-1s", "-00:00:01"),
            ("100h", "100h0m0s", "100:00:00"),
        ] {
            let nanos = parse_interval(text).unwrap();
            assert_eq!(
                (go_duration(nanos).as_str(), interval_text(nanos).as_str()),
                (go, interval),
                "{text}"
            );
            assert_eq!(parse_interval(&go_duration(nanos)), Ok(nanos));
            assert_eq!(parse_interval(&interval_text(nanos)), Ok(nanos));
        }
    }

    #[test]
    fn other_texts_are_no_durations() {
        for bad in ["", "soon", "5x", "5m 3", "1:2:3:4", "..s", "5m-1s"] {
            assert!(parse_interval(bad).is_err(), "{bad}");
        }
        assert!(parse_interval("1 day").unwrap_err().starts_with("cannot use day or month specifiers"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|[0-9.:hmsd -]){0,16}") {
            if let Ok(nanos) = parse_interval(&text) {
                proptest::prop_assert_eq!(parse_interval(&go_duration(nanos)), Ok(nanos));
            }
        }
    }
}
