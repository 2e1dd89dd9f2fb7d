use crate::Role;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It ended.
    Ended {
        /// What the program ended with.
        exit_code: u8,
        /// Whether anything was begun.
        began: bool,
    },
    /// It has not ended yet.
    Going,
    /// It was killed, interrupted twice, or its host went down: its log stops somewhere.
    CutOff,
}

impl RunState {
    /// Returns the state in a word for programs: `ended`, `going`, `cut-off`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ended { .. } => "ended",
            Self::Going => "going",
            Self::CutOff => "cut-off",
        }
    }

    /// Returns what the program ended with, if it did.
    pub const fn exit_code(self) -> Option<u8> {
        match self {
            Self::Ended { exit_code, .. } => Some(exit_code),
            Self::Going | Self::CutOff => None,
        }
    }

    /// Returns the state for people, with the exit code where there is one: `done (0)`, `cut off`. The codes are those of
    /// `specs/exit-codes.md`.
    pub fn words(self) -> String {
        let Self::Ended { exit_code, began } = self else {
            return if self == Self::Going { "still going" } else { "cut off" }.to_owned();
        };
        let words = match (began, exit_code) {
            (true, 0) => "done",
            (true, 4) => "done in part",
            (true, 5) => "done but for the unknown",
            (_, 130) => "interrupted",
            (true, _) => "ended with an error",
            (false, 3) => "not begun: stale",
            (false, 5) => "not begun: unknown",
            (false, 6) => "not begun: locked",
            (false, _) => "not begun",
        };
        format!("{words} ({exit_code})")
    }

    pub(super) const fn role(self) -> Role {
        match self {
            Self::Ended { exit_code: 0, .. } => Role::Success,
            Self::Ended { exit_code: 1 | 4, .. } => Role::Failure,
            _ => Role::Unknown,
        }
    }
}
