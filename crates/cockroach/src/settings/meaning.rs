/// Returns whether a value as `SHOW CLUSTER SETTING` prints it means the same as one that a manifest has.
///
/// CockroachDB takes many spellings of a value and prints its own: `67108864` and `64MiB` come back as `64 MiB`, `90s` as
/// `1m30s` or `00:01:30`, `300` of a span of time as `00:05:00`, `on` and `1` as `true`, `AUTO` as `auto`, `.25` as `0.25`. Sizes are rounded when they are printed. Two texts that are
/// no such value mean the same when they are equal.
///
/// Source: `pkg/settings` and `pkg/util/humanizeutil` of <https://github.com/cockroachdb/cockroach>.
#[must_use]
pub fn same_value(shown: &str, wanted: &str) -> bool {
    let (shown, wanted) = (shown.trim(), wanted.trim());
    if shown == wanted {
        return true;
    }
    // One is true where true is shown, and a number where a number is.
    if let (Some(shown), Some(wanted)) = (boolean(shown), boolean(wanted).or(digit(wanted))) {
        return shown == wanted;
    }
    if let (Some(shown), Some(wanted)) = (number(shown), number(wanted)) {
        return shown == wanted;
    }
    if let (Some(is), Some(shall)) = (bytes(shown), bytes(wanted)) {
        return is == shall || bytes(&humanized(shall)) == Some(is);
    }
    if let (Some(shown), Some(wanted)) = (interval(shown), wanted_nanoseconds(wanted)) {
        return shown == wanted;
    }
    is_same_word(shown, wanted)
}

fn digit(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

/// The words that a boolean setting takes (`tree.ParseDBool`).
fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "tru" | "tr" | "t" | "on" | "yes" | "ye" | "y" => Some(true),
        "false" | "fals" | "fal" | "fa" | "f" | "off" | "of" | "no" | "n" => Some(false),
        _ => None,
    }
}

/// A decimal number, compared by its digits, so that no precision is lost: sign, whole part, fraction.
fn number(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    Some((negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction))
}

const UNITS: [(&str, u32, u128); 7] = [
    ("", 0, 1024),
    ("K", 1, 1024),
    ("M", 2, 1024),
    ("G", 3, 1024),
    ("T", 4, 1024),
    ("P", 5, 1024),
    ("E", 6, 1024),
];

/// A size in bytes: a number, with or without a unit of powers of 1000 (`MB`) or 1024 (`MiB`).
fn bytes(text: &str) -> Option<u128> {
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (digits, unit) = (&text[..at], text[at..].trim().to_ascii_lowercase());
    let factor = UNITS.iter().find_map(|(letter, power, binary)| {
        let letter = letter.to_ascii_lowercase();
        if unit == format!("{letter}ib") || (power == &0 && (unit == "b" || unit.is_empty())) {
            binary.checked_pow(*power)
        } else if !letter.is_empty() && (unit == letter || unit == format!("{letter}b")) {
            1000u128.checked_pow(*power)
        } else {
            None
        }
    })?;
    let (_, whole, fraction) = number(digits)?;
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let all: u128 = format!("0{whole}{fraction}").parse().ok()?;
    Some(all.checked_mul(factor)? / scale)
}

/// A size as `humanizeutil.IBytes` prints it: one decimal below ten of a unit, none above.
fn humanized(bytes: u128) -> String {
    let mut unit = 0;
    while unit < 6 && bytes >> (10 * (unit + 1)) > 0 {
        unit += 1;
    }
    if unit == 0 {
        return format!("{bytes} B");
    }
    let one = 1u128 << (10 * unit);
    let tenths = (bytes.saturating_mul(10) + one / 2) / one;
    let letter = UNITS.get(unit).map_or("", |unit| unit.0);
    if tenths < 100 {
        format!("{}.{} {letter}iB", tenths / 10, tenths % 10)
    } else {
        // The number that was rounded to tenths is rounded again, half to even.
        let (whole, rest) = (tenths / 10, tenths % 10);
        let up = rest > 5 || rest == 5 && whole % 2 == 1;
        format!("{} {letter}iB", whole + u128::from(up))
    }
}

/// A span of time that a setting is to have: a number alone is seconds, as in SQL.
fn wanted_nanoseconds(text: &str) -> Option<u128> {
    interval(text).or_else(|| scaled(text, 1_000_000_000))
}

/// Whether a value is shown that has a fixed set of words, which are taken in upper case too.
fn is_same_word(shown: &str, wanted: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    !shown.is_empty() && shown.chars().all(is_word) && shown.eq_ignore_ascii_case(wanted)
}

