use std::collections::BTreeSet;

use super::route::may_follow;
use super::{StepKind, UpgradeStep};
use crate::{ClusterVersion, Series, Version};

/// Returns whether a cluster whose nodes run `running` may be brought to `wanted`, every node of it.
///
/// What may be gone to hangs on `cluster`, the version of the cluster as a whole: it follows the nodes' versions when an
/// upgrade is finalised. Until then the nodes may go back and may not go further; afterwards the other way round. So an
/// upgrade that stopped halfway may be carried on or taken back. `None` when it is not known, as of a cluster that
/// does not run: the versions are judged in pairs then, and CockroachDB itself refuses what its data does not allow.
#[must_use]
pub fn judge(cluster: Option<&ClusterVersion>, running: &BTreeSet<Version>, wanted: &Version) -> UpgradeStep {
    let to = wanted.series();
    match cluster {
        None => {
            let series: BTreeSet<Series> = running.iter().map(Version::series).chain([to]).collect();
            if series.len() > 2 { too_many(&series) } else { each(running, wanted) }
        }
        Some(ClusterVersion::Upgrading { from, to: goal, .. }) => {
            let goal = goal.or_else(|| running.iter().map(Version::series).max()).unwrap_or(*from);
            if to == goal {
                return each(running, wanted);
            }
            refused(
                format!(
                    "the upgrade from {from} to {goal} is being finalised: there is no way back, and none on, until that is done"
                ),
                format!("stay on {goal}; `SHOW CLUSTER SETTING version` tells how far it is"),
            )
        }
        Some(ClusterVersion::Final(series)) => {
            let newer: BTreeSet<Series> =
                running.iter().map(Version::series).filter(|running| running != series).collect();
            if let Some(strange) = newer.iter().find(|newer| !may_follow(*series, **newer)) {
                return refused(
                    format!(
                        "a node runs {strange}, which does not fit a cluster whose version is {}",
                        series.setting()
                    ),
                    "look at `cockroach node status`, and bring that node to the others' version first",
                );
            }
            of_final(*series, &newer, running, wanted)
        }
    }
}

fn of_final(
    series: Series,
    newer: &BTreeSet<Series>,
    running: &BTreeSet<Version>,
    wanted: &Version,
) -> UpgradeStep {
    let to = wanted.series();
    if to < series {
        return refused(
            format!(
                "the cluster's version is {}, finalised, and {wanted} cannot read its data",
                series.setting()
            ),
            format!("stay on {series}, or restore a backup into a new cluster of {to}"),
        );
    }
    // Back to where they all come from is allowed whatever the nodes have become since.
    if to != series && newer.len() > 1 {
        return too_many(&newer.iter().copied().chain([series]).collect());
    }
    if to != series && newer.iter().any(|newer| *newer != to) {
        let last = newer.last().copied().unwrap_or(series);
        return refused(
            format!(
                "the upgrade from {series} to {last} is not finalised: the cluster's version is still {}",
                series.setting()
            ),
            format!("finalise it first, with the version of {last} and `cockroach.upgrade.finalize: auto`"),
        );
    }
    if running.is_empty() {
        // Which patch release ran is not known, and matters in no series that is still about.
        let last = Version::new(series.major(), series.minor(), u16::MAX);
        return if to == series {
            UpgradeStep::Allowed { kind: StepKind::Same }
        } else {
            UpgradeStep::check(&last, wanted)
        };
    }
    each(running, wanted)
}

/// The step of every running version, the greatest of them, or the first refusal.
fn each(running: &BTreeSet<Version>, wanted: &Version) -> UpgradeStep {
    let mut greatest = StepKind::Same;
    for version in running {
        match UpgradeStep::check(version, wanted) {
            UpgradeStep::Allowed { kind } => greatest = greatest.max(kind),
            UpgradeStep::Refused { reason, instead } => return UpgradeStep::Refused { reason, instead },
        }
    }
    UpgradeStep::Allowed { kind: greatest }
}

fn too_many(series: &BTreeSet<Series>) -> UpgradeStep {
    let names: Vec<String> = series.iter().map(ToString::to_string).collect();
    let oldest = names.first().cloned().unwrap_or_default();
    refused(
        format!("{} would be mixed in one cluster, and two series are the most", names.join(", ")),
        format!("bring every node back to {oldest} first"),
    )
}

