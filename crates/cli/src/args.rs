use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, CommandFactory, FromArgMatches, Parser, ValueEnum};

use crate::ExitCode;
use crate::commands::Command;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Keep self-hosted CockroachDB clusters in the state that a manifest declares
///
/// crdbctl reads every node over SSH, shows the difference to the manifest as a plan, and applies the
/// plan, nothing more. A node needs sshd, a POSIX shell, coreutils and systemd: no agent.
#[derive(Debug, Parser)]
#[command(name = "crdbctl", version, styles = STYLES, after_long_help = exit_codes(), infer_subcommands = false)]
pub(crate) struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Manifest to read; `-` reads standard input
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        env = "CRDBCTL_MANIFEST",
        hide_env_values = true,
        default_value = "cluster.yaml"
    )]
    pub(crate) file: PathBuf,

    /// Print results and errors only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Log what is done to standard error; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// When to use colour; `auto` also respects NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorChoice,

    /// Ask for the sudo password on the terminal, once for all nodes
    ///
    /// Without this, CRDBCTL_SUDO_PASSWORD_COMMAND names a command whose first line of output is the
    /// password. It is sent to sudo's standard input only, when sudo asks for it.
    #[arg(long, global = true, conflicts_with = "sudo_password_fd")]
    pub(crate) ask_sudo_password: bool,

    /// Read the sudo password from this open file descriptor, up to the end of its first line
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=65535))]
    pub(crate) sudo_password_fd: Option<u32>,

    /// Read the passphrase of an encrypted ca.key from this open file descriptor, up to the end of its first line
    ///
    /// Without this, CRDBCTL_CA_PASSPHRASE_COMMAND names a command whose first line of output is the passphrase;
    /// without either, the terminal is asked. Only when a certificate is to be made: never to plan.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=65535))]
    pub(crate) ca_passphrase_fd: Option<u32>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On terminals, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Returns the arguments of a command line, program first.
///
/// # Errors
/// As clap says them; help and version are among them. [`explain`] prints them.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let words: Vec<OsString> = words.into_iter().collect();
    let command = Cli::command().color(help_color(&words));
    Cli::from_arg_matches(&command.try_get_matches_from(words)?)
}

/// Prints help, version or what is wrong with the command line, and returns the exit code.
///
/// clap itself would end with 2, which means changes here.
pub(crate) fn explain(error: &clap::Error) -> ExitCode {
    // Nobody is left to be told when even this cannot be printed.
    let _ = error.print();
    if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done }
}

/// Help is printed before arguments are known, so `--color` is looked for by hand.
fn help_color(words: &[OsString]) -> clap::ColorChoice {
    let mut choice = clap::ColorChoice::Auto;
    let mut words = words.iter().filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        match value {
            Some("always") => choice = clap::ColorChoice::Always,
            Some("never") => choice = clap::ColorChoice::Never,
            _ => {}
        }
    }
    choice
}

fn exit_codes() -> String {
    let lines = ExitCode::ALL.iter().map(|code| format!("  {:>3}  {}", code.number(), code.meaning()));
    format!("Exit codes:\n{}", lines.collect::<Vec<_>>().join("\n").replace('`', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_colour_of_help_is_found_by_hand() {
        let choice = |line: &str| help_color(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(choice("crdbctl --help"), clap::ColorChoice::Auto);
        assert_eq!(choice("crdbctl --help --color never"), clap::ColorChoice::Never);
        assert_eq!(choice("crdbctl --color=always --help"), clap::ColorChoice::Always);
        assert_eq!(choice("crdbctl --colors=always -- --color=never"), clap::ColorChoice::Auto);
    }
}
