/// Returns `text` with everything that could move a terminal's cursor or hide text written as an escape.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Returns whether a character hides or reorders the text around it (Unicode bidirectional controls,
/// zero-width characters, line and paragraph separators).
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}')
}

/// Returns whether a character looks like a space but YAML reads it as part of a word (YAML 1.2.2, 5.5: only
/// space and tab are white space). Word processors, chat programs and web pages put such characters in.
pub(crate) fn is_foreign_space(c: char) -> bool {
    c.is_whitespace() && !c.is_ascii()
}

/// Returns `text` between backticks, escaped and cut to a length that fits a message.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    let cut: String = text.chars().take(MOST).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", printable(&cut))
}

/// Takes an error sentence apart into what is wrong and what to do instead (`…: use …`).
///
/// Only what stands behind the last quotation mark counts, so that a hostile value cannot add advice.
pub(crate) fn split_advice(text: &str) -> (&str, Option<&str>) {
    let from = text.rfind('"').map_or(0, |at| at + 1);
    let advice = [": use ", ": write ", ": begin ", ": leave out ", "; did you mean "];
    let at = advice.iter().filter_map(|word| text[from..].find(word)).min().map(|at| from + at);
    match at {
        Some(at) => (&text[..at], Some(&text[at + 2..])),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_as_it_is() {
        assert_eq!(printable("a\x1b[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\nc\\u{202e}d");
        assert_eq!(quoted("x"), "`x`");
        assert_eq!(quoted(&"x".repeat(61)), format!("`{}…`", "x".repeat(60)));
    }

    #[test]
    fn advice_is_apart() {
        assert_eq!(split_advice("\"a: use b\" is bad: use c"), ("\"a: use b\" is bad", Some("use c")));
        assert_eq!(split_advice("\"a: use b\" is bad"), ("\"a: use b\" is bad", None));
        assert_eq!(split_advice("plain"), ("plain", None));
    }
}
