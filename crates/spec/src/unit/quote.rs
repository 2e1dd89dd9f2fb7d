/// Where in a unit a word stands: it decides what systemd expands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemdContext {
    /// A word of `ExecStart=` and its like: specifiers (`%`) and variables (`$`) are expanded.
    Exec,
    /// A word of `Environment=`, and of other settings that are lists of words: specifiers alone are expanded.
    Word,
}

/// Returns `word` so that systemd reads exactly it, as one word; the one way of texts into a unit.
///
/// `%` is doubled (systemd.unit(5), specifiers), so is `$` in a command line (systemd.service(5), command
/// lines); a word with anything but plain characters goes between double quotes, with `"`, `\` and control
/// characters as C escapes (systemd.syntax(7), quoting).
///
/// A NUL byte cannot stand in a unit; the manifest refuses control characters long before, and here a NUL is
/// written as the escape that systemd refuses rather than cutting the word short.
pub fn systemd_quote(word: &str, context: SystemdContext) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut out = String::with_capacity(word.len() + 8);
    out.push('"');
    for c in word.chars() {
        match c {
            '%' => out.push_str("%%"),
            '$' if context == SystemdContext::Exec => out.push_str("$$"),
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::split::{split_exec, split_words};
    use proptest::prelude::*;

    #[test]
    fn is_plain_where_it_can_be() {
        use SystemdContext::{Exec, Word};
        for (word, context, want) in [
            ("--cache=.25", Exec, "--cache=.25"),
            ("", Exec, "\"\""),
            ("a b", Exec, "\"a b\""),
            ("25%", Exec, "\"25%%\""),
            ("$HOME", Exec, "\"$$HOME\""),
            ("$HOME", Word, "\"$HOME\""),
            ("a\"b\\c", Exec, "\"a\\\"b\\\\c\""),
            ("a'b", Exec, "\"a'b\""),
            (";", Exec, "\";\""),
            ("a\nb", Exec, "\"a\\nb\""),
            ("\u{7f}", Exec, "\"\\u007f\""),
        ] {
            assert_eq!(systemd_quote(word, context), want);
        }
    }

    #[test]
    fn nothing_leaves_its_line() {
        for word in ["a\nExecStartPost=/bin/sh", "a\r", "a\\", "a\u{0}b"] {
            assert!(!systemd_quote(word, SystemdContext::Exec).contains(['\n', '\r', '\0']), "{word:?}");
        }
    }

    proptest! {
        #[test]
        fn systemd_reads_the_words_back(words in proptest::collection::vec("[^\\x00]{0,20}", 1..6)) {
            let line = words.iter().map(|word| systemd_quote(word, SystemdContext::Exec)).collect::<Vec<_>>().join(" ");
            let argv: Vec<String> = std::iter::once("/bin/x".to_owned()).chain(words.clone()).collect();
            prop_assert_eq!(split_exec(&format!("/bin/x {line}")), Ok(argv));
            let line = words.iter().map(|word| systemd_quote(word, SystemdContext::Word)).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split_words(&line), Ok(words));
        }
    }
}
