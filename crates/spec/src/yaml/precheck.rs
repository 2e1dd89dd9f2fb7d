use crate::diagnostic::{is_foreign_space, is_invisible};
use crate::{Diagnostic, Span};

use super::budget::Budget;

/// Returns the text of a manifest's bytes.
///
/// # Errors
/// When they are not UTF-8, or more than a manifest may have.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Diagnostic> {
    size(bytes.len())?;
    if matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) {
        return Err(
            Diagnostic::general("the file is UTF-16").help("save it as UTF-8 without a byte order mark")
        );
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic::general(format!("line {line} of the file is not UTF-8")).help("save the file as UTF-8")
    })
}

/// Refuses texts that no manifest can be: too long, or with characters that YAML forbids or that hide text.
pub(super) fn check(text: &str) -> Result<(), Diagnostic> {
    size(text.len())?;
    // One quick look first: nearly all manifests have only characters that need no second.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return Ok(());
    }
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next_is_newline = matches!(chars.peek(), Some((_, '\n')));
        if let Some((what, help)) = wrong(at, c, next_is_newline) {
            return Err(Diagnostic::new(Span::new(at, at + c.len_utf8()), what).help(help));
        }
    }
    Ok(())
}

/// Returns what is wrong with a [foreign space](is_foreign_space) that begins at `at`.
pub(super) fn foreign_space(at: usize, c: char) -> Diagnostic {
    let name = if c == '\u{A0}' { "a no-break space" } else { "a space that YAML does not know" };
    Diagnostic::new(
        Span::new(at, at + c.len_utf8()),
        format!("{name} (U+{:04X}): YAML reads it as part of the word beside it", u32::from(c)),
    )
    .label("this character")
    .help("replace it with an ordinary space, or put the value in quotes if it belongs there")
}

/// Returns the first [foreign space](is_foreign_space) of `text` that stands outside comments and quotes, with its
/// offset.
pub(super) fn first_foreign_space(text: &str) -> Option<(usize, char)> {
    bare_chars(text).map(|(at, c, _)| (at, c)).find(|(_, c)| is_foreign_space(*c))
}

/// Returns the outermost `{` or `[` of `text` that nothing closes, with its offset.
pub(super) fn open_bracket(text: &str) -> Option<(usize, char)> {
    let mut open = Vec::new();
    for (at, c, before) in bare_chars(text) {
        match c {
            // Inside a plain word a bracket opens nothing.
            '{' | '[' if before.is_whitespace() || "{[,:-".contains(before) => open.push((at, c)),
            '}' | ']' => drop(open.pop()),
            _ => {}
        }
    }
    open.first().copied()
}

/// Returns the characters of `text` outside comments and quotes, each with its offset and the character before it.
/// Judges line by line, so that it can be used on text that is not YAML.
fn bare_chars(text: &str) -> impl Iterator<Item = (usize, char, char)> {
    let mut quote = None;
    let mut comment = false;
    let mut last = '\n';
    text.char_indices().filter_map(move |(at, c)| {
        let before = std::mem::replace(&mut last, c);
        let mut is_bare = false;
        match (c, quote) {
            ('\n', _) => (quote, comment) = (None, false),
            _ if comment => {}
            (_, Some(open)) => quote = (c != open).then_some(open),
            ('#', None) if before.is_whitespace() => comment = true,
            // A quote inside a word opens nothing.
            ('"' | '\'', None) if !before.is_alphanumeric() => quote = Some(c),
            (_, None) => is_bare = true,
        }
        is_bare.then_some((at, c, before))
    })
}

fn size(bytes: usize) -> Result<(), Diagnostic> {
    if bytes > Budget::SIZE {
        let message = format!("the file has {bytes} bytes; {} are the most", Budget::SIZE);
        return Err(Diagnostic::general(message).help("is this the right file?"));
    }
    Ok(())
}

/// Returns what is wrong with a character, and what to do about it (YAML 1.2.2, 5.1 and 5.2).
fn wrong(at: usize, c: char, next_is_newline: bool) -> Option<(String, &'static str)> {
    match c {
        '\u{FEFF}' if at == 0 => Some((
            "the file begins with a byte order mark".to_owned(),
            "save the file as UTF-8 without a byte order mark (BOM)",
        )),
        '\0' => Some(("a NUL byte".to_owned(), "a manifest is text; is this the right file?")),
        '\r' if !next_is_newline => {
            Some(("a carriage return that ends no line".to_owned(), "end lines with \\n or \\r\\n"))
        }
        '\n' | '\r' | '\t' => None,
        c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => Some((
            format!("the control character U+{:04X}", u32::from(c)),
            "remove it, or write it as an escape in a double-quoted value",
        )),
        c if is_invisible(c) => Some((
            format!("the character U+{:04X}, which hides or reorders the text around it", u32::from(c)),
            "remove it: a manifest must mean what it shows",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, at, says) in [
            ("\u{FEFF}a: b", 0, "byte order mark"),
            ("a: \0", 3, "NUL"),
            ("a: \x1b[0m", 3, "U+001B"),
            ("a: b\rc: d", 4, "carriage return"),
            ("a: \u{202E}b", 3, "hides or reorders"),
            ("a: \u{FEFF}b", 3, "hides or reorders"),
        ] {
            let diagnostic = check(text).unwrap_err();
            assert!(diagnostic.message.contains(says), "{}", diagnostic.message);
            assert_eq!(diagnostic.span.unwrap().start, at, "{text:?}");
        }
        check("a: ä\r\nb:\tc # 日本\n").unwrap();
        assert!(check(&"x".repeat(Budget::SIZE + 1)).is_err());
    }

    #[test]
    fn foreign_spaces_are_found_outside_comments_and_quotes() {
        for text in ["a: 'x\u{A0}y'\n", "a: \"\u{A0}\" # \u{A0}\n", "#\u{A0}\na: b\n", "a: b\n"] {
            assert_eq!(first_foreign_space(text), None, "{text:?}");
        }
        for (text, at) in [
            ("a:\u{A0}b\n", 2),
            ("# it's\u{A0}\na: b\u{3000}\n", 13),
            ("a: b#\u{202F}\n", 5),
            ("a: it's\u{A0}\n", 7),
        ] {
            assert_eq!(first_foreign_space(text).map(|(at, _)| at), Some(at), "{text:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        assert!(utf8(b"a: b\n\xff\n").unwrap_err().message.contains("line 2"));
        assert!(utf8(b"\xff\xfea\0").unwrap_err().message.contains("UTF-16"));
        assert_eq!(utf8(b"a").unwrap(), "a");
    }
}
