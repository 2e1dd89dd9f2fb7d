/// Returns `text` with control characters and bidirectional overrides escaped.
///
/// Names in a certificate are whatever its maker wrote: they must not reach a terminal raw. No
/// legitimate host or user name holds such a character, so comparisons lose nothing.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Returns a span of time in its largest whole unit: `12 days`, `1 hour`, `0 minutes`.
pub(crate) fn span(seconds: i64) -> String {
    let (count, unit) = match seconds.unsigned_abs() {
        s if s >= 86_400 => (s / 86_400, "day"),
        s if s >= 3_600 => (s / 3_600, "hour"),
        s => (s / 60, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_could_play_tricks_on_a_terminal() {
        assert_eq!(shown("node"), "node");
        assert_eq!(shown("ü ✓"), "ü ✓");
        assert_eq!(shown("a\u{1b}[31mb\nc\0\u{202e}"), "a\\u{1b}[31mb\\u{a}c\\u{0}\\u{202e}");
    }

    #[test]
    fn spans_name_their_largest_unit() {
        for (seconds, text) in [
            (0, "0 minutes"),
            (60, "1 minute"),
            (3_599, "59 minutes"),
            (3_600, "1 hour"),
            (86_399, "23 hours"),
            (86_400, "1 day"),
            (12 * 86_400 + 5, "12 days"),
            (-86_400, "1 day"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
