use std::iter::Peekable;
use std::str::Chars;

/// Why a line of a unit cannot be read as words that are known before systemd runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} in `{line}`")]
pub struct SplitError {
    /// The line, without its key.
    pub line: String,
    /// What is wrong.
    pub kind: SplitErrorKind,
}

/// What is wrong with a line of words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitErrorKind {
    /// It has no word.
    #[error("no command")]
    Empty,
    /// A quotation mark without its other.
    #[error("a quotation mark that is not closed")]
    Quote,
    /// A backslash before something that is no escape.
    #[error("the unknown escape `\\{0}`")]
    Escape(String),
    /// A specifier, whose value only systemd knows.
    #[error("the specifier `%{0}`, whose value only systemd knows (a plain % is written %%)")]
    Specifier(String),
    /// A variable, whose value only systemd knows.
    #[error("the variable `${0}`, whose value only systemd knows (a plain $ is written $$)")]
    Variable(String),
    /// A `;` between two commands.
    #[error("more than one command")]
    Commands,
    /// The program is no absolute path: a prefix such as `-` or `@`, or a name to be looked up.
    #[error("the program `{0}`, which is not an absolute path without prefixes")]
    Program(String),
}

/// Returns the command line that systemd makes of the value of `ExecStart=`: what `/proc/PID/cmdline` shows.
///
/// Follows systemd.syntax(7) (quoting) and systemd.service(5) (command lines). Only lines are taken whose
/// words are the same on every host.
///
/// # Errors
/// Specifiers, variables, several commands, prefixes of the program, and what systemd itself refuses.
pub fn split_exec(line: &str) -> Result<Vec<String>, SplitError> {
    let argv = words(line, true).map_err(|kind| error(line, kind))?;
    match argv.first() {
        None => Err(error(line, SplitErrorKind::Empty)),
        Some(program) if !program.starts_with('/') => {
            Err(error(line, SplitErrorKind::Program(program.clone())))
        }
        Some(_) => Ok(argv),
    }
}

/// Returns the words of a setting that is a list of words, such as `Environment=`: no variables there.
pub(super) fn split_words(line: &str) -> Result<Vec<String>, SplitError> {
    words(line, false).map_err(|kind| error(line, kind))
}

fn error(line: &str, kind: SplitErrorKind) -> SplitError {
    SplitError { line: line.chars().take(200).collect(), kind }
}

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

fn words(line: &str, is_exec: bool) -> Result<Vec<String>, SplitErrorKind> {
    let mut words = Vec::new();
    let mut rest = line.trim_start_matches(BLANKS);
    while !rest.is_empty() {
        if is_exec
            && !words.is_empty()
            && rest.starts_with(';')
            && rest[1..].chars().next().is_none_or(|c| BLANKS.contains(&c))
        {
            return Err(SplitErrorKind::Commands);
        }
        let mut chars = rest.chars().peekable();
        let word = word(&mut chars)?;
        words.push(expand(&word, is_exec)?);
        let left: usize = chars.map(char::len_utf8).sum();
        rest = rest[rest.len() - left..].trim_start_matches(BLANKS);
    }
    Ok(words)
}

/// Takes one word, quotes and escapes resolved, and leaves the blank behind it.
fn word(chars: &mut Peekable<Chars<'_>>) -> Result<String, SplitErrorKind> {
    let mut out = Vec::new();
    let mut quote = None;
    while let Some(&c) = chars.peek() {
        match (quote, c) {
            (None, c) if BLANKS.contains(&c) => break,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (_, '\\') => {
                chars.next();
                escape(chars, &mut out)?;
                continue;
            }
            (_, c) => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
        chars.next();
    }
    if quote.is_some() {
        return Err(SplitErrorKind::Quote);
    }
    String::from_utf8(out).map_err(|_| SplitErrorKind::Escape("x…".to_owned()))
}

/// Takes what follows a backslash (systemd.syntax(7), the table of escapes).
fn escape(chars: &mut Peekable<Chars<'_>>, out: &mut Vec<u8>) -> Result<(), SplitErrorKind> {
    let Some(c) = chars.next() else { return Err(SplitErrorKind::Escape(String::new())) };
    let simple = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        's' => b' ',
        '\\' => b'\\',
        '"' => b'"',
        '\'' => b'\'',
        'x' => return number(c, 2, 16, chars, out),
        'u' => return number(c, 4, 16, chars, out),
        'U' => return number(c, 8, 16, chars, out),
        '0'..='7' => {
            let rest: String = chars.clone().take(2).collect();
            let digits = format!("{c}{rest}");
            let byte = u8::from_str_radix(&digits, 8).ok().filter(|byte| *byte != 0 && digits.len() == 3);
            let Some(byte) = byte else { return Err(SplitErrorKind::Escape(digits)) };
            chars.next();
            chars.next();
            out.push(byte);
            return Ok(());
        }
        c => return Err(SplitErrorKind::Escape(c.to_string())),
    };
    out.push(simple);
    Ok(())
}

