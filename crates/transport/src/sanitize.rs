/// Returns text of a host for display: without terminal escapes, control characters and bidirectional overrides.
///
/// Line feeds and tabs stay, `\r\n` becomes `\n`, bytes that are not UTF-8 become U+FFFD. Control sequences
/// (ECMA-48: CSI, OSC, DCS, SOS, PM, APC, in their 7-bit and 8-bit forms) go with their parameters; one that never
/// ends takes no more than its line.
pub fn sanitize(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.peek().copied() {
                Some('[') => {
                    chars.next();
                    skip_control_sequence(&mut chars);
                }
                Some(']' | 'P' | 'X' | '^' | '_') => {
                    chars.next();
                    skip_string(&mut chars);
                }
                Some(' '..='/') => {
                    while chars.next_if(|c| (' '..='/').contains(c)).is_some() {}
                    chars.next_if(|c| ('0'..='~').contains(c));
                }
                Some('0'..='~') => {
                    chars.next();
                }
                _ => {}
            },
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut chars),
            '\n' | '\t' => clean.push(c),
            // Overrides and isolates reorder what the reader sees; the rest of Cf is harmless.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_control_sequence(chars: &mut Chars<'_>) {
    while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
    chars.next_if(|c| ('@'..='~').contains(c));
}

fn skip_string(chars: &mut Chars<'_>) {
    while let Some(c) = chars.next_if(|c| *c != '\n') {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                chars.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_go_and_text_stays() {
        assert_eq!(sanitize(b"\x1b[1;31mred\x1b[0m text"), "red text");
        assert_eq!(sanitize(b"a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c"), "abc");
        assert_eq!(sanitize(b"one\r\ntwo\tthree\x00\x08"), "one\ntwo\tthree");
        assert_eq!(sanitize("x\u{9b}2Jy\u{202e}z".as_bytes()), "xyz");
        assert_eq!(sanitize(b"\x1b(Bok\x1b7\x1bc"), "ok");
        assert_eq!(sanitize(b"bad \xff utf"), "bad \u{fffd} utf");
        assert_eq!(sanitize(b"\x1b]0;never ends\nnext line"), "\nnext line");
        assert_eq!(sanitize("日本 – é".as_bytes()), "日本 – é");
    }

    proptest! {
        #[test]
        fn nothing_that_moves_a_cursor_is_left(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let clean = sanitize(&bytes);
            prop_assert!(clean.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
        }

        #[test]
        fn twice_is_once(text in "\\PC*") {
            let clean = sanitize(text.as_bytes());
            prop_assert_eq!(sanitize(clean.as_bytes()), clean);
        }
    }
}
