//! Finds the command and runs it.

use std::fs::File;
use std::process::ExitCode;

use super::failure::Failure;
use super::parse::{Given, parse};
use super::{client_flags, decommission, drain, flag::Flag, init, node, sql, start, start_flags, version};
use crate::release::Release;
use crate::trailer::Trailer;

/// Commands of the real program that the stand-in does not have.
const NOT_MODELLED: &[&str] = &[
    "start-single-node",
    "connect",
    "cert",
    "quit",
    "statement-diag",
    "auth-session",
    "nodelocal",
    "userfile",
    "import",
    "demo",
    "convert-url",
    "gen",
    "debug",
    "sqlfmt",
    "workload",
    "help",
    "completion",
];

type Run = fn(Release, &Given) -> Result<(), Failure>;

struct Command {
    words: &'static [&'static str],
    flags: &'static [Flag],
    max_arguments: usize,
    run: Run,
}

static COMMANDS: &[Command] = &[
    Command { words: &["start"], flags: start_flags::START, max_arguments: 0, run: start::run },
    Command { words: &["init"], flags: client_flags::INIT, max_arguments: 0, run: init::run },
    Command { words: &["node", "status"], flags: client_flags::STATUS, max_arguments: 1, run: node::status },
    Command { words: &["node", "ls"], flags: client_flags::LS, max_arguments: 0, run: node::ls },
    Command {
        words: &["node", "decommission"],
        flags: client_flags::DECOMMISSION,
        max_arguments: usize::MAX,
        run: decommission::decommission,
    },
    Command {
        words: &["node", "recommission"],
        flags: client_flags::RECOMMISSION,
        max_arguments: usize::MAX,
        run: decommission::recommission,
    },
    Command { words: &["node", "drain"], flags: client_flags::DRAIN, max_arguments: 1, run: drain::run },
    Command { words: &["sql"], flags: client_flags::SQL, max_arguments: 0, run: sql::run },
    Command { words: &["version"], flags: client_flags::VERSION, max_arguments: 0, run: version::run },
];

/// Runs the command line of this process and returns its exit code.
#[must_use]
#[expect(clippy::print_stderr, reason = "the last words of a command line")]
pub fn main() -> ExitCode {
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let release = match played() {
        Ok(release) => release,
        Err(why) => {
            eprintln!("roachsim: {why}");
            return ExitCode::FAILURE;
        }
    };
    let (name, outcome) = dispatch(release, &words);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{}", failure.render(&name));
            ExitCode::from(failure.code)
        }
    }
}

/// The release in this binary's own trailer; `/proc/self/exe` still leads there when the file was replaced.
fn played() -> Result<Release, String> {
    let file =
        File::open("/proc/self/exe").map_err(|error| format!("cannot read /proc/self/exe: {error}"))?;
    match Trailer::read(file) {
        Ok(Some(trailer)) => Ok(trailer.release),
        Ok(None) => {
            Err("this binary plays no version yet: pack it with `cargo xtask archive VERSION DIR`".to_owned())
        }
        Err(error) => Err(format!("the version at the end of this binary is damaged: {error}")),
    }
}

fn dispatch(release: Release, words: &[String]) -> (String, Result<(), Failure>) {
    let root = "cockroach".to_owned();
    let Some(first) = words.first() else {
        return (root, Err(Failure::not_modelled("`cockroach help`")));
    };
    if first == "--version" {
        version::print_details(release);
        return (root, Ok(()));
    }
    let command = COMMANDS.iter().find(|command| {
        command.words.len() <= words.len()
            && command.words.iter().zip(words).all(|(ours, theirs)| ours == theirs)
    });
    let Some(command) = command else {
        return unknown(release, words);
    };
    let name = command.words.join(" ");
    let given = match parse(command.flags, release.series, &words[command.words.len()..]) {
        Ok(given) => given,
        Err(refusal) => return (name.clone(), Err(refusal.into_failure(&name, release.series))),
    };
    if let Some(extra) = given.arguments.get(command.max_arguments) {
        let count = given.arguments.len();
        let words = match command.max_arguments {
            0 => format!("unknown command {extra:?} for \"cockroach {name}\""),
            most => format!("accepts at most {most} arg(s), received {count}"),
        };
        return (name, Err(Failure::new(words)));
    }
    (name, (command.run)(release, &given))
}

fn unknown(release: Release, words: &[String]) -> (String, Result<(), Failure>) {
    let first = words[0].as_str();
    if first == "node" {
        let second = words.get(1).map(String::as_str).unwrap_or_default();
        let name = format!("node {second}").trim_end().to_owned();
        return (name, Err(Failure::new(format!("unknown sub-command: {second:?}"))));
    }
    if first.starts_with('-') {
        let refusal = super::parse::Refusal::Flag(format!("unknown flag: {first}"));
        return ("cockroach".to_owned(), Err(refusal.into_failure("", release.series)));
    }
    if NOT_MODELLED.contains(&first) {
        return (first.to_owned(), Err(Failure::not_modelled(&format!("`cockroach {first}`"))));
    }
    let words = format!("unknown command {first:?} for \"cockroach\"");
    ("cockroach".to_owned(), Err(Failure::new(words)))
}
