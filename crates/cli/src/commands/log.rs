use std::io;

use clap::{Args, ValueEnum};
use crdbctl_model::ClusterName;
use crdbctl_report::{
    RunListing, RunLog, RunOutline, RunRow, UnreadRunLog, render_run_listing, render_run_log,
};

use crate::run_log::{RunDirectory, place};
use crate::{CliError, ExitCode, Ui};

/// So many ids are named when none is meant.
const NAMED: usize = 3;

/// List what apply, destroy and certs rotate-ca did, or show one of these runs
///
/// Each run that went on after consent keeps a log, $XDG_STATE_HOME/crdbctl/runs/ID.jsonl or below ~/.local/state, for its
/// user alone and without secrets; of the newest 200. Needs neither a manifest nor a network.
#[derive(Args, Debug)]
pub(crate) struct LogArgs {
    /// The run to show: its id, a beginning of it that no other has, or `latest`
    #[arg(value_name = "ID")]
    run: Option<String>,

    /// List this cluster's runs only; with `latest`, its latest; not with an id, which means one run
    #[arg(long, value_name = "NAME")]
    cluster: Option<ClusterName>,

    /// List so many, the newest
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,

    /// Form of the output; of one run, `json` is its log as it is, one object a line
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: LogFormat,
}

/// A form of the logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people
    #[default]
    Human,
    /// For programs
    Json,
}

pub(crate) fn run(args: &LogArgs, ui: &Ui) -> Result<ExitCode, CliError> {
    if let (Some(word), Some(_)) = (args.run.as_deref().filter(|word| *word != "latest"), &args.cluster) {
        return Err(CliError::new(
            ExitCode::Usage,
            format!(
                "--cluster cannot be used with the id of a run, {word}: an id means one run of any cluster"
            ),
        )
        .hint("leave --cluster out, or say `latest` instead of the id"));
    }
    let state = place(|name| std::env::var_os(name)).ok_or_else(|| {
        CliError::new(ExitCode::Error, "there is no home directory to look for logs in")
            .hint("set XDG_STATE_HOME to the state directory that the runs had")
    })?;
    let failed = |error: io::Error| {
        CliError::failed(format!("reading the logs in {}", state.join("crdbctl/runs").display()), &error)
    };
    let directory = RunDirectory::open(&state).map_err(failed)?;
    let (ids, others) = match &directory {
        Some(directory) => directory.list().map_err(failed)?,
        None => (Vec::new(), Vec::new()),
    };
    match (&args.run, &directory) {
        (None, directory) => list(directory.as_ref(), &ids, others, args, ui),
        (Some(word), Some(directory)) => {
            let id = match (word.as_str(), &args.cluster) {
                ("latest", Some(cluster)) => latest_of(directory, &ids, cluster)?,
                _ => meant(word, &ids)?,
            };
            show(directory, id, args.format, ui)
        }
        (Some(word), None) => Err(unknown(word, &ids)),
    }
}

fn list(
    directory: Option<&RunDirectory>,
    ids: &[String],
    others: Vec<String>,
    args: &LogArgs,
    ui: &Ui,
) -> Result<ExitCode, CliError> {
    let foreign = |file| UnreadRunLog { file, reason: "it is not named as a run's log is".to_owned() };
    let mut listing = RunListing {
        format_version: RunListing::FORMAT_VERSION,
        runs: Vec::new(),
        unread: others.into_iter().map(foreign).collect(),
    };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    for id in ids {
        if listing.runs.len() == limit {
            break;
        }
        let Some(directory) = directory else { break };
        match outline(directory, id) {
            Ok((outline, going)) => {
                if args.cluster.as_ref().is_none_or(|cluster| outline.header.cluster == *cluster) {
                    listing.runs.push(RunRow::of(outline, going));
                }
            }
            Err(reason) => listing.unread.push(UnreadRunLog { file: format!("{id}.jsonl"), reason }),
        }
    }
    ui.result(&match args.format {
        LogFormat::Human => render_run_listing(&listing, &ui.stdout),
        LogFormat::Json => {
            let text = serde_json::to_string_pretty(&listing)
                .map_err(|error| CliError::failed("writing the list as JSON", &error))?;
            text + "\n"
        }
    })?;
    Ok(ExitCode::Done)
}

