use std::time::Duration;

/// Returns the duration that `text` says (`60s`, `10m`, `3660d`, `250ms`, `1h30m`), or what is wrong with it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const MOST: u64 = 100 * 366 * 86_400;
    let fail =
        |why: &str| Err(format!("{text:?} {why}: write a number with its unit, as in 60s, 10m, 12h or 30d"));
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return fail("is a duration without a unit");
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let letters = rest[digits..].find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len() - digits);
        let (number, unit) = (&rest[..digits], &rest[digits..digits + letters]);
        rest = &rest[digits + letters..];
        let Ok(number) = number.parse::<u64>() else { return fail("is not a duration") };
        let seconds = match unit {
            "ms" => {
                total = total.saturating_add(Duration::from_millis(number));
                continue;
            }
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            _ => return fail("is not a duration"),
        };
        total = total.saturating_add(Duration::from_secs(number.saturating_mul(seconds)));
    }
    if text.is_empty() {
        return fail("is not a duration");
    }
    if total > Duration::from_secs(MOST) {
        return Err(format!("{text:?} is longer than 100 years"));
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_manifests_say() {
        for (text, seconds) in
            [("60s", 60), ("10m", 600), ("3660d", 316_224_000), ("1h30m", 5400), ("2w", 1_209_600)]
        {
            assert_eq!(duration(text).unwrap().as_secs(), seconds, "{text}");
        }
        assert_eq!(duration("250ms").unwrap().as_millis(), 250);
        for text in [
            "",
            "60",
            "s",
            "-1s",
            "1.5h",
            "1 h",
            "1y",
            "1h30",
            "99999999999999999999d",
            "9999999d",
            "1s\n",
            "١s",
        ] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }
}
