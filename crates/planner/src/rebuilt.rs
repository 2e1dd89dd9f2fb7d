//! Nodes that lost their data: rebuilt machines, and those with another data disk. The cluster has a member with the address of
//! such a node, which is dead and will not come back.
//!
//! CockroachDB knows a node by what is in its store. With an empty store it joins as a new node, under a new number, whatever its
//! address (cockroachdb/cockroach#34155); the member that had this address stays until it is decommissioned. It must not
//! be decommissioned first: in a cluster of three there would be no node that could take its replicas
//! (<https://www.cockroachlabs.com/docs/v20.1/remove-nodes>, "first add a 4th node").

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_cockroach::start::CanonicalArgs;
use crdbctl_model::{
    DesiredService, HealthFact, HostPath, MemberFact, NodeName, NodeObservation, ServiceFact, StoreState,
};

use crate::context::Context;
use crate::whereabouts;

/// What became of a node's data, as far as it concerns the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing of this kind.
    None,
    /// Its data are gone. These members are dead, and it takes their place.
    Replaces {
        /// The members, the lowest number first.
        ids: BTreeSet<u32>,
        /// Whether it has yet to join.
        joins: bool,
    },
    /// Its store is empty, and it must not be started.
    Refused {
        /// Why.
        reason: String,
        /// What to do next.
        hint: String,
    },
    /// A dead member had its address, and is left alone.
    LeftAlone {
        /// Why.
        reason: String,
    },
}

impl Loss {
    /// Returns what becomes of the node's data; of a cluster without dead members there is nothing to tell but of a store
    /// that is not mounted.
    pub(crate) fn of(node: &NodeName, context: &Context<'_>) -> Self {
        loss(node, &Standing::of(context.standing()), context)
    }
}

/// The members that may be nodes of the manifest, by address.
#[derive(Debug)]
pub(crate) struct Standing<'a> {
    by_address: BTreeMap<&'a str, Vec<&'a MemberFact>>,
}

impl<'a> Standing<'a> {
    /// Returns those that have not left.
    pub(crate) fn of(members: impl Iterator<Item = &'a MemberFact>) -> Self {
        let mut by_address: BTreeMap<&str, Vec<&MemberFact>> = BTreeMap::new();
        for member in members {
            if let Some(address) = &member.address {
                by_address.entry(address.as_str()).or_default().push(member);
            }
        }
        Self { by_address }
    }

