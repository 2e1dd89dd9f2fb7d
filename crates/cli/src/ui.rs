use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use crdbctl_model::ClusterName;
use crdbctl_report::{RenderOptions, Role, clean, fold, guarded};

use crate::args::{ColorChoice, GlobalArgs};
use crate::{CliError, region};

/// The width of text that is not written to a terminal, such as a CI log.
const PIPED_WIDTH: usize = 120;

/// Where everything is printed: results to standard output, all else to standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    /// How results are laid out.
    pub(crate) stdout: RenderOptions,
    /// How everything else is laid out.
    pub(crate) stderr: RenderOptions,
    /// Whether only results and errors are printed.
    pub(crate) quiet: bool,
    /// How often `-v` was given.
    pub(crate) verbose: u8,
}

impl Ui {
    /// Returns the printer for these arguments, the environment and the terminal.
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        let options = |terminal: bool, width: Option<usize>| RenderOptions {
            width: width.filter(|_| terminal).unwrap_or(PIPED_WIDTH),
            color: use_color(global.color, terminal, |name| std::env::var(name).ok()),
            skip_unknown: false,
        };
        let width = |size: Option<(terminal_size::Width, terminal_size::Height)>| {
            size.map(|(width, _)| usize::from(width.0))
        };
        let (stdout, stderr) = (io::stdout(), io::stderr());
        Self {
            stdout: options(stdout.is_terminal(), width(terminal_size::terminal_size_of(&stdout))),
            stderr: options(stderr.is_terminal(), width(terminal_size::terminal_size_of(&stderr))),
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    /// Returns the printer for a plan that leaves alone what is unknown, or does not.
    #[must_use]
    pub(crate) fn skipping_unknown(mut self, skip_unknown: bool) -> Self {
        self.stdout.skip_unknown = skip_unknown;
        self
    }

    /// Returns the printer of a result that a file takes: as wide as for a pipe, and without colour, whatever this terminal is.
    #[must_use]
    pub(crate) fn for_file(mut self) -> Self {
        (self.stdout.width, self.stdout.color) = (PIPED_WIDTH, false);
        self
    }

    /// Writes a result to standard output. Of what a terminal obeys, lines and colours alone pass ([`guarded`]).
    ///
    /// # Errors
    /// When it cannot be written: nobody must take half a result for the whole.
    pub(crate) fn result(&self, text: &str) -> Result<(), CliError> {
        self.verbatim(&guarded(text))
    }

    /// Writes what the user's own manifest or this program makes, such as a file to be kept, to standard output byte by byte.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn verbatim(&self, text: &str) -> Result<(), CliError> {
        region::aside(|| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()?;
            Ok(())
        })
    }

    /// Returns the first line of a command's result: `crdbctl plan · store · 3 nodes probed in 0.9s`, and an empty one.
    pub(crate) fn header(&self, command: &str, cluster: &ClusterName, words: &str) -> String {
        let title = self.stdout.paint(Role::Title, &format!("crdbctl {command}"));
        let dot = self.stdout.paint(Role::Muted, "·");
        format!("{title} {dot} {cluster} {dot} {}\n\n", clean(words))
    }

    /// Writes a line about what is going on to standard error, unless quiet.
    pub(crate) fn status(&self, line: &str) {
        if !self.quiet {
            self.say(line);
        }
    }

    /// Writes a warning to standard error.
    pub(crate) fn warning(&self, message: &str) {
        self.say(&format!("{} {}", self.stderr.paint(Role::Unknown, "warning:"), clean(message)));
    }

    /// Writes an error with its hints to standard error.
    pub(crate) fn error(&self, error: &CliError) {
        if !error.message.is_empty() {
            let mut lines = error.message.lines().map(clean);
            let first = lines.next().unwrap_or_default();
            self.say(&format!("{} {first}", self.stderr.paint(Role::Failure, "error:")));
            lines.for_each(|line| self.say(&format!("  {line}")));
        }
        for hint in &error.hints {
            self.say(&format!("{} {}", self.stderr.paint(Role::Hint, "hint:"), clean(hint)));
        }
    }

    /// Ends the line on which a terminal has shown `^C` or a question.
    pub(crate) fn end_line(&self) {
        // A region that is drawn anew leaves nothing of what the terminal has shown below it.
        if io::stderr().is_terminal() && !region::is_drawn() {
            self.say("");
        }
    }

    /// Writes text to standard error, on a terminal in lines that fit; of what a terminal obeys, lines and colours alone pass. Failing
    /// to do so is no reason to fail.
    pub(crate) fn say(&self, text: &str) {
        region::print(&fitting(&guarded(text)));
    }

    /// Writes text that has its layout already to standard error, as [`Ui::say`] but for its lines.
    pub(crate) fn say_as_is(&self, text: &str) {
        region::print(&guarded(text));
    }
}

/// Returns a message for standard error: broken between words for a terminal as wide as it is now, else as it is, for grep.
pub(crate) fn fitting(text: &str) -> Cow<'_, str> {
    if io::stderr().is_terminal() { fold(text, region::size().0).into() } else { text.into() }
}

/// Returns whether to write colour: the flag wins, then `NO_COLOR` (no-color.org), then the terminal.
pub(crate) fn use_color(choice: ColorChoice, terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let no_color = env("NO_COLOR").is_some_and(|value| !value.is_empty());
            terminal && !no_color && env("TERM").as_deref() != Some("dumb")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_flag_then_environment_then_terminal() {
        let env = |set: &'static [(&str, &str)]| {
            move |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        assert!(use_color(ColorChoice::Auto, true, env(&[])));
        assert!(!use_color(ColorChoice::Auto, false, env(&[])));
        assert!(!use_color(ColorChoice::Auto, true, env(&[("NO_COLOR", "1")])));
        assert!(use_color(ColorChoice::Auto, true, env(&[("NO_COLOR", "")])));
        assert!(!use_color(ColorChoice::Auto, true, env(&[("TERM", "dumb")])));
        assert!(use_color(ColorChoice::Always, false, env(&[("NO_COLOR", "1")])));
        assert!(!use_color(ColorChoice::Never, true, env(&[])));
    }
}