fn refused(reason: String, instead: impl Into<String>) -> UpgradeStep {
    UpgradeStep::Refused { reason, instead: instead.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::releases;
    use crate::upgrade::releases_table::MAY_FOLLOW;

    fn at(cluster: &str, running: &[&str], wanted: &str) -> UpgradeStep {
        let cluster = (!cluster.is_empty()).then(|| cluster.parse().unwrap());
        let running = running.iter().map(|version| version.parse().unwrap()).collect();
        judge(cluster.as_ref(), &running, &wanted.parse().unwrap())
    }

    #[track_caller]
    fn allowed(cluster: &str, running: &[&str], wanted: &str) -> StepKind {
        match at(cluster, running, wanted) {
            UpgradeStep::Allowed { kind } => kind,
            UpgradeStep::Refused { reason, .. } => panic!("{cluster} {running:?} -> {wanted}: {reason}"),
        }
    }

    #[track_caller]
    fn said(cluster: &str, running: &[&str], wanted: &str) -> String {
        match at(cluster, running, wanted) {
            UpgradeStep::Refused { reason, instead } => format!("{reason}; {instead}"),
            UpgradeStep::Allowed { kind } => panic!("{cluster} {running:?} -> {wanted}: {kind}"),
        }
    }

    #[test]
    fn every_row_of_the_table_forward_halfway_back_and_after() {
        assert_eq!(MAY_FOLLOW.len(), releases::all().len());
        for (from, followers) in MAY_FOLLOW {
            // A cluster's version has no v.
            let (old, at_from) = (format!("{from}.7"), from.trim_start_matches('v'));
            for (to, _) in MAY_FOLLOW.iter().filter(|(to, _)| to != from) {
                let (new, patched) = (format!("{to}.1"), format!("{to}.2"));
                let later = to.parse::<Series>().unwrap() > from.parse::<Series>().unwrap();
                if !followers.contains(to) {
                    assert!(!at(at_from, &[&old], &new).is_allowed(), "{from} -> {to}");
                    assert!(!at("", &[&old], &new).is_allowed() || !later, "{from} -> {to}");
                    continue;
                }
                assert_eq!(allowed(at_from, &[&old], &new), StepKind::Major);
                assert_eq!(allowed("", &[&old], &new), StepKind::Major);
                // Interrupted: on, on to a later patch, and back.
                assert_eq!(allowed(at_from, &[&old, &new], &new), StepKind::Major);
                assert_eq!(allowed(at_from, &[&old, &new], &patched), StepKind::Major);
                assert_eq!(allowed(at_from, &[&old, &new], &old), StepKind::Rollback);
                assert_eq!(allowed("", &[&old, &new], &new), StepKind::Major);
                // Every node runs it, not finalised: back, and not further.
                assert_eq!(allowed(at_from, &[&new], &old), StepKind::Rollback);
                assert_eq!(allowed(at_from, &[&new], &new), StepKind::Same);
                // Finalised: never back.
                assert!(
                    said(to.trim_start_matches('v'), &[&new], &old).contains("finalised"),
                    "{to} -> {from}"
                );
            }
        }
    }

    #[test]
    fn the_next_upgrade_waits_for_the_last_one() {
        insta::assert_snapshot!(said("24.1", &["v24.3.0"], "v25.2.0"), @"the upgrade from v24.1 to v24.3 is not finalised: the cluster's version is still 24.1; finalise it first, with the version of v24.3 and `cockroach.upgrade.finalize: auto`");
        insta::assert_snapshot!(said("24.1", &["v24.1.0", "v24.2.0"], "v24.3.0"), @"the upgrade from v24.1 to v24.2 is not finalised: the cluster's version is still 24.1; finalise it first, with the version of v24.2 and `cockroach.upgrade.finalize: auto`");
        assert_eq!(allowed("24.3", &["v24.3.0"], "v25.2.0"), StepKind::Major);
    }

    #[test]
    fn nothing_moves_while_an_upgrade_is_being_finalised() {
        let going = "24.1-upgrading-to-24.3-step-004";
        insta::assert_snapshot!(said(going, &["v24.3.0"], "v24.1.0"), @"the upgrade from v24.1 to v24.3 is being finalised: there is no way back, and none on, until that is done; stay on v24.3; `SHOW CLUSTER SETTING version` tells how far it is");
        assert!(said("24.1-8", &["v24.3.0"], "v25.2.0").contains("being finalised"));
        assert_eq!(allowed(going, &["v24.3.0"], "v24.3.0"), StepKind::Same);
        assert_eq!(allowed(going, &["v24.3.0"], "v24.3.2"), StepKind::PatchUp);
    }

    #[test]
    fn three_series_are_never_mixed_and_can_be_brought_back() {
        let three = &["v24.1.0", "v24.2.0", "v24.3.0"];
        insta::assert_snapshot!(said("24.1", three, "v24.3.0"), @"v24.1, v24.2, v24.3 would be mixed in one cluster, and two series are the most; bring every node back to v24.1 first");
        assert_eq!(allowed("24.1", three, "v24.1.0"), StepKind::Rollback);
        assert!(said("", three, "v24.3.0").contains("mixed"));
        assert!(said("", &["v24.1.0", "v24.2.0"], "v24.3.0").contains("mixed"));
    }

    #[test]
    fn patches_go_both_ways_and_testing_releases_only_forward() {
        assert_eq!(allowed("24.1", &["v24.1.0"], "v24.1.5"), StepKind::PatchUp);
        assert_eq!(allowed("24.1", &["v24.1.5", "v24.1.3"], "v24.1.3"), StepKind::PatchDown);
        assert!(said("24.1", &["v24.1.5"], "v24.1.0-rc.1").contains("testing release"));
        assert!(said("2.0", &["v2.0.4"], "v2.1.0").contains("v2.0.5"));
        assert_eq!(allowed("2.0", &["v2.0.5"], "v2.1.0"), StepKind::Major);
    }

    #[test]
    fn what_does_not_fit_is_not_judged_further() {
        assert!(said("24.3", &["v24.1.0"], "v24.3.0").contains("does not fit"));
        assert!(said("23.1", &["v24.1.0"], "v24.1.0").contains("does not fit"));
    }

    #[test]
    fn without_a_running_version_the_clusters_counts() {
        assert_eq!(allowed("24.1", &[], "v24.1.5"), StepKind::Same);
        assert_eq!(allowed("24.1", &[], "v24.3.0"), StepKind::Major);
        assert!(said("23.2", &[], "v24.3.0").contains("v24.1"));
        assert!(said("24.3", &[], "v24.1.0").contains("backup"));
        assert_eq!(allowed("", &[], "v24.1.0"), StepKind::Same);
    }
}
