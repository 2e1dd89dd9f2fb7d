use std::time::Duration;

use crate::nonce::Nonce;
use crate::quote::{NulInWord, encode};
use crate::target::Privilege;

const ENTRY: &str = include_str!("sh/entry.sh");
const RUN: &str = include_str!("sh/run.sh");
const RESIDENT: &str = include_str!("sh/resident.sh");

/// The longest command that goes out as an argument: Linux takes 128 KiB in one (`MAX_ARG_STRLEN`, execve(2)).
const LONGEST_ARGUMENT: usize = 120 << 10;

/// A command line for the login shell of a host, and how its script gets there.
#[derive(Debug)]
pub(crate) struct Wrapped {
    /// The command: `exec sh -c` and encoded words, for any login shell.
    pub(crate) command: String,
    /// Marks our own words in the streams.
    pub(crate) nonce: Nonce,
    /// Whether the script goes to stdin, after the start was seen.
    pub(crate) script_on_stdin: bool,
    /// Whether sudo may ask for the password on stdin.
    pub(crate) asks: bool,
}

/// Returns the command that runs one script.
///
/// The script is an argument, which saves the round trip that stdin costs, but not under a sudo that reads stdin
/// itself (its log keeps all arguments), not when it is too long for one, and not when a payload follows it.
pub(crate) fn run(
    script: &str,
    privilege: Privilege,
    password: bool,
    payload: bool,
    nonce: Nonce,
) -> Result<Wrapped, NulInWord> {
    if !password && !payload {
        let command = command(&nonce, privilege, false, "pipe", RUN, script.len(), Some(script))?;
        if command.len() <= LONGEST_ARGUMENT {
            return Ok(Wrapped { command, nonce, script_on_stdin: false, asks: false });
        }
    }
    let command = command(&nonce, privilege, password, "args", RUN, script.len(), None)?;
    Ok(Wrapped { command, nonce, script_on_stdin: true, asks: password })
}

/// Returns the command that starts the resident shell; its bootstrap is an argument and shall be short.
///
/// `patience` is the silence, in whole seconds, after which the shell takes its client for gone.
pub(crate) fn resident(
    bootstrap: &str,
    patience: Duration,
    privilege: Privilege,
    password: bool,
    nonce: Nonce,
) -> Result<Wrapped, NulInWord> {
    let seconds = patience.as_secs().max(1).to_string();
    let mut command =
        command(&nonce, privilege, password, "args", RESIDENT, bootstrap.len(), Some(bootstrap))?;
    command.push(' ');
    command.push_str(encode(&seconds)?.as_str());
    Ok(Wrapped { command, nonce, script_on_stdin: false, asks: password })
}

fn command(
    nonce: &Nonce,
    privilege: Privilege,
    password: bool,
    feed: &str,
    inner: &str,
    length: usize,
    script: Option<&str>,
) -> Result<String, NulInWord> {
    // A login shell that is no POSIX shell sees words alone, and no character in them that it could misread.
    let mut command = String::from(r#"exec sh -c 'eval "$(printf %b "$1")"' crdbctl"#);
    let entry = without_comments(ENTRY);
    let privilege = privilege.to_string();
    let ask = if password { "y" } else { "n" };
    let inner = without_comments(inner);
    let length = length.to_string();
    for word in [&entry, nonce.as_str(), &privilege, ask, feed, &inner, &length].into_iter().chain(script) {
        command.push(' ');
        command.push_str(encode(word)?.as_str());
    }
    Ok(command)
}

fn without_comments(script: &str) -> String {
    script.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_scripts_and_passwords_use_stdin() {
        let it = run("id", Privilege::Auto, false, false, Nonce::fixed()).unwrap();
        assert!(!it.script_on_stdin && it.command.ends_with(" '2' 'id'"));
        let it = run(&"#".repeat(130_000), Privilege::Auto, false, false, Nonce::fixed()).unwrap();
        assert!(it.script_on_stdin && it.command.len() < 5000);
        let it = run("id", Privilege::Sudo, true, false, Nonce::fixed()).unwrap();
        assert!(it.script_on_stdin && it.asks && it.command.ends_with(" '2'"));
        let it = run("id", Privilege::Auto, false, true, Nonce::fixed()).unwrap();
        assert!(it.script_on_stdin && !it.asks && it.command.ends_with(" '2'"));
    }

    #[test]
    fn the_wrapper_is_small() {
        let it = run("", Privilege::Auto, false, false, Nonce::fixed()).unwrap();
        assert!(it.command.len() < 2600, "{} bytes", it.command.len());
    }

    #[test]
    fn the_scripts_parse_in_every_shell() {
        for shell in [&["sh"][..], &["dash"], &["bash", "--posix"], &["busybox", "sh"]] {
            for script in [ENTRY, RUN, RESIDENT] {
                let mut command = std::process::Command::new(shell[0]);
                let Ok(output) = command.args(&shell[1..]).args(["-n", "-c", script]).output() else {
                    continue;
                };
                assert!(output.status.success(), "{shell:?}: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }
}
