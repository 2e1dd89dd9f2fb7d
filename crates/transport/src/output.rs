use crate::sanitize::sanitize;

/// What a script that ran to its end came back with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// The exit status of the script, 0 to 255; 128 + n when signal n ended it.
    pub status: u8,
    /// What it wrote to stdout, byte for byte.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr, byte for byte.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Returns whether the status is 0.
    pub fn is_success(&self) -> bool {
        self.status == 0
    }

    /// Returns stderr for people: without terminal escapes and control characters.
    pub fn stderr_text(&self) -> String {
        sanitize(&self.stderr)
    }

    /// Returns stdout for people: without terminal escapes and control characters.
    pub fn stdout_text(&self) -> String {
        sanitize(&self.stdout)
    }
}
