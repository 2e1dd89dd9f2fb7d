use crdbctl_cockroach::Version;
use crdbctl_model::{Action, AttributeDiff, Cause, DesiredMembers, MemberFact, MembersFact, MembershipFact};

use crate::comparison::{Comparison, Difference, unknown};
use crate::context::Context;

/// The replicas that every range has at least (`num_replicas`).
const REPLICAS: usize = 3;

/// Compares who belongs to the cluster with who shall: nodes that leave and have not left are decommissioned, all in one.
pub(super) fn compare(desired: &DesiredMembers, found: &MembersFact, context: &Context<'_>) -> Comparison {
    let mut difference = Difference::new(Action::Update);
    difference.cause = Some(Cause::Manifest);
    let mut leaving = false;
    for (node, address) in &desired.leaving {
        match found.at(address).filter(|member| !member.has_left()) {
            None => difference.unchanged += 1,
            Some(member) => {
                leaving = true;
                let attribute =
                    AttributeDiff::words(node.as_str(), Some(shown(member)), Some("decommissioned"));
                difference.attributes.push(attribute.with_remark(remark(member)));
            }
        }
    }
    for (node, address) in &desired.staying {
        match found.at(address) {
            Some(member) if member.membership == MembershipFact::Decommissioning => {
                let attribute = AttributeDiff::words(node.as_str(), Some(shown(member)), Some("active"));
                difference.attributes.push(attribute.with_remark("its decommissioning is called off"));
            }
            _ => difference.unchanged += 1,
        }
    }
    // One that is dead holds nothing for the others.
    let goes = |member: &MemberFact| {
        desired.leaving.values().any(|address| found.at(address).is_some_and(|it| it.id == member.id))
    };
    let left = found.standing().filter(|it| it.figures.live != Some(false) && !goes(it)).count();
    if leaving && left < REPLICAS {
        return unknown(
            format!("{left} live nodes would be left, and data has {REPLICAS} replicas at least"),
            "let a node leave only when three stay: add another first",
        );
    }
    if leaving && let Some(why) = upgrade_in_progress(context) {
        return unknown(
            why,
            "finish the upgrade or go back first, with the nodes that leave still `present`",
        );
    }
    difference.conclude()
}

/// Data is not moved off nodes while versions are mixed.
fn upgrade_in_progress(context: &Context<'_>) -> Option<String> {
    let movement = &context.movement;
    let (wanted, cluster) = (movement.wanted.as_ref()?.series(), movement.cluster.as_ref()?);
    let mut builds = movement.builds.values().chain(movement.others.values());
    if cluster.is_final(wanted) && builds.all(|build: &Version| build.series() == wanted) {
        return None;
    }
    Some(format!(
        "the cluster's version is {cluster}, and {wanted} is on its way: nodes leave before or after an upgrade"
    ))
}

fn shown(member: &MemberFact) -> String {
    let membership = match member.membership {
        MembershipFact::Active => "active",
        MembershipFact::Decommissioning => "decommissioning",
        MembershipFact::Decommissioned => "decommissioned",
        MembershipFact::Other => "of a membership not known here",
    };
    format!("{membership} (n{})", member.id)
}

fn remark(member: &MemberFact) -> String {
    match (member.figures.live, member.figures.replicas) {
        (Some(false), _) => {
            "does not answer: what it holds is copied from the others, where it is whole; for good".to_owned()
        }
        (_, Some(replicas)) => format!("{replicas} replicas move to other nodes first; for good"),
        _ => "its replicas move to other nodes first; for good".to_owned(),
    }
}

/// Tells of members that the manifest does not have; they are never touched.
pub(super) fn notes(desired: &DesiredMembers, found: &MembersFact) -> Vec<String> {
    let known = |member: &&MemberFact| {
        let address = member.address.as_ref();
        address.is_some_and(|address| {
            desired.staying.values().chain(desired.leaving.values()).any(|known| known == address)
        })
    };
    found
        .standing()
        .filter(|member| !known(member))
        .map(|member| {
            let address = member.address.as_deref().unwrap_or("an unknown address");
            let state = match member.figures.live {
                Some(false) => ", which does not answer,",
                _ => "",
            };
            format!(
                "n{} at {address}{state} is a member that the manifest does not have: it is left alone",
                member.id
            )
        })
        .collect()
}
