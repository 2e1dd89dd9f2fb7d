use crdbctl_cockroach::upgrade::Hold;
use crdbctl_cockroach::{ClusterVersion, Series, Version};
use crdbctl_model::{Action, AttributeDiff, Cause, DesiredVersion, Finalize, VersionFact};

use crate::comparison::{Comparison, Difference, unknown};
use crate::context::Context;
use crate::movement::MovementVerdict;

const AUTOMATIC: &str = "automatic";

/// Compares the cluster's version, and what holds its finalisation back, with where the nodes are to go.
///
/// With `manual`, nothing but the hold is ever planned, and it comes before the first restart. With `auto`, the hold goes and the
/// version comes, after the last one.
pub(super) fn compare(desired: &DesiredVersion, found: &VersionFact, context: &Context<'_>) -> Comparison {
    let movement = &context.movement;
    if let MovementVerdict::Refused { reason, instead } = &movement.verdict {
        return unknown(reason.clone(), instead.clone());
    }
    let (Some(wanted), Some(cluster)) = (movement.wanted.as_ref().map(Version::series), &movement.cluster)
    else {
        return Comparison::Same { unchanged: 0 };
    };
    let same = Comparison::Same { unchanged: 2 };
    match (cluster, desired.finalize) {
        (ClusterVersion::Final(series), _) if *series == wanted => settled(desired, found, *series, context),
        (ClusterVersion::Final(_) | ClusterVersion::Upgrading { .. }, Finalize::Auto) => {
            let mut difference = Difference::new(Action::Update);
            difference.cause = Some(Cause::Manifest);
            if let Some(held) = held_by(found) {
                difference.attributes.push(AttributeDiff::words("finalisation", Some(held), Some(AUTOMATIC)));
            }
            let remark = if matches!(cluster, ClusterVersion::Final(_)) {
                format!("once every node runs {}; cannot be undone", desired.version)
            } else {
                "is being finalised, and waited for".to_owned()
            };
            difference.attributes.push(
                AttributeDiff::words("version", Some(cluster), Some(wanted.setting())).with_remark(remark),
            );
            Comparison::Differs(difference)
        }
        (ClusterVersion::Upgrading { .. }, Finalize::Manual) => same,
        (ClusterVersion::Final(_), Finalize::Manual) if held_by(found).is_some() => same,
        (ClusterVersion::Final(series), Finalize::Manual) => hold(found, *series, desired),
    }
}

/// The cluster's version is the wanted one: nothing is ahead, or the nodes go back to it.
fn settled(
    desired: &DesiredVersion,
    found: &VersionFact,
    series: Series,
    context: &Context<'_>,
) -> Comparison {
    let movement = &context.movement;
    let goes_back = movement.is_ahead();
    match (held_by(found), desired.finalize) {
        (None, Finalize::Manual) if goes_back => hold(found, series, desired),
        // As soon as every node runs the new version, finalisation may begin between two looks.
        (None, Finalize::Auto)
            if goes_back && movement.builds.values().all(|build| build.series() != series) =>
        {
            unknown(
                format!(
                    "every node runs a newer version than {series}, and finalisation is not held back: it may begin at any moment"
                ),
                "write `cockroach.upgrade: {finalize: manual}` to hold it back before the first node goes back",
            )
        }
        // When every node is back: as long as one is of the older version, nothing is finalised.
        (Some(held), Finalize::Auto) => {
            let mut difference = Difference::new(Action::Update);
            let remark = if goes_back {
                format!("of the next upgrade, once every node runs {} again", desired.version)
            } else {
                "of the next upgrade".to_owned()
            };
            if goes_back {
                difference.cause = Some(Cause::Manifest);
            }
            difference
                .attributes
                .push(AttributeDiff::words("finalisation", Some(held), Some(AUTOMATIC)).with_remark(remark));
            difference.unchanged = 1;
            Comparison::Differs(difference)
        }
        _ => Comparison::Same { unchanged: 2 },
    }
}

fn hold(found: &VersionFact, series: Series, desired: &DesiredVersion) -> Comparison {
    let Some(hold) = hold_of(found, series) else {
        return unknown(
            format!("nothing holds the finalisation back in a cluster of {series}"),
            "write `cockroach.upgrade: {finalize: auto}`",
        );
    };
    let mut difference = Difference::new(Action::Update);
    difference.cause = Some(Cause::Manifest);
    difference.unchanged = 1;
    let after = format!("held back ({hold} = {})", hold.value(series));
    difference.attributes.push(
        AttributeDiff::words("finalisation", Some(AUTOMATIC), Some(after)).with_remark(format!(
            "before the first node restarts; {} can be gone back to until the manifest says auto",
            if desired.version.parse::<Version>().is_ok_and(|wanted| wanted.series() == series) {
                desired.version.clone()
            } else {
                series.to_string()
            }
        )),
    );
    Comparison::Differs(difference)
}

/// What holds back in this cluster: as its version has it, and as it was found to be.
fn hold_of(found: &VersionFact, series: Series) -> Option<Hold> {
    match Hold::of(series)? {
        Hold::AutoUpgrade if found.auto_upgrade.is_some() => Some(Hold::AutoUpgrade),
        _ => found.preserve_downgrade.as_ref().map(|_| Hold::PreserveDowngrade),
    }
}

/// What holds the finalisation back now, in words.
fn held_by(found: &VersionFact) -> Option<String> {
    if found.auto_upgrade == Some(false) {
        return Some(format!("held back ({} = false)", Hold::AutoUpgrade));
    }
    let preserved = found.preserve_downgrade.as_deref().filter(|series| !series.is_empty())?;
    Some(format!("held back ({} = {preserved})", Hold::PreserveDowngrade))
}

/// What else to know of the cluster's version.
pub(super) fn notes(desired: &DesiredVersion, found: &VersionFact, context: &Context<'_>) -> Vec<String> {
    let movement = &context.movement;
    let mut notes = Vec::new();
    let (Some(wanted), Some(cluster)) = (movement.wanted.as_ref().map(Version::series), &movement.cluster)
    else {
        return notes;
    };
    if matches!(movement.verdict, MovementVerdict::Refused { .. }) || cluster.is_final(wanted) {
        return notes;
    }
    match (cluster, desired.finalize) {
        (ClusterVersion::Upgrading { text, .. }, Finalize::Manual) => {
            notes.push(format!(
                "is {text}: it is being finalised although the manifest says manual, and there is no way back"
            ));
        }
        (ClusterVersion::Final(series), Finalize::Manual)
            if held_by(found).is_some() && !movement.is_ahead() =>
        {
            notes.push(format!(
                "stays {} although every node runs {}: write `cockroach.upgrade: {{finalize: auto}}` to finalise, or the old version to go back",
                series.setting(),
                desired.version
            ));
        }
        _ => {}
    }
    let behind: Vec<&str> = movement
        .others
        .iter()
        .filter(|(_, version)| version.series() != wanted)
        .map(|(name, _)| name.as_str())
        .collect();
    if desired.finalize == Finalize::Auto && !behind.is_empty() {
        notes.push(format!(
            "is not finalised before {} run {wanted} or have left: the manifest does not have them",
            behind.join(", ")
        ));
    }
    // Source: https://www.cockroachlabs.com/docs/stable/licensing-faqs
    if movement.is_ahead() && wanted >= Series::new(24, 3) {
        notes.push(format!(
            "{wanted} is finalised only with a valid licence key (Enterprise Free and Trial also want diagnostics.reporting.enabled); see the cluster's licence before the upgrade"
        ));
    }
    notes
}
