use std::fmt;

use super::route::{may_follow, route};
use crate::{Series, Version, releases};

/// Whether a cluster may go from one version to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpgradeStep {
    /// It may.
    Allowed {
        /// What kind of step it is.
        kind: StepKind,
    },
    /// It may not.
    Refused {
        /// Why not, as a sentence.
        reason: String,
        /// What to do instead, as a sentence.
        instead: String,
    },
}

/// What kind of step it is from one version to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// None: the versions are the same.
    Same,
    /// To a later patch release of the same series. Needs no finalisation.
    PatchUp,
    /// To an earlier patch release of the same series. Needs no finalisation.
    PatchDown,
    /// To a later series. The series before it must be finalised, and this one is to be finalised afterwards.
    Major,
    /// Back to the series that the cluster came from. Only allowed until the later series is finalised: the cluster
    /// setting `version` must still be the earlier one. After that, only a backup leads back.
    Rollback,
}

impl StepKind {
    /// Returns true when the cluster setting `version` has to be looked at before the step.
    #[must_use]
    pub fn depends_on_finalization(self) -> bool {
        matches!(self, Self::Major | Self::Rollback)
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Same => "no change",
            Self::PatchUp => "patch upgrade",
            Self::PatchDown => "patch downgrade",
            Self::Major => "major upgrade",
            Self::Rollback => "rollback",
        })
    }
}

impl UpgradeStep {
    /// Returns whether a cluster of one version may go to another.
    ///
    /// A series that is not known here is only ever the same or a patch away: whether it may be skipped, or gone to,
    /// depends on its kind. To and from it, the answer is a refusal that says up to where this crdbctl knows.
    #[must_use]
    pub fn check(from: &Version, to: &Version) -> Self {
        if from == to {
            return Self::allowed(StepKind::Same);
        }
        let (old, new) = (from.series(), to.series());
        if old == new {
            return within(from, to);
        }
        for series in [old, new] {
            if releases::find(series).is_none() {
                return unknown(series);
            }
        }
        if new > old { forward(from, to) } else { back(from, to) }
    }

    fn allowed(kind: StepKind) -> Self {
        Self::Allowed { kind }
    }

    fn refused(reason: String, instead: impl Into<String>) -> Self {
        Self::Refused { reason, instead: instead.into() }
    }

