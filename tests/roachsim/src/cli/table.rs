//! Tables in the formats of `--format`.

use std::fmt::Write as _;

/// A way to print a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Comma-separated, quoted as Go's `encoding/csv` does.
    Csv,
    /// Tab-separated; the default where stdout is no terminal.
    Tsv,
    /// For people.
    Table,
    /// One cell a line.
    Records,
    /// A JSON object a line.
    Ndjson,
}

impl Format {
    /// Reads the name.
    ///
    /// # Errors
    /// When there is no such format, or the stand-in does not have it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "csv" => Ok(Self::Csv),
            "tsv" => Ok(Self::Tsv),
            "table" | "pretty" => Ok(Self::Table),
            "records" => Ok(Self::Records),
            "ndjson" => Ok(Self::Ndjson),
            "html" | "sql" | "raw" => Err(format!("roachsim: the format {text} is not modelled")),
            _ => Err(format!(
                "invalid table display format: {text} (possible values: tsv, csv, table, records, sql, html, raw)"
            )),
        }
    }
}

/// Returns a table of a header and rows as text.
pub(super) fn render(format: Format, header: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    let head: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    match format {
        Format::Csv | Format::Tsv => {
            let comma = if format == Format::Csv { ',' } else { '\t' };
            for row in std::iter::once(&head).chain(rows) {
                let cells: Vec<String> = row.iter().map(|cell| quote(cell, comma)).collect();
                text.push_str(&cells.join(&comma.to_string()));
                text.push('\n');
            }
        }
        Format::Table => {
            let width = |at: usize| {
                std::iter::once(&head)
                    .chain(rows)
                    .filter_map(|row| row.get(at))
                    .map(|cell| cell.chars().count())
                    .max()
            };
            let widths: Vec<usize> = (0..head.len()).map(|at| width(at).unwrap_or(0)).collect();
            let line = |row: &[String]| {
                let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} "));
                format!(" {}", cells.collect::<Vec<_>>().join("|")).trim_end().to_owned()
            };
            let rule: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
            let _ = writeln!(text, "{}\n-{}", line(&head), rule.join("+"));
            for row in rows {
                let _ = writeln!(text, "{}", line(row));
            }
            let _ = writeln!(text, "({} row{})", rows.len(), if rows.len() == 1 { "" } else { "s" });
        }
        Format::Records => {
            let width = head.iter().map(String::len).max().unwrap_or(0);
            for (number, row) in rows.iter().enumerate() {
                let _ = writeln!(text, "-[ RECORD {} ]", number + 1);
                for (name, cell) in head.iter().zip(row) {
                    let _ = writeln!(text, "{name:<width$} | {cell}");
                }
            }
        }
        Format::Ndjson => {
            for row in rows {
                let cells: serde_json::Map<String, serde_json::Value> =
                    head.iter().cloned().zip(row.iter().cloned().map(serde_json::Value::String)).collect();
                let _ = writeln!(text, "{}", serde_json::Value::Object(cells));
            }
        }
    }
    text
}

/// Quotes as Go's csv writer: when the cell holds the comma, a quote or a newline, or starts with a space.
fn quote(cell: &str, comma: char) -> String {
    let special = |c: char| c == comma || matches!(c, '"' | '\r' | '\n');
    if cell.contains(special) || cell.starts_with(char::is_whitespace) || cell == "\\." {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        vec![vec!["1".to_owned(), "region=eu,zone=a".to_owned()], vec!["2".to_owned(), String::new()]]
    }

    #[test]
    fn csv_quotes_what_holds_commas_and_nothing_else() {
        insta::assert_snapshot!(render(Format::Csv, &["id", "locality"], &rows()), @r#"
        id,locality
        1,"region=eu,zone=a"
        2,
        "#);
    }

    #[test]
    fn tables_have_a_rule_and_a_footer() {
        insta::assert_snapshot!(render(Format::Table, &["id", "locality"], &rows()), @r"
          id | locality
        -----+------------------
          1  | region=eu,zone=a
          2  |
        (2 rows)
        ");
    }

    #[test]
    fn json_is_no_format() {
        assert_eq!(
            Format::parse("json").unwrap_err(),
            "invalid table display format: json (possible values: tsv, csv, table, records, sql, html, raw)"
        );
    }
}
