use std::fmt;
use std::sync::Arc;

use crdbctl_model::SourceSpan;
use serde::Serialize;

use crate::{Diagnostic, Source};

/// Everything that is wrong with a manifest, in the order of the text. Never empty when it is an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostics {
    source: Arc<Source>,
    list: Vec<Diagnostic>,
}

/// A diagnostic as plain data, for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiagnosticRecord {
    /// The file's name.
    pub file: String,
    /// The line and column, from 1; `None` when it is about the whole text.
    pub at: Option<SourceSpan>,
    /// What is wrong.
    pub message: String,
    /// What to do instead, a sentence each.
    pub help: Vec<String>,
}

impl Diagnostics {
    pub(crate) fn new(source: Arc<Source>, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by_key(|diagnostic| diagnostic.span.map(|span| span.start));
        list.dedup();
        Self { source, list }
    }

    /// Returns the diagnostics in order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the text that they are about.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Returns line and column of a diagnostic of this collection.
    pub fn position(&self, diagnostic: &Diagnostic) -> Option<SourceSpan> {
        diagnostic.span.map(|span| self.source.position(span))
    }

    /// Returns the diagnostics as plain data.
    pub fn records(&self) -> Vec<DiagnosticRecord> {
        let record = |diagnostic: &Diagnostic| DiagnosticRecord {
            file: self.source.name().to_owned(),
            at: self.position(diagnostic),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        };
        self.list.iter().map(record).collect()
    }

    /// Returns both collections as one. They must be about the same text.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.list.extend(other.list);
        Self::new(self.source, self.list)
    }

    /// Returns the text for people: file, line, column, the line itself with a mark, what is wrong and
    /// what to write instead. `width` is that of the terminal in columns.
    pub fn render(&self, color: bool, width: usize) -> String {
        super::render::render(&self.source, &self.list, color, width)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false, 100))
    }
}

impl std::error::Error for Diagnostics {}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.records()).finish()
    }
}
