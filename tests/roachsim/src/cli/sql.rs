//! `cockroach sql`, for statements that are given.

use std::io::{IsTerminal, Read};

use super::client::{Client, ClientError, block_on};
use super::failure::Failure;
use super::node::{format, print};
use super::parse::Given;
use super::table::{Format, render};
use crate::pgwire::{Answer, SqlCallError};
use crate::release::{Release, Series};
use crate::sql::SqlError;

const BOOL: u32 = 16;

/// Runs the statements of `--execute`, else those on stdin, up to the first error.
pub(super) fn run(release: Release, given: &Given) -> Result<(), Failure> {
    let client = Client::new(release, given)?;
    let format = format(given)?;
    let texts = match given.all("execute") {
        [] => vec![stdin()?],
        texts => texts.to_vec(),
    };
    block_on(async {
        let mut session = client.session().await.map_err(ClientError::into_failure)?;
        for text in &texts {
            let (answers, failed) =
                session.query(text).await.map_err(|error| ClientError::from(error).into_failure())?;
            for answer in &answers {
                show(format, release.series, answer)?;
            }
            if let Some(error) = failed {
                return Err(ClientError::from(SqlCallError::Sql(error)).into_failure());
            }
        }
        Ok(())
    })
}

fn stdin() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        return Err(Failure::not_modelled("`cockroach sql` without --execute, on a terminal,"));
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|error| Failure::new(format!("read /dev/stdin: {error}")))?;
    Ok(text)
}

fn show(format: Format, series: Series, answer: &Answer) -> Result<(), Failure> {
    match answer {
        Answer::Rows { columns, rows } => {
            let header: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            let cell = |(cell, (_, oid)): (&Option<String>, &(String, u32))| displayed(series, *oid, cell);
            let cells: Vec<Vec<String>> =
                rows.iter().map(|row| row.iter().zip(columns).map(cell).collect()).collect();
            print(&render(format, &header, &cells))
        }
        Answer::Done(tag) => print(&format!("{tag}\n")),
        Answer::Notice(notice) => {
            remark(notice);
            Ok(())
        }
    }
}

/// Booleans are `t` and `f` since v22.2, as in the documentation's examples, and words before.
fn displayed(series: Series, oid: u32, cell: &Option<String>) -> String {
    match cell.as_deref() {
        None => "NULL".to_owned(),
        Some("t") if oid == BOOL && series < Series::new(22, 2) => "true".to_owned(),
        Some("f") if oid == BOOL && series < Series::new(22, 2) => "false".to_owned(),
        Some(text) => text.to_owned(),
    }
}

#[expect(clippy::print_stderr, reason = "notices are not results")]
fn remark(notice: &SqlError) {
    eprintln!("NOTICE: {}", notice.message);
    if let Some(hint) = &notice.hint {
        eprintln!("HINT: {hint}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_by_version() {
        let shown = |year, ordinal, oid| displayed(Series::new(year, ordinal), oid, &Some("t".to_owned()));
        assert_eq!(
            (shown(22, 1, BOOL).as_str(), shown(22, 2, BOOL).as_str(), shown(22, 1, 25).as_str()),
            ("true", "t", "t")
        );
    }
}
