use std::fmt;

/// The exit status of a `cockroach` process by its meaning.
///
/// Source: `pkg/cli/exit/codes.go` of <https://github.com/cockroachdb/cockroach>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ExitCode {
    /// 0: done; also a server that was stopped by SIGTERM.
    Success,
    /// 1: an error without a status of its own; all failures of client commands.
    Unspecified,
    /// 2: a crash (a Go panic).
    Crashed,
    /// 3: interrupted by SIGINT.
    Interrupted,
    /// 4: an error in the command line. Old versions use 1.
    CommandLine,
    /// 5: the log cannot be written to stderr.
    LogStderr,
    /// 6: the log cannot be written to its file.
    LogFile,
    /// 7: a fatal error of the server.
    FatalError,
    /// 8: stuck after a fatal error.
    FatalTimeout,
    /// 9: the log cannot be sent to its collector.
    LogCollector,
    /// 10: a disk is full: a restart cannot help.
    DiskFull,
    /// 125: `cockroach debug doctor` found something.
    Doctor,
    /// Any other.
    Other(i32),
}

impl From<i32> for ExitCode {
    fn from(code: i32) -> Self {
        match code {
            0 => Self::Success,
            1 => Self::Unspecified,
            2 => Self::Crashed,
            3 => Self::Interrupted,
            4 => Self::CommandLine,
            5 => Self::LogStderr,
            6 => Self::LogFile,
            7 => Self::FatalError,
            8 => Self::FatalTimeout,
            9 => Self::LogCollector,
            10 => Self::DiskFull,
            125 => Self::Doctor,
            other => Self::Other(other),
        }
    }
}

impl ExitCode {
    /// Returns the number: the inverse of `from`.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Success => 0,
            Self::Unspecified => 1,
            Self::Crashed => 2,
            Self::Interrupted => 3,
            Self::CommandLine => 4,
            Self::LogStderr => 5,
            Self::LogFile => 6,
            Self::FatalError => 7,
            Self::FatalTimeout => 8,
            Self::LogCollector => 9,
            Self::DiskFull => 10,
            Self::Doctor => 125,
            Self::Other(code) => code,
        }
    }

    /// Returns false where starting again would only repeat the failure: a full disk, or flags that are refused.
    ///
    /// Good for `RestartPreventExitStatus=` (systemd.service(5)).
    #[must_use]
    pub const fn may_restart(self) -> bool {
        !matches!(self, Self::DiskFull | Self::CommandLine)
    }
}

impl fmt::Display for ExitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self {
            Self::Success => "success",
            Self::Unspecified => "an error",
            Self::Crashed => "a crash",
            Self::Interrupted => "interrupted",
            Self::CommandLine => "an error in the command line",
            Self::LogStderr => "the log cannot be written to stderr",
            Self::LogFile => "the log cannot be written to its file",
            Self::FatalError => "a fatal error of the server",
            Self::FatalTimeout => "stuck after a fatal error",
            Self::LogCollector => "the log cannot be sent to its collector",
            Self::DiskFull => "a disk is full",
            Self::Doctor => "the doctor found something",
            Self::Other(_) => "not a status that cockroach is known to use",
        };
        write!(f, "status {} ({meaning})", self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for code in -1..=256 {
            assert_eq!(ExitCode::from(code).code(), code);
        }
    }

    #[test]
    fn say_what_they_mean() {
        insta::assert_snapshot!(ExitCode::from(10), @"status 10 (a disk is full)");
        insta::assert_snapshot!(ExitCode::from(137), @"status 137 (not a status that cockroach is known to use)");
        assert!(!ExitCode::DiskFull.may_restart() && ExitCode::FatalError.may_restart());
    }
}
