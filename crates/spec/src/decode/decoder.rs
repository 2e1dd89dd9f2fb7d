use crate::diagnostic::split_advice;
use crate::source::Document;
use crate::{Diagnostic, Span};

/// Collects what is wrong while a manifest is decoded.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What is decoded.
    pub(crate) document: Document,
}

impl Decoder {
    /// Adds a diagnostic.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Adds a diagnostic whose sentence may end in advice (`…: use …`).
    pub(crate) fn report_error(&mut self, span: Span, path: &str, error: &dyn std::fmt::Display) {
        self.report_sentence(span, &format!("`{path}`: {error}"));
    }

    /// Adds a diagnostic of a sentence that may end in advice.
    pub(crate) fn report_sentence(&mut self, span: Span, sentence: &str) {
        let (message, advice) = split_advice(sentence);
        let diagnostic = Diagnostic::new(span, message);
        self.report(match advice {
            Some(advice) => diagnostic.help(advice),
            None => diagnostic,
        });
    }

    /// Returns how many diagnostics there are; a later, larger number means that something failed since.
    pub(crate) fn count(&self) -> usize {
        self.diagnostics.len()
    }
}
