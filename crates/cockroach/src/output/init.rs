use super::{Failure, messages};

/// How a run of `cockroach init` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitOutcome {
    /// It initialised the cluster.
    Initialized,
    /// The cluster was initialised before, by whomever: nothing was done.
    AlreadyInitialized,
    /// It failed; whether the cluster is initialised is not known from it.
    Failed(Failure),
}

impl InitOutcome {
    /// Returns how a run ended, from its exit status (`None` when a signal ended it) and from what it printed.
    ///
    /// Status 0 is success, whatever was printed; "has already been initialized" counts on both streams, and in the
    /// longer sentences of old versions.
    /// Source: `pkg/cli/init.go`, `pkg/server/init.go` of <https://github.com/cockroachdb/cockroach>.
    #[must_use]
    pub fn of(status: Option<i32>, stdout: &str, stderr: &str) -> Self {
        if status == Some(0) {
            return Self::Initialized;
        }
        // A connection that broke after the deed may leave the good news on stdout.
        if stdout.contains(messages::INITIALIZED) {
            return Self::Initialized;
        }
        if [stdout, stderr].iter().any(|text| text.contains(messages::ALREADY_INITIALIZED)) {
            return Self::AlreadyInitialized;
        }
        Self::Failed(Failure::of(if stderr.trim().is_empty() { stdout } else { stderr }))
    }

    /// Returns true when the cluster is known to be initialised after it.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        matches!(self, Self::Initialized | Self::AlreadyInitialized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::FailureKind;
    use proptest::prelude::*;

    #[test]
    fn tells_the_three_ends() {
        assert_eq!(
            InitOutcome::of(Some(0), "Cluster successfully initialized\n", ""),
            InitOutcome::Initialized
        );
        let again = "ERROR: cluster has already been initialized\nFailed running \"init\"\n";
        assert_eq!(InitOutcome::of(Some(1), "", again), InitOutcome::AlreadyInitialized);
        let old = "Error: rpc error: code = Unknown desc = cluster has already been initialized\nFailed running \"init\"\n";
        assert_eq!(InitOutcome::of(Some(1), "", old), InitOutcome::AlreadyInitialized);
        let down = "ERROR: cannot dial server.\nIs the server running?\nFailed running \"init\"\n";
        let InitOutcome::Failed(failure) = InitOutcome::of(Some(1), "", down) else { panic!("not failed") };
        assert_eq!(failure.kind, FailureKind::CannotDial);
    }

    #[test]
    fn a_killed_run_is_a_failure() {
        let outcome = InitOutcome::of(None, "", "");
        assert!(!outcome.is_initialized());
    }

    proptest! {
        #[test]
        fn only_success_or_the_known_words_count(status in 1i32.., stdout in "\\PC{0,60}", stderr in "\\PC{0,60}") {
            prop_assert!(!InitOutcome::of(Some(status), &stdout, &stderr).is_initialized());
        }
    }
}
