//! `cockroach node status` and `cockroach node ls`.

use std::io::{IsTerminal, Write};

use super::client::{Client, ClientError, block_on};
use super::failure::Failure;
use super::parse::Given;
use super::table::{Format, render};
use crate::clock::timestamp;
use crate::cluster::{Membership, StatusRow};
use crate::pgwire::{Answer, SqlCallError};
use crate::release::{Release, Series};

/// The column groups that were asked for.
#[derive(Debug, Clone, Copy)]
struct Groups {
    ranges: bool,
    stats: bool,
    decommission: bool,
}

/// Prints the rows of all nodes, or of the one named.
pub(super) fn status(release: Release, given: &Given) -> Result<(), Failure> {
    let client = Client::new(release, given)?;
    let format = format(given)?;
    let on = |name: &str| given.is_on("all") || given.is_on(name);
    let groups = Groups { ranges: on("ranges"), stats: on("stats"), decommission: on("decommission") };
    let wanted = match given.arguments.first() {
        Some(text) => {
            Some(text.parse::<u32>().map_err(|_| Failure::new(format!("could not parse node_id {text}")))?)
        }
        None => None,
    };
    let mut rows = ask(&client, groups.decommission, groups.ranges || groups.stats)?;
    if let Some(id) = wanted {
        rows.retain(|row| row.id.0 == id);
        if rows.is_empty() {
            return Err(Failure::new(format!("node {id} doesn't exist")));
        }
    }
    let columns = columns(release.series, groups);
    let header: Vec<&str> = columns.iter().map(|column| column.0).collect();
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| (column.1)(row)).collect()).collect();
    print(&render(format, &header, &cells))
}

/// Prints the ids of active nodes.
pub(super) fn ls(release: Release, given: &Given) -> Result<(), Failure> {
    let client = Client::new(release, given)?;
    let format = format(given)?;
    let rows = ask(&client, false, false)?;
    let cells: Vec<Vec<String>> = rows.iter().map(|row| vec![row.id.to_string()]).collect();
    print(&render(format, &["id"], &cells))
}

pub(super) fn format(given: &Given) -> Result<Format, Failure> {
    match given.last("format") {
        Some(text) => Format::parse(text)
            .map_err(|why| Failure::new(format!("invalid argument {text:?} for \"--format\" flag: {why}"))),
        None if std::io::stdout().is_terminal() => Ok(Format::Table),
        None => Ok(Format::Tsv),
    }
}

pub(super) fn print(text: &str) -> Result<(), Failure> {
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| Failure::new(format!("write /dev/stdout: {error}")))
}

/// Asks as the real commands do, by SQL; their query is one of the stand-in's own here.
fn ask(client: &Client, decommissioned: bool, ranges: bool) -> Result<Vec<StatusRow>, Failure> {
    let on = |on: bool, word: &'static str| if on { word } else { "" };
    let query =
        format!("ROACHSIM NODE STATUS {} {}", on(decommissioned, "DECOMMISSIONED"), on(ranges, "RANGES"));
    block_on(async {
        let asked = async {
            let mut session = client.session().await?;
            let answer = session.query(&query);
            let (answers, failed) = match client.timeout {
                Some(limit) => {
                    tokio::time::timeout(limit, answer).await.map_err(|_| ClientError::StatementTimeout)?
                }
                None => answer.await,
            }?;
            if let Some(error) = failed {
                return Err(SqlCallError::Sql(error).into());
            }
            let unexpected = || SqlCallError::Lost("unexpected answer".to_owned());
            let rows = answers.iter().find_map(|answer| match answer {
                Answer::Rows { rows, .. } => rows.first()?.first()?.as_deref(),
                Answer::Done(_) | Answer::Notice(_) => None,
            });
            Ok(serde_json::from_str(rows.ok_or_else(unexpected)?).map_err(|_| unexpected())?)
        };
        asked.await.map_err(ClientError::into_failure)
    })
}

type Column = (&'static str, fn(&StatusRow) -> String);

/// Bytes that each replica is said to hold; the stand-in stores none.
const REPLICA_BYTES: u32 = 1000;

fn bytes(row: &StatusRow, part: u32) -> String {
    or_null(row.ranges.map(|counts| counts.replicas * REPLICA_BYTES / part))
}

fn or_null(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| value.to_string())
}