    /// Returns true for an allowed step.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

fn within(from: &Version, to: &Version) -> UpgradeStep {
    if to > from {
        return UpgradeStep::allowed(StepKind::PatchUp);
    }
    if to.is_production() {
        return UpgradeStep::allowed(StepKind::PatchDown);
    }
    UpgradeStep::refused(
        format!("{to} is a testing release and older than {from}, and no release may go back to one."),
        format!("Stay on {from}, or go to a production release of {}.", from.series()),
    )
}

fn forward(from: &Version, to: &Version) -> UpgradeStep {
    let (old, new) = (from.series(), to.series());
    if !may_follow(old, new) {
        let mut way = route(old, new).unwrap_or_default();
        way.pop();
        let way = way.iter().map(Series::to_string).collect::<Vec<_>>().join(", then ");
        return UpgradeStep::refused(
            format!("{old} cannot be upgraded straight to {new}."),
            format!("Upgrade to {way} first, and let each of them finalise."),
        );
    }
    if !from.is_production() {
        return UpgradeStep::refused(
            format!(
                "{from} is a testing release, and only production releases can be upgraded to another series."
            ),
            format!("Upgrade to a production release of {old} first."),
        );
    }
    // Source: https://www.cockroachlabs.com/docs/v2.1/upgrade-cockroach-version
    if new == Series::new(2, 1) && *from < Version::new(2, 0, 5) {
        return UpgradeStep::refused(
            format!("{from} cannot be upgraded to v2.1: that takes at least v2.0.5."),
            "Upgrade to the last v2.0 release first.",
        );
    }
    UpgradeStep::allowed(StepKind::Major)
}

fn back(from: &Version, to: &Version) -> UpgradeStep {
    let (old, new) = (from.series(), to.series());
    if !may_follow(new, old) {
        return UpgradeStep::refused(
            format!(
                "{old} cannot go back to {new}: only the series that an upgrade came from can be gone back to."
            ),
            format!("Restore a backup into a new cluster of {new}."),
        );
    }
    if !to.is_production() {
        return UpgradeStep::refused(
            format!(
                "{to} is a testing release, and no upgrade starts from one, so that none can go back to it."
            ),
            format!("Go back to the production release of {new} that the cluster came from."),
        );
    }
    UpgradeStep::allowed(StepKind::Rollback)
}

fn unknown(series: Series) -> UpgradeStep {
    let newest = releases::newest();
    if series > newest {
        UpgradeStep::refused(
            format!("{series} is not known here: this crdbctl knows CockroachDB up to {newest}."),
            "Use a crdbctl that knows it: which series may follow which depends on their kinds.",
        )
    } else {
        UpgradeStep::refused(
            format!(
                "{series} is not known here: this crdbctl knows CockroachDB from v2.0 on, as far as {newest}."
            ),
            "Check the version; for an older cluster, follow CockroachDB's own documentation up to v2.0.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upgrade::releases_table::MAY_FOLLOW;
    use proptest::prelude::*;

    fn step(from: &str, to: &str) -> UpgradeStep {
        UpgradeStep::check(&from.parse().unwrap(), &to.parse().unwrap())
    }

    fn kind(from: &str, to: &str) -> StepKind {
        match step(from, to) {
            UpgradeStep::Allowed { kind } => kind,
            UpgradeStep::Refused { reason, .. } => panic!("{from} -> {to}: {reason}"),
        }
    }

    fn said(from: &str, to: &str) -> String {
        match step(from, to) {
            UpgradeStep::Refused { reason, instead } => format!("{reason} {instead}"),
            UpgradeStep::Allowed { kind } => panic!("{from} -> {to}: {kind}"),
        }
    }

    #[test]
    fn every_pair_of_series_is_judged_as_the_table_says() {
        assert_eq!(MAY_FOLLOW.len(), releases::all().len());
        for (from, followers) in MAY_FOLLOW {
            for (to, _) in MAY_FOLLOW {
                let (a, b): (Series, Series) = (from.parse().unwrap(), to.parse().unwrap());
                let there = step(&format!("{from}.9"), &format!("{to}.2"));
                let back = step(&format!("{to}.2"), &format!("{from}.9"));
                if followers.contains(to) {
                    assert_eq!(there, UpgradeStep::Allowed { kind: StepKind::Major }, "{from} -> {to}");
                    assert_eq!(back, UpgradeStep::Allowed { kind: StepKind::Rollback }, "{to} -> {from}");
                } else if b > a {
                    assert!(!there.is_allowed(), "{from} -> {to}");
                    assert!(!back.is_allowed(), "{to} -> {from}");
                }
            }
        }
    }

    #[test]
    fn patches_go_both_ways() {
        assert_eq!(kind("v24.1.3", "v24.1.3"), StepKind::Same);
        assert_eq!(kind("v24.1.3", "v24.1.11"), StepKind::PatchUp);
        assert_eq!(kind("v24.1.11", "v24.1.3"), StepKind::PatchDown);
        assert_eq!(kind("v24.1.0-rc.1", "v24.1.0"), StepKind::PatchUp);
        assert_eq!(kind("v99.1.0", "v99.1.1"), StepKind::PatchUp);
        assert!(!StepKind::PatchUp.depends_on_finalization() && StepKind::Major.depends_on_finalization());
    }

    #[test]
    fn refusals_say_what_to_do() {
        insta::assert_snapshot!(said("v23.1.5", "v24.3.0"), @"v23.1 cannot be upgraded straight to v24.3. Upgrade to v23.2, then v24.1 first, and let each of them finalise.");
        insta::assert_snapshot!(said("v24.2.0", "v25.1.0"), @"v24.2 cannot be upgraded straight to v25.1. Upgrade to v24.3 first, and let each of them finalise.");
        insta::assert_snapshot!(said("v24.1.0", "v25.1.0"), @"v24.1 cannot be upgraded straight to v25.1. Upgrade to v24.3 first, and let each of them finalise.");
        insta::assert_snapshot!(said("v24.3.0", "v23.2.0"), @"v24.3 cannot go back to v23.2: only the series that an upgrade came from can be gone back to. Restore a backup into a new cluster of v23.2.");
        insta::assert_snapshot!(said("v23.2.0-beta.1", "v24.1.0"), @"v23.2.0-beta.1 is a testing release, and only production releases can be upgraded to another series. Upgrade to a production release of v23.2 first.");
        insta::assert_snapshot!(said("v24.1.1", "v24.1.0-rc.1"), @"v24.1.0-rc.1 is a testing release and older than v24.1.1, and no release may go back to one. Stay on v24.1.1, or go to a production release of v24.1.");
        insta::assert_snapshot!(said("v24.1.1", "v23.2.0-rc.1"), @"v23.2.0-rc.1 is a testing release, and no upgrade starts from one, so that none can go back to it. Go back to the production release of v23.2 that the cluster came from.");
        insta::assert_snapshot!(said("v2.0.4", "v2.1.0"), @"v2.0.4 cannot be upgraded to v2.1: that takes at least v2.0.5. Upgrade to the last v2.0 release first.");
        insta::assert_snapshot!(said("v26.3.0", "v26.4.0"), @"v26.4 is not known here: this crdbctl knows CockroachDB up to v26.3. Use a crdbctl that knows it: which series may follow which depends on their kinds.");
        insta::assert_snapshot!(said("v1.1.9", "v2.0.0"), @"v1.1 is not known here: this crdbctl knows CockroachDB from v2.0 on, as far as v26.3. Check the version; for an older cluster, follow CockroachDB's own documentation up to v2.0.");
        insta::assert_snapshot!(said("v23.2.0", "v23.3.0"), @"v23.3 is not known here: this crdbctl knows CockroachDB from v2.0 on, as far as v26.3. Check the version; for an older cluster, follow CockroachDB's own documentation up to v2.0.");
    }

    #[test]
    fn v2_0_goes_on_from_its_fifth_patch() {
        assert_eq!(kind("v2.0.5", "v2.1.0"), StepKind::Major);
    }

    proptest! {
        #[test]
        fn never_panics_and_says_something(a: (u8, u8, u8), b: (u8, u8, u8)) {
            let version = |(x, y, z): (u8, u8, u8)| Version::new(x.into(), y.into(), z.into());
            if let UpgradeStep::Refused { reason, instead } = UpgradeStep::check(&version(a), &version(b)) {
                prop_assert!(reason.ends_with('.') && instead.ends_with('.'));
            }
        }
    }
}
