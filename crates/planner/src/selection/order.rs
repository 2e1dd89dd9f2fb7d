use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Action, Change, Desired, Impact, NodeName, Plan, ResourceAddr, ResourceKind, Selection, Verdict,
};

use super::{Needs, SelectionError};
use crate::context::Context;

/// Sees that nothing that is selected rests on a change that is not.
///
/// # Errors
/// Each selected change that does, with all that is missing before it.
pub(super) fn check(
    whole: &Plan,
    selection: &Selection,
    context: &Context<'_>,
) -> Result<(), SelectionError> {
    let order = Order::of(whole, context);
    let mut needs = Vec::new();
    for change in whole.changes.iter().filter(|change| selection.contains(&change.addr)) {
        let mut missing = order.behind(change);
        if is_by_new_authority(change, context) {
            missing.extend(trust(whole, context));
        }
        if let Some(node) = change.addr.node().filter(|node| is_removed_beside(change, node, context)) {
            missing.extend(restarts(whole, node));
        }
        if change.impact == Impact::Restart && change.removal.is_none() {
            for made in order.made_for_the_service(change, context) {
                missing.extend(order.changes.get(&made).into_iter().flat_map(|made| order.behind(made)));
                missing.insert(made);
            }
        }
        missing.retain(|addr| !selection.contains(addr));
        if !missing.is_empty() {
            needs.push(Needs { addr: change.addr.clone(), missing });
        }
    }
    if needs.is_empty() { Ok(()) } else { Err(SelectionError::breaks_order(needs, selection)) }
}

/// What comes before what, and must.
struct Order<'a> {
    changes: BTreeMap<&'a ResourceAddr, &'a Change>,
    /// Whether the cluster is initialised.
    stands: bool,
    /// Whether nodes are on their way to another series.
    moves: bool,
}

impl<'a> Order<'a> {
    fn of(whole: &'a Plan, context: &Context<'_>) -> Self {
        let is_init = |addr: &ResourceAddr| addr.kind == ResourceKind::Init;
        Self {
            changes: whole.changes.iter().map(|change| (&change.addr, change)).collect(),
            stands: whole.compared.iter().any(|(addr, it)| is_init(addr) && *it == Verdict::Same),
            moves: context.movement.is_ahead(),
        }
    }

    /// All changes that must come before one, over any number of others.
    fn behind(&self, change: &Change) -> BTreeSet<ResourceAddr> {
        let mut found: BTreeSet<ResourceAddr> = BTreeSet::new();
        let mut open: Vec<&ResourceAddr> = self.before(change).collect();
        while let Some(addr) = open.pop() {
            if found.insert(addr.clone())
                && let Some(change) = self.changes.get(addr)
            {
                open.extend(self.before(change));
            }
        }
        found
    }

    /// The changes that must come right before one. All that the plan puts there, but for those of nodes that come before what is
    /// cluster-wide only because the whole plan begins with nodes: where the cluster stands, its members, version and settings
    /// need nodes that are started and restarted, not each file that is written on them.
    fn before<'b>(&'b self, change: &'b Change) -> impl Iterator<Item = &'b ResourceAddr> {
        change.depends_on.iter().filter(move |addr| match change.addr.kind {
            // One of another series may be of that alone.
            ResourceKind::Setting if self.stands => self.moves && self.disrupts(addr),
            ResourceKind::Members | ResourceKind::Version if self.stands => self.disrupts(addr),
            _ => true,
        })
    }

    /// What the service of a change's node rests on and what is not there yet: it could not start without.
    fn made_for_the_service(&self, change: &Change, context: &Context<'_>) -> BTreeSet<ResourceAddr> {
        let Some(node) = change.addr.node() else { return BTreeSet::new() };
        let service =
            context.graph.of_node(node).find(|resource| resource.addr.kind == ResourceKind::Service);
        // Where the way to its program is only taken on to it, the process starts from what that leads to now, if it is still there.
        let is_there = context
            .service(node)
            .and_then(|service| service.process.as_ref())
            .is_some_and(|process| !process.exe_deleted);
        let is_led_to_later = |addr: &ResourceAddr| {
            let leads_to_it = |change: &&&Change| {
                change.addr.kind == ResourceKind::Link && change.depends_on.contains(addr)
            };
            let link = self.changes.values().find(leads_to_it);
            is_there && link.is_some_and(|link| link.action != Action::Create)
        };
        let words = service.iter().flat_map(|service| match &service.desired {
            Desired::Service(service) => service.argv.as_slice(),
            _ => &[],
        });
        let is_named = |addr: &ResourceAddr| {
            let link =
                context.graph.resources.get(addr).and_then(|link| link.desired.paths().into_iter().next());
            link.is_some_and(|link| words.clone().any(|word| word.contains(link.as_str())))
        };
        let is_made = |addr: &&ResourceAddr| {
            let is_needed = match addr.kind {
                // A firewall's profile and rules let clients in; the process starts without.
                ResourceKind::File | ResourceKind::Firewall => false,
                ResourceKind::Package => !is_led_to_later(addr),
                // One for people, unless the command line goes by it.
                ResourceKind::Link => addr.name.as_str() != "data" || is_named(addr),
                _ => true,
            };
            is_needed && self.changes.get(addr).is_some_and(|change| change.action == Action::Create)
        };
        service.iter().flat_map(|service| &service.depends_on).filter(is_made).cloned().collect()
    }

    fn disrupts(&self, addr: &ResourceAddr) -> bool {
        let restarts = |change: &&Change| change.impact == Impact::Restart;
        addr.node().is_none()
            || addr.kind == ResourceKind::Service
            || self.changes.get(addr).is_some_and(restarts)
    }
}

/// Whether a certificate will be of an authority that not every node trusts yet.
fn is_by_new_authority(change: &Change, context: &Context<'_>) -> bool {
    context.distributing
        && matches!(change.desired, Some(Desired::NodeCertificate(_) | Desired::ClientCertificate(_)))
}

/// The changes after which every node trusts the authority. The order of a whole plan needs no word of them: it puts
/// certificates of authorities in place on all nodes before the first node is disrupted.
fn trust(whole: &Plan, context: &Context<'_>) -> BTreeSet<ResourceAddr> {
    let is_trust = |change: &&Change| {
        let stays = |addr: &ResourceAddr| addr.node().is_some_and(|node| !context.graph.is_leaving(node));
        matches!(change.desired, Some(Desired::Ca(_))) && stays(&change.addr)
    };
    whole.changes.iter().filter(is_trust).map(|change| change.addr.clone()).collect()
}

/// Whether something is taken off a node that stays: the process may still go by it until it is restarted.
fn is_removed_beside(change: &Change, node: &NodeName, context: &Context<'_>) -> bool {
    change.removal.is_some() && !context.graph.is_leaving(node)
}

/// The changes that restart a node.
fn restarts(whole: &Plan, node: &NodeName) -> BTreeSet<ResourceAddr> {
    let restarts = |change: &&Change| change.impact == Impact::Restart && change.addr.node() == Some(node);
    whole.changes.iter().filter(restarts).map(|change| change.addr.clone()).collect()
}