fn number(
    letter: char,
    digits: usize,
    radix: u32,
    chars: &mut Peekable<Chars<'_>>,
    out: &mut Vec<u8>,
) -> Result<(), SplitErrorKind> {
    let text: String = chars.by_ref().take(digits).collect();
    let fail = || SplitErrorKind::Escape(format!("{letter}{text}"));
    if text.len() != digits || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(fail());
    }
    let value = u32::from_str_radix(&text, radix).map_err(|_| fail())?;
    match (letter, u8::try_from(value), char::from_u32(value)) {
        (_, Ok(0), _) => Err(fail()),
        ('x', Ok(byte), _) => {
            out.push(byte);
            Ok(())
        }
        (_, _, Some(c)) => {
            out.extend(c.encode_utf8(&mut [0; 4]).bytes());
            Ok(())
        }
        _ => Err(fail()),
    }
}

/// Resolves doubled signs; single ones stand for what only systemd knows.
fn expand(word: &str, is_exec: bool) -> Result<String, SplitErrorKind> {
    let mut out = String::with_capacity(word.len());
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '%' => match chars.next() {
                Some('%') => out.push('%'),
                other => return Err(SplitErrorKind::Specifier(other.map(String::from).unwrap_or_default())),
            },
            '$' if is_exec => match chars.peek() {
                Some('$') => {
                    chars.next();
                    out.push('$');
                }
                // ${X} anywhere, and $X as a word of its own, are replaced; a $ within a word stands for itself.
                Some('{') => return Err(SplitErrorKind::Variable(chars.take(20).collect())),
                _ if out.is_empty() => return Err(SplitErrorKind::Variable(chars.take(20).collect())),
                _ => out.push('$'),
            },
            c => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_lines_as_systemd_does() {
        for (line, want) in [
            ("/bin/a b c", vec!["/bin/a", "b", "c"]),
            ("/bin/a  'b c' \"d 'e\"", vec!["/bin/a", "b c", "d 'e"]),
            ("/bin/a b\"c d\"e", vec!["/bin/a", "bc de"]),
            ("/bin/a \\x41\\u00e4\\101\\s\\\\", vec!["/bin/a", "AäA \\"]),
            ("/bin/a %% $$ a$b 5$", vec!["/bin/a", "%", "$", "a$b", "5$"]),
            ("/bin/a ';' a;b ''", vec!["/bin/a", ";", "a;b", ""]),
        ] {
            assert_eq!(split_exec(line).unwrap(), want, "{line}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_know() {
        for (line, says) in [
            ("", "no command"),
            ("/bin/a 'b", "not closed"),
            ("/bin/a \\q", "unknown escape"),
            ("/bin/a \\x0", "unknown escape"),
            ("/bin/a \\x00", "unknown escape"),
            ("/bin/a \\u0000", "unknown escape"),
            ("/bin/a %H", "specifier `%H`"),
            ("/bin/a $HOME", "variable `$HOME`"),
            ("/bin/a ${HOME}", "variable `${HOME}`"),
            ("/bin/a $", "variable `$`"),
            ("/bin/a $/b", "variable `$/b`"),
            ("/bin/a x${HOME}", "variable `${HOME}`"),
            ("/bin/a ; /bin/b", "more than one"),
            ("-/bin/a", "not an absolute path"),
            ("@/bin/a b", "not an absolute path"),
            ("cockroach start", "not an absolute path"),
        ] {
            let error = split_exec(line).unwrap_err().to_string();
            assert!(error.contains(says), "{line}: {error}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(line in "[ \\\\\"'$%;a-fxuU0-9äé/-]{0,40}") {
            let _ = (split_exec(&line), split_words(&line));
        }
    }
}