fn columns(series: Series, groups: Groups) -> Vec<Column> {
    let since = |year, ordinal| series >= Series::new(year, ordinal);
    let mut columns: Vec<Column> = vec![
        ("id", |row| row.id.to_string()),
        ("address", |row| or_null(row.descriptor.as_ref().map(|node| &node.address))),
    ];
    if since(19, 1) {
        columns.push(("sql_address", |row| or_null(row.descriptor.as_ref().map(|node| &node.sql_address))));
    }
    columns.push(("build", |row| or_null(row.descriptor.as_ref().map(|node| node.release))));
    let started: Column =
        ("started_at", |row| or_null(row.descriptor.as_ref().map(|node| timestamp(node.started_at))));
    let updated: Column = ("updated_at", |row| or_null(row.updated_at.map(timestamp)));
    if since(19, 1) {
        columns.extend([started, updated]);
        columns.push(("locality", |row| or_null(row.descriptor.as_ref().map(|node| &node.locality))));
        columns.push(("is_available", |row| row.is_available.to_string()));
    } else {
        columns.extend([updated, started]);
    }
    columns.push(("is_live", |row| row.is_live.to_string()));
    if groups.ranges {
        columns.extend::<[Column; 5]>([
            ("replicas_leaders", |row| or_null(row.ranges.map(|counts| counts.leaseholders))),
            ("replicas_leaseholders", |row| or_null(row.ranges.map(|counts| counts.leaseholders))),
            ("ranges", |row| or_null(row.ranges.map(|counts| counts.replicas))),
            ("ranges_unavailable", |row| or_null(row.ranges.map(|counts| counts.unavailable))),
            ("ranges_underreplicated", |row| or_null(row.ranges.map(|counts| counts.underreplicated))),
        ]);
    }
    if groups.stats {
        columns.extend::<[Column; 3]>([
            ("live_bytes", |row| bytes(row, 1)),
            ("key_bytes", |row| bytes(row, 5)),
            ("value_bytes", |row| bytes(row, 2)),
        ]);
        if since(23, 1) {
            columns.extend::<[Column; 2]>([
                ("range_key_bytes", |row| or_null(row.ranges.map(|_| 0))),
                ("range_value_bytes", |row| or_null(row.ranges.map(|_| 0))),
            ]);
        }
        columns.extend::<[Column; 2]>([
            ("intent_bytes", |row| or_null(row.ranges.map(|_| 0))),
            ("system_bytes", |row| bytes(row, 20)),
        ]);
    }
    if groups.decommission {
        columns.push(("gossiped_replicas", |row| or_null(row.ranges.map(|counts| counts.replicas))));
        columns.push(("is_decommissioning", |row| (row.membership != Membership::Active).to_string()));
        if since(20, 2) {
            columns.push(("membership", |row| row.membership.word().to_owned()));
        }
        columns.push(("is_draining", |row| row.is_draining.to_string()));
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(series: (u16, u16), all: bool) -> String {
        let groups = Groups { ranges: all, stats: all, decommission: all };
        columns(Series::new(series.0, series.1), groups)
            .iter()
            .map(|column| column.0)
            .collect::<Vec<_>>()
            .join(",")
    }

    #[test]
    fn columns_follow_the_series() {
        insta::assert_snapshot!(header((24, 1), false), @"id,address,sql_address,build,started_at,updated_at,locality,is_available,is_live");
        insta::assert_snapshot!(header((22, 1), true), @"id,address,sql_address,build,started_at,updated_at,locality,is_available,is_live,replicas_leaders,replicas_leaseholders,ranges,ranges_unavailable,ranges_underreplicated,live_bytes,key_bytes,value_bytes,intent_bytes,system_bytes,gossiped_replicas,is_decommissioning,membership,is_draining");
        insta::assert_snapshot!(header((2, 1), false), @"id,address,build,updated_at,started_at,is_live");
        assert!(header((24, 1), true).contains("value_bytes,range_key_bytes,range_value_bytes,intent_bytes"));
        assert!(!header((20, 1), true).contains("membership"));
    }
}
