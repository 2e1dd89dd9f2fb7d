//! Tables of `cockroach node …  --format=csv`.

use std::collections::BTreeMap;

/// Why a table cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the table of `{command}`: {kind}")]
pub struct TableError {
    /// The command that printed it.
    pub command: &'static str,
    /// What is wrong.
    pub kind: TableErrorKind,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableErrorKind {
    /// No line is a header.
    #[error("it has no header line; it begins with `{0}`")]
    NoHeader(String),
    /// There is a header and nothing else where at least one row must be.
    #[error("it has a header and no rows")]
    NoRows,
    /// A row has not as many fields as the header; it may have been cut off.
    #[error("line {line} has {found} fields, the header {expected}")]
    Ragged {
        /// Its number, from 1.
        line: usize,
        /// The number of the header's fields.
        expected: usize,
        /// The number of its own.
        found: usize,
    },
    /// A field is not what its column holds.
    #[error("line {line}: `{value}` in column {column} is not {expected}")]
    Field {
        /// The number of the line, from 1.
        line: usize,
        /// The name of the column.
        column: &'static str,
        /// What was there.
        value: String,
        /// What should be.
        expected: &'static str,
    },
}

/// A row: its fields by column name, the ones that are NULL or empty left out.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    /// The node's number, in the column `id`.
    pub(super) id: u32,
    fields: BTreeMap<String, String>,
}

/// Returns the rows of a table that has a column `id` first.
///
/// The header may come again, with other columns even; lines whose first field is neither a header nor a number are
/// prose. Each line stands for itself, so that a quote left open in prose swallows no row.
pub(super) fn rows(command: &'static str, stdout: &[u8]) -> Result<Vec<Row>, TableError> {
    let fail = |kind| TableError { command, kind };
    let text = String::from_utf8_lossy(stdout);
    let text = text.trim_start_matches('\u{feff}');
    let (mut header, mut rows): (Option<Vec<String>>, Vec<Row>) = (None, Vec::new());
    for (at, line) in text.lines().enumerate() {
        let fields = fields(line);
        match (fields.first().map(String::as_str), &header) {
            (Some("id"), _) => header = Some(fields),
            (Some(id), Some(header)) if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) => {
                let line = at + 1;
                if fields.len() != header.len() {
                    return Err(fail(TableErrorKind::Ragged {
                        line,
                        expected: header.len(),
                        found: fields.len(),
                    }));
                }
                let id = id.parse().map_err(|_| {
                    let (value, expected) = (id.to_owned(), "a node's number");
                    fail(TableErrorKind::Field { line, column: "id", value, expected })
                })?;
                let there = |value: &String| !value.is_empty() && value != "NULL";
                let pairs = header.iter().cloned().zip(fields).filter(|(_, value)| there(value));
                rows.push(Row { line, id, fields: pairs.collect() });
            }
            _ => {}
        }
    }
    match header {
        Some(_) => Ok(rows),
        None => Err(fail(TableErrorKind::NoHeader(
            text.trim_start().chars().take(60).take_while(|c| *c != '\n').collect(),
        ))),
    }
}

fn fields(line: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(line.len().max(1))
        .from_reader(line.as_bytes());
    let record = reader.records().next().and_then(Result::ok).unwrap_or_default();
    record.iter().map(|field| field.trim().to_owned()).collect()
}

impl Row {
    /// Returns a field, `None` when there is no such column, or NULL or nothing in it.
    pub(super) fn text(&self, column: &str) -> Option<String> {
        self.fields.get(column).cloned()
    }

    /// Returns a field that is `true` or `false`.
    pub(super) fn boolean(
        &self,
        command: &'static str,
        column: &'static str,
    ) -> Result<Option<bool>, TableError> {
        self.read(command, column, "true or false", |value| match value {
            "true" | "t" => Some(true),
            "false" | "f" => Some(false),
            _ => None,
        })
    }

    /// Returns a field that is a whole number.
    pub(super) fn number(
        &self,
        command: &'static str,
        column: &'static str,
    ) -> Result<Option<u64>, TableError> {
        self.read(command, column, "a number", |value| value.parse().ok())
    }

    fn read<T>(
        &self,
        command: &'static str,
        column: &'static str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, TableError> {
        let Some(value) = self.fields.get(column) else { return Ok(None) };
        parse(value).map(Some).ok_or_else(|| TableError {
            command,
            kind: TableErrorKind::Field { line: self.line, column, value: value.clone(), expected },
        })
    }
}
