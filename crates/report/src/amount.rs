/// Returns a number of bytes for people, in powers of 1000: `0 bytes`, `25 kB`, `118.4 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return self::count(usize::try_from(count).unwrap_or_default(), "byte");
    }
    // Tenths of the unit, rounded; integers keep the boundary between 999.9 and 1000 exact.
    let mut divisor: u64 = 1000;
    for (at, unit) in UNITS.iter().enumerate() {
        let tenths = (u128::from(count) * 10 + u128::from(divisor) / 2) / u128::from(divisor);
        if tenths < 10_000 || at == UNITS.len() - 1 {
            return if tenths >= 1000 || tenths.is_multiple_of(10) {
                format!("{} {unit}", (tenths + if tenths >= 1000 { 5 } else { 0 }) / 10)
            } else {
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            };
        }
        divisor *= 1000;
    }
    unreachable!("the last unit takes what is left")
}

/// Returns a time for people: `0.3s`, `14.2s`, `2m05s`, `1h02m`.
pub fn duration(milliseconds: u64) -> String {
    let tenths = milliseconds.saturating_add(50) / 100;
    let seconds = milliseconds.saturating_add(500) / 1000;
    if tenths < 600 {
        format!("{}.{}s", tenths / 10, tenths % 10)
    } else if seconds < 3600 {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    } else {
        format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60)
    }
}

/// Returns a time that is known to the second for people: `22s`, `1m`, `1m44s`, `1h02m`.
pub fn seconds(seconds: u64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => duration(seconds.saturating_mul(1000)),
    }
}

/// Returns a number with its noun: `1 node`, `0 nodes`, `3 nodes`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_well() {
        for (number, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1 kB"),
            (1549, "1.5 kB"),
            (99_949, "99.9 kB"),
            (99_950, "100 kB"),
            (118_400_000, "118 MB"),
            (999_949_999, "1000 MB"),
            (999_950_000, "1 GB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(bytes(number), text, "{number}");
        }
    }

    #[test]
    fn seconds_read_well() {
        for (number, text) in [
            (0, "0s"),
            (22, "22s"),
            (60, "1m"),
            (104, "1m44s"),
            (2400, "40m"),
            (3600, "1h00m"),
            (3725, "1h02m"),
        ] {
            assert_eq!(seconds(number), text, "{number}");
        }
    }

    #[test]
    fn durations_read_well() {
        for (number, text) in [
            (0, "0.0s"),
            (49, "0.0s"),
            (50, "0.1s"),
            (14_249, "14.2s"),
            (59_949, "59.9s"),
            (59_950, "1m00s"),
            (125_000, "2m05s"),
            (3_720_000, "1h02m"),
            (u64::MAX, "5124095576030h25m"),
        ] {
            assert_eq!(duration(number), text, "{number}");
        }
    }
}