fn show(directory: &RunDirectory, id: &str, format: LogFormat, ui: &Ui) -> Result<ExitCode, CliError> {
    let what = || format!("reading the log of run {id} in {}", directory.path().display());
    let (text, going) = directory.read(id).map_err(|error| CliError::failed(what(), &error))?;
    let log = RunLog::parse(&text).map_err(|error| CliError::failed(what(), &error))?;
    ui.result(&match format {
        LogFormat::Human => render_run_log(&log, going, &ui.stdout),
        LogFormat::Json => text,
    })?;
    Ok(ExitCode::Done)
}

/// The log of a run in outline, or why there is none.
fn outline(directory: &RunDirectory, id: &str) -> Result<(RunOutline, bool), String> {
    let (text, going) = directory.read(id).map_err(|error| error.to_string())?;
    let outline = RunOutline::parse(&text).map_err(|error| error.to_string())?;
    if outline.header.run == id {
        Ok((outline, going))
    } else {
        Err("it is the log of another run".to_owned())
    }
}

fn latest_of<'a>(
    directory: &RunDirectory,
    ids: &'a [String],
    cluster: &ClusterName,
) -> Result<&'a str, CliError> {
    let is_of =
        |id: &&String| outline(directory, id).is_ok_and(|(outline, _)| outline.header.cluster == *cluster);
    ids.iter().find(is_of).map(String::as_str).ok_or_else(|| {
        CliError::new(ExitCode::Error, format!("there is no log of a run of the cluster {cluster}"))
            .hint("`crdbctl log` lists the runs that have one")
    })
}

/// Returns the one run that a word means; `ids` are newest first.
fn meant<'a>(word: &str, ids: &'a [String]) -> Result<&'a str, CliError> {
    if word == "latest" {
        return ids.first().map(String::as_str).ok_or_else(|| unknown(word, ids));
    }
    let begin: Vec<&'a String> = ids.iter().filter(|id| !word.is_empty() && id.starts_with(word)).collect();
    match begin[..] {
        [one] => Ok(one),
        [] => Err(unknown(word, ids)),
        _ => {
            let named: Vec<&str> = begin.iter().take(NAMED).map(|id| id.as_str()).collect();
            let more = if begin.len() > NAMED {
                format!(" and {} more", begin.len() - NAMED)
            } else {
                String::new()
            };
            Err(CliError::new(
                ExitCode::Error,
                format!("{word} is the beginning of {} runs: {}{more}", begin.len(), named.join(", ")),
            )
            .hint("say more of the id"))
        }
    }
}

fn unknown(word: &str, ids: &[String]) -> CliError {
    let error = CliError::new(ExitCode::Error, format!("there is no log of a run {word}"));
    if ids.is_empty() {
        return error.hint("no run has been logged yet for this user; see XDG_STATE_HOME");
    }
    error.hint(format!("the nearest are {}; `crdbctl log` lists them", nearest(word, ids).join(", ")))
}

/// The ids that share most of their beginning with a word, in order.
fn nearest<'a>(word: &str, ids: &'a [String]) -> Vec<&'a str> {
    let shared = |id: &str| id.bytes().zip(word.bytes()).take_while(|(one, other)| one == other).count();
    let mut near: Vec<&str> = ids.iter().map(String::as_str).collect();
    near.sort_by_key(|id| std::cmp::Reverse(shared(id)));
    near.truncate(NAMED);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_means_the_one_run_that_has_it() {
        let ids = ["20261205-090000-aaaaaaaa", "20261204-101500-1a2b3c4d", "20261204-101500-0a2b3c4d"];
        let ids = ids.map(str::to_owned);
        assert_eq!(meant("latest", &ids).unwrap(), ids[0]);
        assert_eq!(meant("20261205", &ids).unwrap(), ids[0]);
        assert_eq!(meant("20261204-101500-1", &ids).unwrap(), ids[1]);
        assert_eq!(meant(&ids[2], &ids).unwrap(), ids[2]);
        let several = meant("20261204", &ids).unwrap_err();
        assert!(several.message.contains("2 runs"), "{several:?}");
        let none = meant("20261204-101501", &ids).unwrap_err();
        assert_eq!(none.code, ExitCode::Error);
        assert!(
            none.hints[0].starts_with("the nearest are 20261204-101500-1a2b3c4d, 20261204-101500-0a2b3c4d")
        );
        assert!(meant("", &ids).is_err() && meant("latest", &[]).is_err());
    }
}
