use std::borrow::Cow;
use std::fmt::Write as _;

/// The longest value that is shown, in characters; a line of a megabyte helps nobody.
const LONGEST: usize = 4_000;

/// Returns `text` as one line that is safe on a terminal.
///
/// Control characters, and the invisible ones that reorder or hide text (bidirectional controls,
/// zero-width characters, tags; Unicode Technical Report 36), become visible escapes such as `\n`,
/// `\x1b` and `\u{202e}`. Text longer than 4,000 characters is cut, and says by how much.
pub fn clean(text: &str) -> Cow<'_, str> {
    cleaned(text, LONGEST)
}

/// Returns `text` with each of its lines as [`clean`] has it, but for their length: the line feeds stay.
///
/// For text that is kept and shown later: what [`clean`] makes of it then is what it would have made of the text itself,
/// line by line.
pub fn clean_lines(text: &str) -> String {
    text.split('\n').map(|line| cleaned(line, usize::MAX)).collect::<Vec<_>>().join("\n")
}

fn cleaned(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest && !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len().min(longest));
    for (at, character) in text.chars().enumerate() {
        if at == longest {
            let _ = write!(safe, "… ({} more characters)", text.chars().count() - longest);
            break;
        }
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_unsafe(c) && u32::from(c) < 0x100 => {
                let _ = write!(safe, "\\x{:02x}", u32::from(c));
            }
            c if is_unsafe(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Returns finished output, which may have lines and colours, safe for a terminal: the last look before it is printed.
///
/// Line feeds, tabs and colours (SGR, `ESC [ … m`; ECMA-48 8.3.117) stay. Every other character that [`clean`] does not let pass
/// becomes `\uXXXX`. In a string of JSON, which need not escape more than C0 (RFC 8259, section 7), that means the same character.
pub fn guarded(text: &str) -> Cow<'_, str> {
    let mut safe = String::new();
    let mut kept = 0;
    let mut passed = 0;
    for (at, character) in text.char_indices() {
        if at < passed || !is_unsafe(character) || matches!(character, '\n' | '\t') {
            continue;
        }
        if let Some(length) = color_at(&text[at..]) {
            passed = at + length;
            continue;
        }
        safe.push_str(&text[kept..at]);
        kept = at + character.len_utf8();
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(safe, "\\u{unit:04x}");
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    safe.push_str(&text[kept..]);
    Cow::Owned(safe)
}

/// Returns the length of the colour that `text` begins with.
fn color_at(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..].starts_with('m').then_some("\x1b[".len() + end + 1)
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in ["", "mode 0750", "Füße → 日本", "a'b\"c$(d)"] {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(clean("a\x1b[2Jb\r\n\tc\0\x7f\u{9b}31m"), "a\\x1b[2Jb\\r\\n\\tc\\x00\\x7f\\x9b31m");
        assert_eq!(clean("\u{202e}txt.exe\u{200b}\u{feff}"), "\\u{202e}txt.exe\\u{200b}\\u{feff}");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let text = "x".repeat(LONGEST + 7);
        assert!(clean(&text).ends_with("x… (7 more characters)"));
    }

    #[test]
    fn lines_stay_lines_and_read_the_same_later() {
        let text = "one\x1b[2J\ntwo\r\n\tthree";
        assert_eq!(clean_lines(text), "one\\x1b[2J\ntwo\\r\n\\tthree");
        assert_eq!(clean(&clean_lines(text)), clean(text));
        let long = "y".repeat(LONGEST + 7);
        assert_eq!(clean(&clean_lines(&long)), clean(&long));
    }

    #[test]
    fn of_finished_output_lines_and_colours_stay_and_nothing_else_that_a_terminal_obeys() {
        for text in ["", "a\n\tb", "\x1b[1;31mred\x1b[0m\n", "Füße → 日本"] {
            assert!(matches!(guarded(text), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(
            guarded("\u{9b}2J\x1b[2J\x1b[31\r\u{2028}\u{e0041}z"),
            "\\u009b2J\\u001b[2J\\u001b[31\\u000d\\u2028\\udb40\\udc41z"
        );
        let json = serde_json::to_string("\u{9b}2J\u{202e}\u{2029}\u{e0041}\x7f\x1b[1m").unwrap();
        let printed = guarded(&json);
        assert!(printed.is_ascii(), "{printed}");
        assert_eq!(
            serde_json::from_str::<String>(&printed).unwrap(),
            serde_json::from_str::<String>(&json).unwrap()
        );
    }

    proptest::proptest! {
        #[test]
        fn nothing_unsafe_but_lines_and_colours_is_printed(text in "\\PC*|.*|[\\x00-\\xff]*|(\x1b|\u{9b}|\\[|[0-9;]|m|\u{202e}|\u{2028})*") {
            let printed = guarded(&text).into_owned();
            let mut rest = printed.as_str();
            while let Some(c) = rest.chars().next() {
                let length = color_at(rest).unwrap_or(c.len_utf8());
                proptest::prop_assert!(length > 1 || c == '\n' || c == '\t' || !is_unsafe(c), "{printed:?}");
                proptest::prop_assert!(c == '\x1b' || !is_unsafe(c) || c == '\n' || c == '\t', "{printed:?}");
                rest = &rest[length..];
            }
            proptest::prop_assert_eq!(guarded(&printed), printed.as_str());
        }

        #[test]
        fn nothing_unsafe_remains(text in "\\PC*|.*|[\\x00-\\xff]*") {
            proptest::prop_assert!(!clean(&text).chars().any(is_unsafe));
        }
    }
}
