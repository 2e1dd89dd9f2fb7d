use crate::Span;

use super::text::printable;

/// One thing that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, as a sentence without a full stop. Holds no control characters.
    pub message: String,
    /// Where; `None` when it is about the whole text.
    pub span: Option<Span>,
    /// A few words that stand beside the place; may be empty.
    pub label: String,
    /// Other places that belong to it, each with a few words.
    pub related: Vec<(Span, String)>,
    /// What to write or do instead, a sentence each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// Returns a diagnostic about the text at `span`.
    pub fn new(span: Span, message: impl AsRef<str>) -> Self {
        Self {
            message: printable(message.as_ref()),
            span: Some(span),
            label: String::new(),
            related: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Returns a diagnostic about the text as a whole.
    pub fn general(message: impl AsRef<str>) -> Self {
        Self { span: None, ..Self::new(Span::default(), message) }
    }

    /// Adds the words beside the place.
    #[must_use]
    pub fn label(mut self, label: impl AsRef<str>) -> Self {
        self.label = printable(label.as_ref());
        self
    }

    /// Adds another place with its words.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl AsRef<str>) -> Self {
        self.related.push((span, printable(label.as_ref())));
        self
    }

    /// Adds what to do instead.
    #[must_use]
    pub fn help(mut self, help: impl AsRef<str>) -> Self {
        self.help.push(printable(help.as_ref()));
        self
    }
}
