//! What a statement returns.

use crate::settings::{Shown, interval_text};

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// OID of its type.
    pub oid: u32,
    /// Bytes of its type, -1 for those of any length.
    pub size: i16,
}

impl Column {
    /// A column for values such as this one.
    #[must_use]
    pub fn of(name: &str, value: &Shown) -> Self {
        let (oid, size) = match value {
            Shown::Bool(_) => (16, 1),
            Shown::Int(_) => (20, 8),
            Shown::Text(_) => (25, -1),
            Shown::Float(_) => (701, 8),
            Shown::Interval(_) => (1186, 16),
        };
        Self { name: name.to_owned(), oid, size }
    }

    /// A column of texts.
    #[must_use]
    pub fn text(name: &str) -> Self {
        Self::of(name, &Shown::Text(String::new()))
    }
}

/// Something said beside a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Words.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// The result of one statement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Columns; none when the statement returns no rows at all.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<Vec<Shown>>,
    /// `SELECT 1`, `SET CLUSTER SETTING`.
    pub tag: String,
    /// What was said beside it.
    pub notices: Vec<Notice>,
}

impl Outcome {
    /// A result of rows.
    #[must_use]
    pub fn rows(verb: &str, columns: Vec<Column>, rows: Vec<Vec<Shown>>) -> Self {
        Self { tag: format!("{verb} {}", rows.len()), columns, rows, notices: Vec::new() }
    }

    /// One value in one row.
    #[must_use]
    pub fn value(verb: &str, name: &str, value: Shown) -> Self {
        Self::rows(verb, vec![Column::of(name, &value)], vec![vec![value]])
    }

    /// Done, and nothing to show.
    #[must_use]
    pub fn done(tag: &str) -> Self {
        Self { tag: tag.to_owned(), ..Self::default() }
    }
}

impl Shown {
    /// Its form in results of text.
    #[must_use]
    pub fn as_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Bool(value) => if *value { "t" } else { "f" }.to_owned(),
            Self::Interval(nanos) => interval_text(*nanos),
        }
    }

    /// Its form in binary results.
    #[must_use]
    pub fn as_binary(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Int(number) => number.to_be_bytes().to_vec(),
            Self::Float(number) => number.to_be_bytes().to_vec(),
            Self::Bool(value) => vec![u8::from(*value)],
            Self::Interval(nanos) => {
                // Microseconds, days, months.
                let mut bytes = (nanos / 1000).to_be_bytes().to_vec();
                bytes.extend([0; 8]);
                bytes
            }
        }
    }
}
