//! Values of flags as cockroach reads them.

/// What a [`super::FlagShape::Size`] means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Size {
    /// Millionths of what there is.
    Part(u64),
    /// Bytes.
    Bytes(u64),
}

/// Returns what a size means: `.25`, `0.25` and `25%` are parts, anything else is bytes, `1.5` too.
///
/// Source: `fractionRE` in `pkg/cli/flags_util.go`.
pub(crate) fn size(text: &str) -> Option<Size> {
    if let Some(percent) = text.strip_suffix('%') {
        return Some(Size::Part(millionths(percent)? / 100));
    }
    let digits = text.strip_prefix('0').unwrap_or(text).strip_prefix('.');
    if digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())) {
        return Some(Size::Part(millionths(text)?));
    }
    bytes(text).map(Size::Bytes)
}

/// Returns a decimal number in millionths. `None` for signs, exponents, blanks and what does not fit.
fn millionths(text: &str) -> Option<u64> {
    scaled(text, 1_000_000)
}

/// Returns a plain decimal number (`12`, `.5`, `1.`) times `unit`, rounded down.
fn scaled(text: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // Eighteen digits are all that a 64-bit result can show.
    let (mut rest, mut divisor) = (0u128, 1u128);
    for digit in fraction.bytes().take(18) {
        rest = rest * 10 + u128::from(digit - b'0');
        divisor *= 10;
    }
    let unit = u128::from(unit);
    u64::try_from(u128::from(whole) * unit + rest * unit / divisor).ok()
}

/// Returns a number of bytes: digits with an optional unit, `1073741824`, `1GiB`, `1.5 GB`, `64k`.
///
/// Source: `pkg/util/humanizeutil`, which uses <https://github.com/dustin/go-humanize> (units without regard to case).
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let unit = unit.trim_start_matches(' ').to_ascii_lowercase();
    let base = match unit.chars().next() {
        None | Some('b') => 0,
        Some('k') => 1,
        Some('m') => 2,
        Some('g') => 3,
        Some('t') => 4,
        Some('p') => 5,
        Some('e') => 6,
        Some(_) => return None,
    };
    let factor: u64 = match unit.get(1..).unwrap_or("") {
        "" if base == 0 => 1,
        "ib" | "i" if base > 0 => 1024u64.checked_pow(base)?,
        "b" | "" if base > 0 => 1000u64.checked_pow(base)?,
        _ => return None,
    };
    scaled(number, factor)
}

/// Returns a duration in nanoseconds, as Go's `time.ParseDuration` reads it, without a sign.
///
/// Source: <https://pkg.go.dev/time#ParseDuration>.
pub(crate) fn duration(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut total = 0u64;
    while !rest.is_empty() {
        let at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(at)?;
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let nanos = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        total = total.checked_add(scaled(number, nanos)?)?;
        rest = tail;
    }
    // Go keeps durations in a signed number.
    (total <= i64::MAX as u64).then_some(total)
}

/// Returns a boolean, as Go's `strconv.ParseBool` reads it.
///
/// Source: <https://pkg.go.dev/strconv#ParseBool>.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Returns a part in millionths as a short decimal: `.25`.
pub(crate) fn part(millionths: u64) -> String {
    let (whole, fraction) = (millionths / 1_000_000, millionths % 1_000_000);
    let fraction = format!("{fraction:06}");
    let fraction = fraction.trim_end_matches('0');
    match (whole, fraction) {
        (whole, "") => format!("{whole}."),
        (0, fraction) => format!(".{fraction}"),
        (whole, fraction) => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_mean_what_cockroach_reads() {
        for text in [".25", "0.25", "25%", "25.0%", "0.250"] {
            assert_eq!(size(text), Some(Size::Part(250_000)), "{text}");
        }
        assert_eq!(size("1000000000"), Some(Size::Bytes(1_000_000_000)));
        assert_eq!(size("1GB"), Some(Size::Bytes(1_000_000_000)));
        assert_eq!(size("1GiB"), Some(Size::Bytes(1 << 30)));
        assert_eq!(size("1.5GiB"), Some(Size::Bytes(3 << 29)));
        assert_eq!(size("128 MiB"), Some(Size::Bytes(128 << 20)));
        assert_eq!(size("64k"), Some(Size::Bytes(64_000)));
        // Not parts to cockroach, however much they look like it.
        assert_eq!(size("1.5"), Some(Size::Bytes(1)));
        assert_eq!(size("00.25"), Some(Size::Bytes(0)));
        for text in [
            "",
            ".",
            "%",
            "-1",
            "25 %",
            "1e9",
            "1XB",
            "GiB",
            "1.2.3",
            ".25.",
            "١",
            "1GiBs",
            "99999999999999999999",
            "9E9E",
            "1GiB\n",
        ] {
            assert_eq!(size(text), None, "{text:?}");
        }
    }

    #[test]
    fn durations_mean_what_go_reads() {
        assert_eq!(duration("500ms"), Some(500_000_000));
        assert_eq!(duration("0.5s"), Some(500_000_000));
        assert_eq!(duration("1h30m"), Some(5_400_000_000_000));
        assert_eq!(duration("1µs"), Some(1_000));
        for text in ["", "500", "5 s", "ms", "-5s", "5d", "1h30", "99999999999h", "+"] {
            assert_eq!(duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn parts_are_short() {
        assert_eq!(part(250_000), ".25");
        assert_eq!(part(10_000), ".01");
        assert_eq!(part(1_000_000), "1.");
        assert_eq!(part(1_250_000), "1.25");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,20}") {
            let _ = (size(&text), bytes(&text), duration(&text), boolean(&text));
        }

        #[test]
        fn parts_round_trip(millionths in 1u64..1_000_000) {
            prop_assert_eq!(size(&part(millionths)), Some(Size::Part(millionths)));
        }

        #[test]
        fn whole_bytes_are_themselves(n: u64) {
            prop_assert_eq!(size(&n.to_string()), Some(Size::Bytes(n)));
        }
    }
}
