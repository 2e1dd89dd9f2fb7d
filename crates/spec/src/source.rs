use crdbctl_model::SourceSpan;

use crate::Span;

/// What a text is, for messages about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Document {
    /// A manifest.
    #[default]
    Manifest,
    /// What drift is accepted.
    Accept,
}

impl Document {
    pub(crate) const fn the(self) -> &'static str {
        match self {
            Self::Manifest => "the manifest",
            Self::Accept => "the accept file",
        }
    }

    pub(crate) const fn a(self) -> &'static str {
        match self {
            Self::Manifest => "a manifest",
            Self::Accept => "an accept file",
        }
    }
}

/// The text of a manifest, or of a file like it, with its name, for turning places into lines and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// The offset of each line's first byte.
    lines: Vec<usize>,
    document: Document,
}

impl Source {
    /// Wraps the text of the file called `name`.
    pub fn new(name: &str, text: &str) -> Self {
        Self::of(Document::Manifest, name, text)
    }

    /// Wraps the text of a file that is another document.
    pub(crate) fn of(document: Document, name: &str, text: &str) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            lines: std::iter::once(0).chain(starts).collect(),
            document,
        }
    }

    /// Returns what the text is.
    pub(crate) fn document(&self) -> Document {
        self.document
    }

    /// Returns the file's name as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns line and column, both from 1, the column in characters.
    pub fn position(&self, span: Span) -> SourceSpan {
        let at = self.floor(span.start);
        let line = self.line_of(at);
        let column = self.text[self.lines[line]..at].chars().count() + 1;
        SourceSpan { line: line + 1, column }
    }

    /// Returns the text of a line (from 1) without its end; empty beyond the last line.
    pub fn line(&self, line: usize) -> &str {
        let Some(start) = line.checked_sub(1).and_then(|index| self.lines.get(index)) else { return "" };
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// Returns the offset of the first byte of a line (from 1).
    pub(crate) fn line_start(&self, line: usize) -> usize {
        line.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or(self.text.len())
    }

    /// Returns the part of `span` that lies on its first line, without blanks at its end.
    pub(crate) fn first_line_of(&self, span: Span) -> Span {
        let start = self.floor(span.start);
        let line = self.line(self.line_of(start) + 1);
        let line_end = self.line_start(self.line_of(start) + 1) + line.len();
        let end = self.floor(span.end).min(line_end).max(start.min(line_end));
        let trimmed = self.text[start.min(end)..end].trim_end().len();
        Span::new(start, start + trimmed)
    }

    fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Returns the nearest character boundary at or before `at`.
    fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let source = Source::new("x.yaml", "a\näb: c\r\n\nlast");
        let at = |needle: &str| {
            let start = source.text().find(needle).unwrap();
            let SourceSpan { line, column } = source.position(Span::new(start, start + 1));
            (line, column)
        };
        assert_eq!(at("a"), (1, 1));
        assert_eq!(at("b"), (2, 2));
        assert_eq!(at("last"), (4, 1));
        assert_eq!(source.line(2), "äb: c");
        assert_eq!((source.line(0), source.line(3), source.line(9)), ("", "", ""));
        assert_eq!(source.position(Span::new(999, 1000)).line, 4);
    }

    #[test]
    fn keeps_to_the_first_line() {
        let source = Source::new("x.yaml", "key: \n  - a\n  - b\n");
        assert_eq!(source.first_line_of(Span::new(0, 18)), Span::new(0, 4));
        assert_eq!(source.first_line_of(Span::new(18, 40)), Span::new(18, 18));
    }
}
