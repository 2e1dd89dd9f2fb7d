/// Returns whether a value as `SHOW CLUSTER SETTING` prints it means the same as one that a manifest has.
///
/// CockroachDB takes many spellings of a value and prints its own: `67108864` and `64MiB` come back as `64 MiB`, `90s` as
/// `1m30s` or `00:01:30`, `on` as `true`, `.25` as `0.25`. Sizes are rounded when they are printed. Two texts that are
/// no such value mean the same when they are equal.
///
/// Source: `pkg/settings` and `pkg/util/humanizeutil` of <https://github.com/cockroachdb/cockroach>.
#[must_use]
pub fn same_value(shown: &str, wanted: &str) -> bool {
    let (shown, wanted) = (shown.trim(), wanted.trim());
    if shown == wanted {
        return true;
    }
    if let (Some(shown), Some(wanted)) = (boolean(shown), boolean(wanted)) {
        return shown == wanted;
    }
    if let (Some(shown), Some(wanted)) = (number(shown), number(wanted)) {
        return shown == wanted;
    }
    if let (Some(is), Some(shall)) = (bytes(shown), bytes(wanted)) {
        return is == shall || bytes(&humanized(shall)) == Some(is);
    }
    matches!((nanoseconds(shown), nanoseconds(wanted)), (Some(shown), Some(wanted)) if shown == wanted)
}

/// The words that a boolean setting takes (`tree.ParseDBool`).
fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "on" | "yes" | "y" => Some(true),
        "false" | "f" | "off" | "no" | "n" => Some(false),
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

/// A span of time: as Go writes it (`1m30s`), or as SQL does (`00:01:30`, `1 day 02:00:00`).
fn nanoseconds(text: &str) -> Option<u128> {
    go_duration(text).or_else(|| interval(text))
}

fn go_duration(text: &str) -> Option<u128> {
    let mut rest = text;
    let mut total = 0u128;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let at = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (digits, tail) = rest.split_at(at);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let one: u128 = match unit {
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" | "µs" | "μs" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        total = total.checked_add(scaled(digits, one)?)?;
        rest = tail;
    }
    Some(total)
}

fn interval(text: &str) -> Option<u128> {
    const SECOND: u128 = 1_000_000_000;
    let mut words = text.split_whitespace().peekable();
    let mut total = 0u128;
    words.peek()?;
    while let Some(word) = words.next() {
        if let Some((hours, rest)) = word.split_once(':') {
            let (minutes, seconds) = rest.split_once(':')?;
            total = total.checked_add(scaled(hours, 3600 * SECOND)?)?;
            total = total.checked_add(scaled(minutes, 60 * SECOND)?)?;
            total = total.checked_add(scaled(seconds, SECOND)?)?;
            continue;
        }
        let one = match words.next()?.trim_end_matches('s') {
            "day" => 86_400 * SECOND,
            "hour" => 3600 * SECOND,
            "minute" | "min" => 60 * SECOND,
            "second" | "sec" => SECOND,
            _ => return None,
        };
        total = total.checked_add(scaled(word, one)?)?;
    }
    Some(total)
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
            ("true", "1"),
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