/// A span of time: as Go writes it (`1m30s`), or as SQL does (`00:01:30`, `1 day 02:00:00`, `2 hrs`).
fn interval(text: &str) -> Option<u128> {
    const SECOND: u128 = 1_000_000_000;
    let mut rest = text.trim();
    let mut total = 0u128;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, tail) = split(rest, |c| c.is_ascii_digit() || c == '.');
        if let Some(clock) = tail.strip_prefix(':') {
            // Hours and minutes, and seconds where there are three.
            let (minutes, tail) = split(clock, |c| c.is_ascii_digit());
            let (seconds, tail) = match tail.strip_prefix(':') {
                Some(tail) => split(tail, |c| c.is_ascii_digit() || c == '.'),
                None => ("0", tail),
            };
            for (part, one) in [(digits, 3600 * SECOND), (minutes, 60 * SECOND), (seconds, SECOND)] {
                total = total.checked_add(scaled(part, one)?)?;
            }
            rest = tail.trim_start();
            continue;
        }
        let (unit, tail) =
            split(tail.trim_start(), |c| !(c.is_ascii_digit() || c == '.' || c.is_whitespace()));
        total = total.checked_add(scaled(digits, unit_of_time(unit)?)?)?;
        rest = tail.trim_start();
    }
    Some(total)
}

/// The longest beginning of such characters, and what follows.
fn split(text: &str, is: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c: char| !is(c)).unwrap_or(text.len()))
}

/// A unit of an interval in nanoseconds (`pkg/util/duration`). Months and years have no length of their own.
fn unit_of_time(unit: &str) -> Option<u128> {
    const SECOND: u128 = 1_000_000_000;
    Some(match unit.to_lowercase().as_str() {
        "w" | "week" | "weeks" => 7 * 86_400 * SECOND,
        "d" | "day" | "days" => 86_400 * SECOND,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600 * SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => 60 * SECOND,
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 1_000_000,
        "us" | "\u{b5}s" | "\u{3bc}s" | "usec" | "usecs" | "microsecond" | "microseconds" => 1_000,
        "ns" | "nsec" | "nsecs" | "nanosecond" | "nanoseconds" => 1,
        _ => return None,
    })
}

/// `digits` times `one`.
fn scaled(digits: &str, one: u128) -> Option<u128> {
    let (negative, whole, fraction) = number(digits)?;
    if negative || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let all: u128 = format!("0{whole}{fraction}").parse().ok()?;
    Some(all.checked_mul(one)? / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_value_are_the_same() {
        for (shown, wanted) in [
            ("true", "true"),
            ("true", "on"),
            ("false", "no"),
            ("0.25", ".25"),
            ("5", "5.0"),
            ("-1", "-1"),
            ("0", "-0"),
            ("64 MiB", "67108864"),
            ("64 MiB", "64MiB"),
            ("64 MiB", "64 mib"),
            ("1.5 GiB", "1536MiB"),
            ("954 MiB", "1GB"),
            ("95 MiB", "100000000"),
            ("0 B", "0"),
            ("8.0 MiB", "8MiB"),
            ("1m30s", "90s"),
            ("00:01:30", "90s"),
            ("5m0s", "5m"),
            ("00:05:00", "5m0s"),
            ("1 day 02:00:00", "26h"),
            ("00:00:00.25", "250ms"),
            ("0s", "0ms"),
            ("00:05:00", "300"),
            ("5m0s", "300"),
            ("01:30:00", "1:30"),
            ("02:00:00", "2 hrs"),
            ("00:00:00.5", "500 milliseconds"),
            ("02:30:00", "2h 30m"),
            ("7 days", "1 week"),
            ("1 day 02:00:00", "1 day 2 hours"),
            ("true", "1"),
            ("false", "0"),
            ("auto", "AUTO"),
            ("some text", "some text"),
            ("", ""),
        ] {
            assert!(same_value(shown, wanted), "{shown:?} and {wanted:?}");
        }
    }

    #[test]
    fn different_values_are_different() {
        for (shown, wanted) in [
            ("true", "false"),
            ("true", "0"),
            ("1", "true"),
            ("auto", "ON"),
            ("Acme", "ACME"),
            ("00:05:00", "301"),
            ("00:05:00", "5"),
            ("0.25", "0.26"),
            ("64 MiB", "64MB"),
            ("64 MiB", "65MiB"),
            ("1m30s", "91s"),
            ("00:01:30", "1.5h"),
            ("", "x"),
            ("x", ""),
            ("1", "01:00:00"),
            ("region=eu", "region=us"),
            ("18446744073709551615", "18446744073709551614"),
        ] {
            assert!(!same_value(shown, wanted), "{shown:?} and {wanted:?}");
        }
    }

    #[test]
    fn sizes_are_printed_as_cockroachdb_does() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (10 << 10, "10 KiB"),
            (64 << 20, "64 MiB"),
            (100_000_000, "95 MiB"),
            (u128::from(u64::MAX), "16 EiB"),
        ] {
            assert_eq!(humanized(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn never_panics(shown in "\\PC{0,20}|[0-9.:]{0,30}[a-zA-Z ]{0,6}", wanted in "\\PC{0,20}|[0-9.:]{0,30}[a-zA-Z ]{0,6}") {
            prop_assert!(same_value(&shown, &shown));
            prop_assert_eq!(same_value(&shown, &wanted), same_value(&shown, &wanted));
        }

        #[test]
        fn what_was_set_is_recognised(bytes: u64) {
            prop_assert!(same_value(&humanized(bytes.into()), &bytes.to_string()));
        }
    }
}
