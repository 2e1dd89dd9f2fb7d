//! Runs cargo, showing what it says and keeping what is needed of it.

use std::env;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use crate::Failure;

/// Returns a command that runs the cargo which runs us.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Returns whether the command succeeded.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool, Failure> {
    Ok(command.status().map_err(|error| format!("starting {:?}: {error}", command.get_program()))?.success())
}

/// Returns the exit code of a command whose outputs are ours.
pub(crate) fn exit_code(command: &mut Command) -> Result<i32, Failure> {
    let program = command.get_program().to_owned();
    let status = command.status().map_err(|error| format!("starting {}: {error}", program.display()))?;
    status.code().ok_or_else(|| format!("{} ended with {status}", program.display()).into())
}

/// Which of a command's outputs to watch.
#[derive(Clone, Copy)]
pub(crate) enum Watched {
    Stdout,
    Stderr,
}

/// Whether a line that was seen is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    Yes,
    No,
}

/// Runs a command, hands each line of one output to `see`, without colours, and shows all its output but the lines that
/// `see` keeps back.
pub(crate) fn watch(
    command: &mut Command,
    watched: Watched,
    mut see: impl FnMut(&str) -> Show,
) -> Result<bool, Failure> {
    match watched {
        Watched::Stdout => command.stdout(Stdio::piped()),
        Watched::Stderr => command.stderr(Stdio::piped()),
    };
    let mut child =
        command.spawn().map_err(|error| format!("starting {:?}: {error}", command.get_program()))?;
    let output: Option<Box<dyn io::Read>> = match watched {
        Watched::Stdout => child.stdout.take().map(|output| Box::new(output) as _),
        Watched::Stderr => child.stderr.take().map(|output| Box::new(output) as _),
    };
    let mut output = BufReader::new(output.ok_or("a piped output is there")?);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        if see(&without_colours(&String::from_utf8_lossy(&line))) == Show::Yes {
            match watched {
                Watched::Stdout => io::stdout().write_all(&line)?,
                Watched::Stderr => io::stderr().write_all(&line)?,
            }
        }
        line.clear();
    }
    Ok(child.wait()?.success())
}

/// Returns what to tell a command whose output is watched about colours.
pub(crate) fn colour() -> &'static str {
    if io::stderr().is_terminal() { "always" } else { "auto" }
}

fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut pieces = text.split("\u{1b}[");
    plain.extend(pieces.next());
    for piece in pieces {
        plain.push_str(piece.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, rest)| rest));
    }
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::without_colours;

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(
            without_colours("\u{1b}[32;1m Summary\u{1b}[0m [ 1s] 3 passed\n"),
            " Summary [ 1s] 3 passed"
        );
    }
}
