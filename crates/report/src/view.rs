use crdbctl_model::{Cause, Divergence};

/// What a plan is shown as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// What apply would do.
    #[default]
    Plan,
    /// What `drift` found: which side moved, and that nothing is done about it.
    Drift,
}

impl View {
    /// Returns the command's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Drift => "drift",
        }
    }

    /// Returns what stands between the name of `number` resources and the participle: `will be`, or which side moved.
    pub(crate) const fn verb(self, cause: Cause, number: usize) -> &'static str {
        match (self, cause.divergence(), number) {
            (Self::Plan, _, _) => "will be",
            (Self::Drift, _, 1) if matches!(cause, Cause::Expiry) => "nears its end, and would be",
            (Self::Drift, _, _) if matches!(cause, Cause::Expiry) => "near their end, and would be",
            (Self::Drift, Divergence::Drift, 1) => "has drifted, and would be",
            (Self::Drift, Divergence::Drift, _) => "have drifted, and would be",
            (Self::Drift, Divergence::Change, 1) => "is not applied, and would be",
            (Self::Drift, Divergence::Change, _) => "are not applied, and would be",
        }
    }
}
