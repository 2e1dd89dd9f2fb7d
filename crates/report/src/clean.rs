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

    proptest::proptest! {
        #[test]
        fn nothing_unsafe_remains(text in "\\PC*|.*|[\\x00-\\xff]*") {
            proptest::prop_assert!(!clean(&text).chars().any(is_unsafe));
        }
    }
}