    /// Returns those with an address of `node`.
    fn at(&self, node: &NodeName, context: &Context<'_>) -> Vec<&'a MemberFact> {
        let addresses = context.addresses.of_node(node);
        addresses.filter_map(|address| self.by_address.get(address)).flatten().copied().collect()
    }
}

/// Returns what became of the data of a node that stays.
pub(crate) fn loss(node: &NodeName, standing: &Standing<'_>, context: &Context<'_>) -> Loss {
    let (Some(desired), Some(found)) = (context.graph.service(node), context.service(node)) else {
        return Loss::None;
    };
    if found.process.is_some() {
        return earlier_lives(node, desired, found, standing, context);
    }
    if !is_empty(desired, found, node, context) {
        return Loss::None;
    }
    let members = standing.at(node, context);
    let numbers = numbers(members.iter().map(|member| &member.id));
    let elsewhere = data_may_be_elsewhere(desired, node, context);
    // What an apply was once done with had data, whatever the cluster tells.
    if members.is_empty() {
        let had_data =
            context.record(node).is_some_and(|record| record.initialised) && context.has_served(node);
        return match elsewhere.filter(|_| had_data) {
            Some((reason, hint)) => {
                Loss::Refused { reason: format!("{} is empty, and {reason}", desired.store), hint }
            }
            None => Loss::None,
        };
    }
    let address = members.iter().find_map(|member| member.address.as_deref()).unwrap_or_default();
    if let Some(live) = members.iter().find(|member| member.figures.live != Some(false)) {
        let id = live.id;
        let state = if live.figures.live == Some(true) { "is live" } else { "may be live" };
        return Loss::Refused {
            reason: format!(
                "n{id} at {address} {state} in the cluster, while CockroachDB does not run on this host and {} is empty",
                desired.store
            ),
            hint: format!(
                "if it stopped a moment ago, plan again in a minute; else find the process that runs as n{id}: another machine \
                 has this address, or it runs outside of {}",
                desired.unit.file_name()
            ),
        };
    }
    if let Some((reason, hint)) = elsewhere.or_else(|| other_owner(node, &numbers, standing, context)) {
        return Loss::Refused {
            reason: format!("{} is empty, {numbers} at {address} is dead, and {reason}", desired.store),
            hint,
        };
    }
    Loss::Replaces { ids: members.iter().map(|member| member.id).collect(), joins: true }
}

/// The members that a node was before the one that it runs as. Numbers grow: CockroachDB gives none twice.
fn earlier_lives(
    node: &NodeName,
    desired: &DesiredService,
    found: &ServiceFact,
    standing: &Standing<'_>,
    context: &Context<'_>,
) -> Loss {
    if found.health != HealthFact::Ready {
        return Loss::None;
    }
    let members = standing.at(node, context);
    let mut live = members.iter().filter(|member| member.figures.live == Some(true));
    let (Some(own), None) = (live.next(), live.next()) else { return Loss::None };
    let others: Vec<&MemberFact> = members.iter().copied().filter(|member| member.id != own.id).collect();
    let dead: BTreeSet<u32> = others
        .iter()
        .filter(|member| member.id < own.id && member.figures.live == Some(false))
        .map(|member| member.id)
        .collect();
    if others.is_empty() {
        return Loss::None;
    }
    let numbers = numbers(others.iter().map(|member| &member.id));
    if dead.len() < others.len() {
        let reason = format!("{node} runs as n{}, and {numbers} had its address after that", own.id);
        return Loss::LeftAlone { reason };
    }
    match data_may_be_elsewhere(desired, node, context)
        .or_else(|| other_owner(node, &numbers, standing, context))
    {
        Some((reason, hint)) => {
            Loss::LeftAlone { reason: format!("{node} runs as n{} now, and {reason}: {hint}", own.id) }
        }
        None => Loss::Replaces { ids: dead, joins: false },
    }
}

/// Returns the dead members that a node was which leaves, before the one that leaves. Nothing else would decommission them, and no node
/// leaves while a member that has not left is dead.
pub(crate) fn earlier_lives_of_leaving(
    node: &NodeName,
    standing: &Standing<'_>,
    context: &Context<'_>,
) -> BTreeSet<u32> {
    let members = standing.at(node, context);
    let Some(own) = context.member(node).filter(|own| !own.has_left()) else { return BTreeSet::new() };
    let is_earlier = |member: &&&MemberFact| member.id < own.id && member.figures.live == Some(false);
    let ids: BTreeSet<u32> = members.iter().filter(is_earlier).map(|member| member.id).collect();
    let may_be_another = other_owner(node, &numbers(&ids), standing, context).is_some();
    if ids.is_empty() || may_be_another { BTreeSet::new() } else { ids }
}

/// Whether it was seen that there is nothing in any of the node's stores.
fn is_empty(desired: &DesiredService, found: &ServiceFact, node: &NodeName, context: &Context<'_>) -> bool {
    let Some(reading) = context.observations.reading(node) else { return false };
    let Ok(arguments) = CanonicalArgs::parse(&desired.argv) else { return false };
    let written: Option<Vec<HostPath>> =
        arguments.store_paths().map(|path| HostPath::new(path).ok()).collect();
    let Some(paths) = written else { return false };
    std::iter::once(&desired.store).chain(&paths).all(|path| {
        let state = reading.footprint.store_places.get(path).map(|place| &place.state);
        matches!(state, Some(StoreState::Absent | StoreState::Empty))
    }) && whereabouts::refusal(desired, found, node, context).is_none()
}

/// Why the data of a node may be on a file system that is not mounted now, and what to do.
fn data_may_be_elsewhere(
    desired: &DesiredService,
    node: &NodeName,
    context: &Context<'_>,
) -> Option<(String, String)> {
    let reading = context.observations.reading(node)?;
    let places = &reading.footprint.store_places;
    if let Some(missing) = places.values().find_map(|place| place.missing.first()) {
        return Some((
            format!(
                "{missing}, which /etc/fstab or a mount unit of the host has, is not mounted: the data may be there"
            ),
            format!(
                "mount {missing}; if that disk is gone for good, mount a new one there or remove the entry; then plan again"
            ),
        ));
    }
    let record = context.record(node)?;
    let before = record.store_mount.as_ref()?;
    let is_same_path = record.resources.iter().any(|(local, entry)| {
        local.starts_with("directory.data") && entry.paths.first() == Some(&desired.store)
    });
    let now = &places.get(&desired.store)?.mount;
    if !is_same_path || before == now {
        return None;
    }
    // What is mounted over a directory hides what is in it.
    if now
        .as_str()
        .strip_prefix(before.as_str().trim_end_matches('/'))
        .is_some_and(|rest| rest.starts_with('/'))
    {
        return Some((
            format!(
                "{now} has been mounted over it since the last apply: the data may be below, on the file system of {before}"
            ),
            format!(
                "unmount {now} and see what is in {}; if the data are lost for good, remove `store_mount` from the record in \
                 /var/lib/crdbctl; then plan again",
                desired.store
            ),
        ));
    }
    Some((
        format!(
            "at the last apply it was on the file system mounted at {before}, which is not mounted: the data may be there"
        ),
        format!("mount {before}; if that disk is gone for good, mount a new one there; then plan again"),
    ))
}

/// Why dead members at an address of `node` may be another node, which has data and is no member by its own address.
fn other_owner(
    node: &NodeName,
    numbers: &str,
    standing: &Standing<'_>,
    context: &Context<'_>,
) -> Option<(String, String)> {
    let may_be_it = |other: &&NodeName| {
        if *other == node || !standing.at(other, context).is_empty() {
            return false;
        }
        match context.observations.nodes.get(*other) {
            Some(NodeObservation::Read(_)) => {
                context.service(other).is_none_or(|service| service.store_used == Some(true))
                    && context.removed(other).is_none()
            }
            Some(NodeObservation::Unreadable(_)) | None => !context.graph.is_leaving(other),
        }
    };
    let other = context.graph.nodes.keys().find(may_be_it)?;
    Some((
        format!("{other} may be {numbers} under another address: no member has its own"),
        format!("start {other}, or have it read; then plan again"),
    ))
}

/// Returns the nodes that stay, have nothing in their stores and are no member by their address.
pub(crate) fn without_data<'a>(standing: &Standing<'_>, context: &Context<'a>) -> Vec<&'a NodeName> {
    let is_without = |node: &&NodeName| {
        let (Some(desired), Some(found)) = (context.graph.service(node), context.service(node)) else {
            return false;
        };
        found.process.is_none()
            && is_empty(desired, found, node, context)
            && standing.at(node, context).is_empty()
    };
    context.graph.staying().filter(is_without).collect()
}

/// Returns what to tell of nodes that have lost their data while the cluster cannot be asked which members they were.
pub(crate) fn unasked(context: &Context<'_>) -> Vec<String> {
    if context.knows_members() {
        return Vec::new();
    }
    let had_data = |node: &&NodeName| {
        context.record(node).is_some_and(|record| record.initialised) && context.has_served(node)
    };
    let told = |node: &NodeName| {
        let store = &context.graph.service(node)?.store;
        Some(format!(
            "{node} has lost its data: {store} is empty, and the record says that it served; the cluster cannot be asked which member \
             it was. It would join as a new node; plan again then, to have the earlier member decommissioned"
        ))
    };
    without_data(&Standing::of(std::iter::empty()), context)
        .into_iter()
        .filter(had_data)
        .filter_map(told)
        .collect()
}

/// Returns `n3`, or `n3 and n5`.
pub(crate) fn numbers<'a>(ids: impl IntoIterator<Item = &'a u32>) -> String {
    let numbers: Vec<String> = ids.into_iter().map(|id| format!("n{id}")).collect();
    numbers.join(" and ")
}
