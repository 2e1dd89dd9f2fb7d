//! How a command ends badly: the words on stderr and the exit code.

use std::fmt::Write as _;

/// Exit codes of the real program (`pkg/cli/exit/codes.go`) that the stand-in can end with.
pub mod code {
    /// Nothing more specific.
    pub const UNSPECIFIED: u8 = 1;
    /// Stopped by SIGINT.
    pub const INTERRUPTED: u8 = 3;
    /// A flag that is unknown or has a bad value.
    pub const COMMAND_LINE_FLAG: u8 = 4;
    /// A fatal error of a running server.
    pub const FATAL: u8 = 7;
}

/// The word before a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// A failure.
    Error,
    /// An end that somebody asked for.
    Info,
}

/// A command's failure as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The word before the message.
    pub severity: Severity,
    /// One or more lines.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Exit code of the process.
    pub code: u8,
    /// Text printed before the message, for flag errors the usage.
    pub preface: String,
    /// Servers say an error twice, the first time in a frame of asterisks.
    pub framed: bool,
}

impl Failure {
    /// An error with exit code 1.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            hint: None,
            code: code::UNSPECIFIED,
            preface: String::new(),
            framed: false,
        }
    }

    /// Something the real program does and the stand-in does not.
    #[must_use]
    pub fn not_modelled(what: &str) -> Self {
        Self::new(format!("roachsim: {what} is not modelled by this stand-in of cockroach"))
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the exit code.
    #[must_use]
    pub fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// Shows it framed as well, as servers do.
    #[must_use]
    pub fn framed(mut self) -> Self {
        self.framed = true;
        self
    }

    /// Puts `context: ` before the message.
    #[must_use]
    pub fn context(mut self, context: &str) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// Returns everything that goes to stderr, ending in a newline.
    #[must_use]
    pub fn render(&self, command: &str) -> String {
        let word = match self.severity {
            Severity::Error => "ERROR",
            Severity::Info => "INFO",
        };
        let mut body = format!("{word}: {}", self.message);
        if let Some(hint) = &self.hint {
            let _ = write!(body, "\nHINT: {hint}");
        }
        let mut text = self.preface.clone();
        if self.framed {
            text.push_str(&frame(&body));
        }
        let _ = writeln!(text, "{body}\nFailed running {command:?}");
        text
    }
}

/// Returns text with `* ` before each line and a lone `*` before and after, as `log.Shout` prints it.
#[must_use]
pub fn frame(text: &str) -> String {
    let mut framed = String::from("*\n");
    for line in text.trim_end_matches('\n').split('\n') {
        let _ = writeln!(framed, "{}", format!("* {line}").trim_end());
    }
    framed.push_str("*\n");
    framed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hint_and_command_follow_the_message() {
        let failure = Failure::new("no --join flags provided to 'cockroach start'")
            .hint("Consider using 'cockroach init' or 'cockroach start-single-node' instead");
        insta::assert_snapshot!(failure.render("start"), @r#"
        ERROR: no --join flags provided to 'cockroach start'
        HINT: Consider using 'cockroach init' or 'cockroach start-single-node' instead
        Failed running "start"
        "#);
    }

    #[test]
    fn servers_say_it_twice() {
        insta::assert_snapshot!(Failure::new("one\n\ntwo").framed().render("start"), @r#"
        *
        * ERROR: one
        *
        * two
        *
        ERROR: one

        two
        Failed running "start"
        "#);
    }
}
