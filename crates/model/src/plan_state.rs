use crate::Plan;

/// What a plan says of the hosts, in one word. Every form of a plan, and the exit code, tell this and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlanState {
    /// Everything was read, and nothing is left to do.
    Clean,
    /// Everything was read, and there are changes.
    Diverged,
    /// Something could not be read: whatever else there is, the plan may lack changes.
    Incomplete,
}

impl PlanState {
    /// Returns the number that `drift`, and `plan --detailed-exitcode`, end with.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Diverged => 2,
            Self::Incomplete => 5,
        }
    }
}

impl Plan {
    /// Returns what the plan says of the hosts: that something could not be read wins over changes.
    pub fn state(&self) -> PlanState {
        match (self.is_complete(), self.is_empty()) {
            (false, _) => PlanState::Incomplete,
            (true, false) => PlanState::Diverged,
            (true, true) => PlanState::Clean,
        }
    }
}
