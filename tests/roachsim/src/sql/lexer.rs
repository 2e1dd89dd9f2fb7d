//! Cuts SQL text into statements of tokens.

use super::error::SqlError;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word, dots included: `SHOW`, `cluster.organization`.
    Word(String),
    /// `"a word"`.
    Quoted(String),
    /// `'text'`.
    Text(String),
    /// `12`, `-1.5`.
    Number(String),
    /// Anything else.
    Symbol(char),
}

/// A statement's tokens and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) tokens: Vec<Token>,
    pub(super) text: String,
}

/// Returns the statements of a text; empty ones vanish.
///
/// # Errors
/// When a quote or a comment never ends.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, SqlError> {
    let mut pieces = Vec::new();
    let mut tokens = Vec::new();
    let (mut rest, mut start) = (text, text);
    loop {
        rest = skip_blank(rest)?;
        let Some(first) = rest.chars().next() else {
            break;
        };
        if first == ';' {
            finish(&mut pieces, &mut tokens, start, rest);
            rest = &rest[1..];
            start = rest;
            continue;
        }
        let (token, after) = token(first, rest)?;
        tokens.push(token);
        rest = after;
    }
    finish(&mut pieces, &mut tokens, start, rest);
    Ok(pieces)
}

fn finish(pieces: &mut Vec<Piece>, tokens: &mut Vec<Token>, start: &str, rest: &str) {
    let tokens = std::mem::take(tokens);
    if !tokens.is_empty() {
        let text = start[..start.len() - rest.len()].trim().to_owned();
        pieces.push(Piece { tokens, text });
    }
}

fn skip_blank(mut rest: &str) -> Result<&str, SqlError> {
    loop {
        rest = rest.trim_start();
        if rest.starts_with("--") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let end = comment.find("*/").ok_or_else(|| unterminated("comment"))?;
            rest = &comment[end + 2..];
        } else {
            return Ok(rest);
        }
    }
}

fn unterminated(what: &str) -> SqlError {
    SqlError::new("42601", format!("lexical error: unterminated {what}"))
}

fn token(first: char, rest: &str) -> Result<(Token, &str), SqlError> {
    let until = |end: fn(char) -> bool| rest.find(end).unwrap_or(rest.len());
    if first == '\'' || first == '"' {
        let (text, after) = quoted(first, &rest[1..])?;
        return Ok((if first == '"' { Token::Quoted(text) } else { Token::Text(text) }, after));
    }
    if first.is_alphabetic() || first == '_' {
        let end = until(|c| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '$')));
        return Ok((Token::Word(rest[..end].to_owned()), &rest[end..]));
    }
    let digits = rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
    if first.is_ascii_digit() || (first == '-' && digits) {
        let end = rest[1..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
            .map_or(rest.len(), |at| at + 1);
        return Ok((Token::Number(rest[..end].to_owned()), &rest[end..]));
    }
    Ok((Token::Symbol(first), &rest[first.len_utf8()..]))
}

/// The text up to the closing mark, of which two stand for one.
fn quoted(mark: char, rest: &str) -> Result<(String, &str), SqlError> {
    let mut text = String::new();
    let mut rest = rest;
    loop {
        let end = rest.find(mark).ok_or_else(|| unterminated("string"))?;
        text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(mark) {
            Some(after) => {
                text.push(mark);
                rest = after;
            }
            None => return Ok((text, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments_hide_semicolons() {
        let pieces = pieces("SELECT 1; -- a;b\n /* ; */ SET x.y = 'it''s;' ;; ").unwrap();
        let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(texts, ["SELECT 1", "-- a;b\n /* ; */ SET x.y = 'it''s;'"]);
        assert_eq!(
            pieces[1].tokens,
            [
                Token::Word("SET".to_owned()),
                Token::Word("x.y".to_owned()),
                Token::Symbol('='),
                Token::Text("it's;".to_owned())
            ]
        );
    }

    #[test]
    fn what_never_ends_is_an_error() {
        for text in ["SELECT 'x", "SELECT \"x", "/* x"] {
            assert!(pieces(text).unwrap_err().message.contains("unterminated"), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|[-'\";/*.0-9a-z \n]){0,24}") {
            let _ = pieces(&text);
        }
    }
}
