use std::collections::{BTreeMap, BTreeSet};

use crdbctl_cockroach::Version;
use crdbctl_model::{
    Action, AttributeDiff, Cause, Desired, DesiredMembers, MemberFact, MembersFact, MembershipFact, NodeName,
};

use crate::comparison::{Comparison, Difference, unknown};
use crate::context::Context;
use crate::rebuilt::{Loss, Standing, earlier_lives_of_leaving, loss, numbers, without_data};

/// The replicas that every range has at least (`num_replicas`).
const REPLICAS: usize = 3;

/// Compares who belongs to the cluster with who shall: nodes that leave and have not left are decommissioned, all in one.
pub(super) fn compare(desired: &DesiredMembers, found: &MembersFact, context: &Context<'_>) -> Comparison {
    let mut difference = Difference::new(Action::Update);
    difference.cause = Some(Cause::Manifest);
    let mut leaving = false;
    let member = |node: &NodeName| context.addresses.member(node, &found.members);
    for node in desired.leaving.keys() {
        match member(node).filter(|member| !member.has_left()) {
            None => difference.unchanged += 1,
            Some(member) => {
                leaving = true;
                let attribute =
                    AttributeDiff::words(node.as_str(), Some(shown(member)), Some("decommissioned"));
                difference.attributes.push(attribute.with_remark(remark(member)));
            }
        }
    }
    // Unlike nodes that leave, dead members are decommissioned during an upgrade too: a member that is down keeps the upgrade from being
    // finalised until it is (pkg/server/auto_upgrade.go of CockroachDB: "node %d not running, cannot determine version").
    let replaced = Replaced::of(context);
    for node in desired.staying.keys() {
        match member(node) {
            Some(member)
                if member.membership == MembershipFact::Decommissioning && !replaced.has(member.id) =>
            {
                let attribute = AttributeDiff::words(node.as_str(), Some(shown(member)), Some("active"));
                difference.attributes.push(attribute.with_remark("its decommissioning is called off"));
            }
            _ => difference.unchanged += 1,
        }
    }
    // One that is dead holds nothing for the others.
    let leave: BTreeSet<u32> = desired.leaving.keys().filter_map(member).map(|member| member.id).collect();
    let left =
        found.standing().filter(|it| it.figures.live != Some(false) && !leave.contains(&it.id)).count();
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
    if !replaced.members.is_empty() {
        if let Some((reason, hint)) = replaced.refusal(found) {
            return unknown(reason, hint);
        }
        if difference.attributes.is_empty() {
            difference.cause = Some(Cause::Drift);
            difference.reason = Some(replaced.reason());
        }
        difference.attributes.extend(replaced.attributes(found));
        let members = DesiredMembers { replaced: replaced.members.clone(), ..desired.clone() };
        difference.desired = Some(Box::new(Desired::Members(members)));
    }
    difference.conclude()
}

/// The dead members whose place nodes take that lost their data.
struct Replaced {
    members: BTreeMap<NodeName, BTreeSet<u32>>,
    /// The nodes among them that have yet to join.
    joining: BTreeSet<NodeName>,
}

impl Replaced {
    fn of(context: &Context<'_>) -> Self {
        let mut replaced = Self { members: BTreeMap::new(), joining: BTreeSet::new() };
        if context.standing().all(|member| member.figures.live != Some(false)) {
            return replaced;
        }
        let standing = Standing::of(context.standing());
        for node in context.graph.staying() {
            match loss(node, &standing, context) {
                Loss::Replaces { ids, joins } => {
                    replaced.members.insert(node.clone(), ids);
                    if joins {
                        replaced.joining.insert(node.clone());
                    }
                }
                // Of what is refused the node's service tells.
                Loss::None | Loss::Refused { .. } | Loss::LeftAlone { .. } => {}
            }
        }
        for node in context.graph.leaving() {
            let ids = earlier_lives_of_leaving(node, &standing, context);
            if !ids.is_empty() {
                replaced.members.insert(node.clone(), ids);
            }
        }
        replaced
    }

    fn has(&self, id: u32) -> bool {
        self.members.values().any(|ids| ids.contains(&id))
    }

    fn numbers(&self) -> String {
        numbers(self.members.values().flatten())
    }

