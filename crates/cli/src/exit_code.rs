use crdbctl_model::PlanState;

/// How crdbctl ends. `specs/exit-codes.md` is the same list for users; a test compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Done, or nothing to do.
    Done,
    /// An error.
    Error,
    /// There are changes, and the exit code was asked to tell.
    Changes,
    /// A saved plan no longer fits the hosts or the manifest.
    Stale,
    /// Some changes were made, others failed or were skipped.
    Partial,
    /// Something could not be read.
    Unknown,
    /// Another apply holds the lock.
    Locked,
    /// The command line is wrong.
    Usage,
    /// Interrupted by the user.
    Interrupted,
}

impl ExitCode {
    /// Every code, in order.
    pub(crate) const ALL: [Self; 9] = [
        Self::Done,
        Self::Error,
        Self::Changes,
        Self::Stale,
        Self::Partial,
        Self::Unknown,
        Self::Locked,
        Self::Usage,
        Self::Interrupted,
    ];

    /// Returns the number that the process ends with.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Stale => 3,
            Self::Partial => 4,
            Self::Unknown => 5,
            Self::Locked => 6,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }

    /// Returns what the code means, as the documentation says it.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Error => "error",
            Self::Changes => {
                "there are changes (`drift`, `show --drift`, `show --merge`, `plan --detailed-exitcode`)"
            }
            Self::Stale => "a saved plan is stale",
            Self::Partial => "applied in part",
            Self::Unknown => "hosts unknown: something could not be read; wins over 2",
            Self::Locked => "locked by another apply",
            Self::Usage => "usage: the command line is wrong",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<PlanState> for ExitCode {
    fn from(state: PlanState) -> Self {
        match state {
            PlanState::Clean => Self::Done,
            PlanState::Diverged => Self::Changes,
            PlanState::Incomplete => Self::Unknown,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_ends_with_the_number_that_its_forms_tell() {
        for state in [PlanState::Clean, PlanState::Diverged, PlanState::Incomplete] {
            assert_eq!(ExitCode::from(state).number(), state.exit_code());
        }
    }

    #[test]
    fn the_documented_codes_are_the_codes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/exit-codes.md");
        let text = std::fs::read_to_string(path).unwrap();
        let rows = text.lines().filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            Some((cells.next()?.parse::<u8>().ok()?, cells.next()?.to_owned()))
        });
        let documented: Vec<(u8, String)> = rows.collect();
        let known: Vec<(u8, String)> =
            ExitCode::ALL.iter().map(|code| (code.number(), code.meaning().to_owned())).collect();
        assert_eq!(documented, known);
    }
}
