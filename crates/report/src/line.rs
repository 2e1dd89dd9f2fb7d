use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::{Role, clean};

/// A line of text in pieces, each with its meaning. Text is cleaned as it enters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) spans: Vec<(Role, String)>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Returns a line of one piece.
    pub(crate) fn of(role: Role, text: impl AsRef<str>) -> Self {
        Self::new().with(role, text)
    }

    /// Returns a line of `count` spaces.
    pub(crate) fn indent(count: usize) -> Self {
        Self::of(Role::Plain, " ".repeat(count))
    }

    /// Returns the line with a piece added.
    #[must_use]
    pub(crate) fn with(mut self, role: Role, text: impl AsRef<str>) -> Self {
        self.push(role, text);
        self
    }

    /// Returns the line with a plain piece added.
    #[must_use]
    pub(crate) fn plain(self, text: impl AsRef<str>) -> Self {
        self.with(Role::Plain, text)
    }

    /// Returns the line with another behind it.
    #[must_use]
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    pub(crate) fn push(&mut self, role: Role, text: impl AsRef<str>) {
        let text = clean(text.as_ref());
        if text.is_empty() {
            return;
        }
        match self.spans.last_mut() {
            Some((last, before)) if *last == role => before.push_str(&text),
            _ => self.spans.push((role, text.into_owned())),
        }
    }

    /// Adds spaces up to `column`.
    pub(crate) fn pad_to(&mut self, column: usize) {
        let width = self.width();
        if width < column {
            self.push(Role::Plain, " ".repeat(column - width));
        }
    }

    /// Returns the columns that the line takes (Unicode Standard Annex 11).
    pub(crate) fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }

    /// Returns the line cut to `columns` columns, with `…` as the last of them when something had to go.
    #[must_use]
    pub(crate) fn cut(self, columns: usize) -> Self {
        if self.spans.iter().map(|(_, text)| widest(text)).sum::<usize>() <= columns {
            return self;
        }
        let Some(mut left) = columns.checked_sub(1) else { return Self::new() };
        let mut cut = Self::new();
        for (role, text) in self.spans {
            let mut end = 0;
            for (at, character) in text.char_indices() {
                let width = width_of(character);
                if width > left {
                    cut.spans.push((role, format!("{}…", &text[..at])));
                    return cut;
                }
                left -= width;
                end = at + character.len_utf8();
            }
            cut.spans.push((role, text[..end].to_owned()));
        }
        cut
    }

    /// Returns the text without styles.
    pub(crate) fn text(&self) -> String {
        self.write(false)
    }

    /// Returns the text, with styles when `color`, without spaces at the end.
    pub(crate) fn write(&self, color: bool) -> String {
        let mut text = String::new();
        let last = self.spans.iter().rposition(|(_, piece)| !piece.trim_end_matches(' ').is_empty());
        for (at, (role, piece)) in self.spans.iter().enumerate() {
            match last {
                Some(last) if at < last => text.push_str(&role.paint(piece, color)),
                Some(last) if at == last => text.push_str(&role.paint(piece.trim_end_matches(' '), color)),
                _ => break,
            }
        }
        text
    }
}

/// The most columns that a terminal may give to a text: they disagree on characters that are joined with others.
fn widest(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

fn width_of(character: char) -> usize {
    // Asks for the wide form of the character before it, which takes a column more where that is known.
    if character == '\u{fe0f}' { 1 } else { character.width().unwrap_or(1) }
}

/// Returns the lines as one text, each ended.
pub(crate) fn write_all(lines: &[Line], color: bool) -> String {
    lines.iter().map(|line| line.write(color) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_the_terminal_not_bytes() {
        assert_eq!(Line::of(Role::Plain, "äb日").width(), 4);
        assert_eq!(Line::of(Role::Plain, "\x1b").width(), 4);
    }

    #[test]
    fn a_line_is_cut_at_columns_and_says_so() {
        let line = || Line::of(Role::Address, "ab").plain("日本語");
        assert_eq!(line().cut(8).text(), "ab日本語");
        assert_eq!(line().cut(7).text(), "ab日本…");
        assert_eq!(line().cut(6).text(), "ab日…", "half of a character is none");
        assert_eq!(line().cut(3).text(), "ab…");
        assert_eq!((line().cut(1).text(), line().cut(0).text()), ("…".to_owned(), String::new()));
    }

    proptest::proptest! {
        #[test]
        fn no_cut_line_is_wider_than_asked(text in "\\PC*", columns in 0_usize..40) {
            let cut = Line::of(Role::Plain, "x").with(Role::Muted, text).cut(columns);
            proptest::prop_assert!(cut.width() <= columns, "{:?}", cut);
        }
    }

    #[test]
    fn padding_and_trailing_space() {
        let mut line = Line::of(Role::Address, "ab");
        line.pad_to(5);
        assert_eq!(line.width(), 5);
        assert_eq!(line.text(), "ab");
        assert_eq!(Line::of(Role::Plain, "a").with(Role::Muted, "  ").text(), "a");
        assert_eq!(line.clone().plain("c").text(), "ab   c");
    }
}