    /// Why they may not be decommissioned: what they held may be nowhere else, or has nowhere to go.
    fn refusal(&self, found: &MembersFact) -> Option<(String, String)> {
        let live = || found.standing().filter(|member| member.figures.live == Some(true));
        let mut unavailable: u64 = 0;
        let mut uncounted = BTreeSet::new();
        for member in live() {
            match member.figures.unavailable {
                Some(ranges) => unavailable += ranges,
                None => {
                    uncounted.insert(member.id);
                }
            }
        }
        if unavailable > 0 {
            let (ranges, are) = if unavailable == 1 { ("range", "has") } else { ("ranges", "have") };
            return Some((
                format!(
                    "{} would be decommissioned, and {unavailable} {ranges} {are} no quorum: their data may be in its store alone",
                    self.numbers()
                ),
                "bring the lost disks back if they still exist; else restore these ranges first (DB Console, Problem Ranges)"
                    .to_owned(),
            ));
        }
        if !uncounted.is_empty() {
            let (have, their) = if uncounted.len() == 1 { ("has", "its") } else { ("have", "their") };
            return Some((
                format!(
                    "{} would be decommissioned, and {} {have} not counted {their} ranges yet, so ranges may have no quorum",
                    self.numbers(),
                    numbers(&uncounted)
                ),
                "plan again once every live node shows its ranges in `cockroach node status --ranges`: a node that has just started \
                 does not yet"
                    .to_owned(),
            ));
        }
        let left = live().count() + self.joining.len();
        (left < REPLICAS).then(|| {
            (
                format!(
                    "{} would be decommissioned with {left} live nodes left, and data has {REPLICAS} replicas at least",
                    self.numbers()
                ),
                "add another node to the manifest first".to_owned(),
            )
        })
    }

    fn reason(&self) -> String {
        let nodes = |joins: bool| {
            let nodes = self.members.keys().filter(|node| self.joining.contains(*node) == joins);
            nodes.map(NodeName::as_str).collect::<Vec<_>>().join(" and ")
        };
        let told = [(nodes(true), "lost its data"), (nodes(false), "has joined anew")];
        let told = told.into_iter().filter(|(nodes, _)| !nodes.is_empty());
        told.map(|(nodes, what)| format!("{nodes} {what}")).collect::<Vec<_>>().join(", ")
    }

    fn attributes(&self, found: &MembersFact) -> Vec<AttributeDiff> {
        let mut attributes = Vec::new();
        for (node, ids) in &self.members {
            for member in found.members.iter().filter(|member| ids.contains(&member.id)) {
                let address = member.address.as_deref().unwrap_or("an unknown address");
                let before = format!("{}, dead ({node} at {address})", word(member));
                let first = if self.joining.contains(node) {
                    format!("once {node} has joined as a new node: ")
                } else {
                    String::new()
                };
                let remark = format!("{first}what it held is copied from the other nodes; for good");
                let attribute =
                    AttributeDiff::words(format!("n{}", member.id), Some(before), Some("decommissioned"));
                attributes.push(attribute.with_remark(remark));
            }
        }
        attributes
    }
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
    format!("{} (n{})", word(member), member.id)
}

fn word(member: &MemberFact) -> &'static str {
    match member.membership {
        MembershipFact::Active => "active",
        MembershipFact::Decommissioning => "decommissioning",
        MembershipFact::Decommissioned => "decommissioned",
        MembershipFact::Other => "of a membership not known here",
    }
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

/// Tells of members that the manifest does not have, and of dead ones that had the address of a node and are left alone.
pub(super) fn notes(found: &MembersFact, context: &Context<'_>) -> Vec<String> {
    let mut notes = left_alone(found, context);
    notes.extend(strangers(found, context));
    notes
}

fn left_alone(found: &MembersFact, context: &Context<'_>) -> Vec<String> {
    if found.standing().all(|member| member.figures.live != Some(false)) {
        return Vec::new();
    }
    let standing = Standing::of(found.standing());
    let left = |node: &NodeName| match loss(node, &standing, context) {
        Loss::LeftAlone { reason } => Some(format!("a dead member is left alone: {reason}")),
        Loss::None | Loss::Replaces { .. } | Loss::Refused { .. } => None,
    };
    context.graph.staying().filter_map(left).collect()
}

/// Which nodes a dead member may have been whose address the cluster has forgotten.
fn may_have_been(found: &MembersFact, context: &Context<'_>) -> String {
    let nodes = without_data(&Standing::of(found.standing()), context);
    let names: Vec<&str> = nodes.into_iter().map(NodeName::as_str).collect();
    match &names[..] {
        [] => String::new(),
        names => format!(
            ". It may be what {} was before the data were lost: if it is, run `cockroach node decommission` for it once the new \
             node has joined",
            names.join(" or ")
        ),
    }
}

/// They are never touched.
fn strangers(found: &MembersFact, context: &Context<'_>) -> Vec<String> {
    found
        .standing()
        .filter(|member| context.addresses.node_of(*member).is_none())
        .map(|member| {
            let address = member.address.as_deref().unwrap_or("an unknown address");
            let state = match member.figures.live {
                Some(false) => ", which does not answer,",
                _ => "",
            };
            let may_be = match (&member.address, member.figures.live) {
                (None, Some(false)) => may_have_been(found, context),
                _ => String::new(),
            };
            format!(
                "n{} at {address}{state} is a member that the manifest does not have: it is left alone{may_be}",
                member.id
            )
        })
        .collect()
}
