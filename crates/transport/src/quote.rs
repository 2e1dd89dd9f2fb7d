use std::fmt;
use std::fmt::Write as _;

/// A word that a shell reads back as the very text it was made from.
///
/// `Display` writes the quoted form: `format!("rm -- {word}")`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellWord(String);

impl ShellWord {
    /// Returns the quoted form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShellWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A NUL byte in a value for a shell: no shell word and no argument of a program can hold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value for the shell has a NUL byte at offset {offset}")]
pub struct NulInWord {
    /// Where it is, in bytes.
    pub offset: usize,
}

/// Returns the text as one shell word.
///
/// Everything stands between single quotes but `'` and `\`, which stand outside of them behind a backslash.
/// POSIX needs that for `'` alone (XCU 2.2.2); fish reads a backslash between single quotes as an escape, and the
/// login shell of a node may be fish. So the word means the same in sh, dash, bash, busybox and fish.
///
/// # Errors
/// [`NulInWord`] when the text has a NUL byte.
pub fn quote(text: &str) -> Result<ShellWord, NulInWord> {
    if let Some(offset) = text.bytes().position(|byte| byte == 0) {
        return Err(NulInWord { offset });
    }
    let mut word = String::with_capacity(text.len() + 2);
    word.push('\'');
    let mut inside = true;
    for c in text.chars() {
        let bare = matches!(c, '\'' | '\\');
        if bare == inside {
            word.push('\'');
            inside = !inside;
        }
        if bare {
            word.push('\\');
        }
        word.push(c);
    }
    if inside {
        word.push('\'');
    }
    Ok(ShellWord(word))
}

/// Returns the text as one word for whatever login shell an account has; `printf %b` decodes it (XCU, printf).
///
/// What some shell reads in its own way between single quotes is an escape of `printf`: `'`, `\` (fish), `!` and line
/// feeds (csh and tcsh), other control characters, and bytes that are not ASCII.
///
/// # Errors
/// [`NulInWord`] when the text has a NUL byte.
pub(crate) fn encode(text: &str) -> Result<ShellWord, NulInWord> {
    if let Some(offset) = text.bytes().position(|byte| byte == 0) {
        return Err(NulInWord { offset });
    }
    let mut word = String::with_capacity(text.len() + text.len() / 8 + 2);
    word.push('\'');
    for byte in text.bytes() {
        match byte {
            b'\n' => word.push_str("\\n"),
            b'\'' | b'\\' | b'!' | ..=0x1f | 0x7f.. => {
                // Writing to a string does not fail.
                let _ = write!(word, "\\0{byte:03o}");
            }
            _ => word.push(char::from(byte)),
        }
    }
    word.push('\'');
    Ok(ShellWord(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    /// Shells of this machine; sh must be there, the others are used when they are.
    fn shells() -> Vec<Vec<&'static str>> {
        let all =
            [vec!["sh"], vec!["dash"], vec!["bash"], vec!["busybox", "sh"], vec!["fish", "--no-config"]];
        let found: Vec<_> =
            all.into_iter().filter(|shell| Command::new(shell[0]).arg("--help").output().is_ok()).collect();
        assert!(!found.is_empty(), "no shell found on this machine");
        found
    }

    fn read_back(shell: &[&str], words: &[&str]) -> Vec<u8> {
        let quoted: Vec<String> = words.iter().map(|word| quote(word).unwrap().to_string()).collect();
        let text = format!("printf '%s\\n' {}", quoted.join(" "));
        let output = Command::new(shell[0]).args(&shell[1..]).arg("-c").arg(&text).output().unwrap();
        assert!(output.status.success(), "{shell:?} refused {text:?}: {:?}", output.stderr);
        output.stdout
    }

    #[test]
    fn any_login_shell_reads_an_encoded_word() {
        let all: String = (1..=0x7f_u8).map(char::from).chain("\u{e4}\u{1f600}".chars()).collect();
        let text = format!("{all}!! !$ $HOME `id` $(id) \\! \\\n \\n \\0101 %s it's\\\n\n");
        let mut shells = shells();
        shells.extend([vec!["tcsh", "-f"], vec!["zsh", "-f"]]);
        shells.retain(|shell| Command::new(shell[0]).arg("--version").output().is_ok());
        for shell in shells {
            let line = format!("exec sh -c 'printf %b \"$1\"' x {}", encode(&text).unwrap());
            let output = Command::new(shell[0]).args(&shell[1..]).arg("-c").arg(&line).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), text, "{shell:?}: {output:?}");
        }
        assert_eq!(encode("it's\n\u{e4}!").unwrap().as_str(), r"'it\0047s\n\0303\0244\0041'");
        assert_eq!(encode("a\0").unwrap_err().offset, 1);
    }

    #[test]
    fn plain_text_is_quoted_too() {
        assert_eq!(quote("").unwrap().as_str(), "''");
        assert_eq!(quote("a b").unwrap().as_str(), "'a b'");
        assert_eq!(quote("it's").unwrap().as_str(), r"'it'\''s'");
        assert_eq!(quote(r"a\'").unwrap().as_str(), r"'a'\\\'");
    }

    #[test]
    fn nul_is_refused() {
        assert_eq!(quote("ab\0c"), Err(NulInWord { offset: 2 }));
    }

    #[test]
    fn hostile_words_survive_every_shell() {
        let words = [
            "$(touch /tmp/pwn)",
            "`id`",
            "';id;'",
            "-oProxyCommand=id",
            "a\nb",
            "\\",
            "\\\\",
            "\\'",
            "'\\",
            "''",
            "\"$HOME\"",
            "!!",
            "*",
            "~root",
            "#",
            "\t \r",
            "a\\\nb",
            "é\u{202e}x",
            "{a,b}",
            "%s\\n",
            "",
            "\u{1}\u{7f}",
            "$'\\x41'",
        ];
        let want: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), b"\n"].concat()).collect();
        for shell in shells() {
            assert_eq!(read_back(&shell, &words), want, "{shell:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn any_words_survive_every_shell(words in prop::collection::vec("([^\\x00]|['\\\\\"$`\n]){0,40}", 1..30)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let want: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), b"\n"].concat()).collect();
            for shell in shells() {
                prop_assert_eq!(&read_back(&shell, &words), &want, "{:?}", shell);
            }
        }

        #[test]
        fn quoted_twice_is_unquoted_twice(word in "([^\\x00]|['\\\\\"$`\n]){0,40}") {
            let inner = format!("printf %s {}", quote(&word).unwrap());
            let outer = format!("exec sh -c {}", quote(&inner).unwrap());
            for shell in shells() {
                let output = Command::new(shell[0]).args(&shell[1..]).arg("-c").arg(&outer).output().unwrap();
                prop_assert_eq!(&output.stdout[..], std::ffi::OsStr::new(&word).as_bytes(), "{:?}", shell);
            }
        }
    }
}
