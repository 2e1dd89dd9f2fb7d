use crdbctl_cockroach::Version;
use crdbctl_cockroach::start::{CanonicalArgs, diff};

/// A flag of the running process that is not as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FlagDifference {
    pub(crate) name: String,
    pub(crate) running: Option<String>,
    pub(crate) desired: Option<String>,
}

/// Returns the flags in which a running command line differs from the desired one, so that a restart is
/// needed. A different join list needs none (CockroachDB docs, `cockroach start`) and is not among them.
///
/// A command line that is not one of `cockroach start` differs as a whole.
pub(crate) fn differences(running: &[String], desired: &[String], version: &str) -> Vec<FlagDifference> {
    let whole = || FlagDifference {
        name: "command".to_owned(),
        running: Some(running.join(" ")),
        desired: Some(desired.join(" ")),
    };
    let (Ok(shall), Ok(version)) = (CanonicalArgs::parse(desired), version.parse::<Version>()) else {
        return if running == desired { Vec::new() } else { vec![whole()] };
    };
    let Ok(is) = CanonicalArgs::parse(running) else { return vec![whole()] };
    diff(&is, &shall, &version)
        .into_iter()
        .filter(crdbctl_cockroach::start::FlagDifference::needs_restart)
        .map(|difference| FlagDifference {
            name: difference.flag,
            running: difference.running.map(|values| values.join(" ")),
            desired: difference.desired.map(|values| values.join(" ")),
        })
        .collect()
}
