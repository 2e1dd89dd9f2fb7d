use std::collections::BTreeSet;

use crdbctl_cockroach::members::MemberAddresses;
use crdbctl_model::{
    Change, Desired, Fact, NodeName, Note, Observations, Observed, Presence, Resource, ResourceAddr,
    ResourceGraph, ResourceKind, Timestamp,
};
use crdbctl_pki::{CaBundle, Certificate, OlderNeeded, judge_ca};

use crate::comparison::Difference;
use crate::context::{AuthorityState, Context};
use crate::holders::Holders;
use crate::kinds::service::PENDING;
use crate::{context, movement};

/// A step of the authority's rotation, in their order (CockroachDB docs, rotate certificates): a certificate is used
/// only when everybody who must trust it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RotationStep {
    /// A new authority is made and put first in `ca.crt`, here and on every node.
    NewAuthority,
    /// The new authority is made, and not every node trusts it yet.
    Distribute,
    /// Nodes get certificates by the new authority.
    Nodes,
    /// Clients get certificates by the new authority.
    Clients,
    /// The old authority is trusted no more.
    DropOld,
}

/// How far a rotation has come. There is no file for it: the authority's certificates tell, and who signed what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The next step. [`RotationStep::DropOld`] when nothing that crdbctl writes needs the old authority.
    pub step: RotationStep,
    /// What the step concerns, by address.
    pub open: BTreeSet<ResourceAddr>,
    /// What else on the nodes needs the old authority: certificates that no step replaces, because crdbctl does not write them.
    pub held: Holders,
}

/// Returns how far a rotation has come; `None` when none is under way: the authority has one certificate.
///
/// What was not read is not in it: a plan that is not [complete](crdbctl_model::Plan::is_complete) tells of that.
pub fn rotation(graph: &ResourceGraph, observations: &Observations) -> Option<Rotation> {
    let bundle = authority(graph, observations)?;
    under_way(&bundle, graph, observations)
}

fn authority(graph: &ResourceGraph, observations: &Observations) -> Option<CaBundle> {
    let resource = present(graph).find(|resource| matches!(resource.desired, Desired::Authority(_)))?;
    match observations.of(&resource.addr) {
        Observed::Present(fact) => match *fact {
            Fact::Ca(ca) => CaBundle::parse(ca.pem.as_bytes()).ok(),
            _ => None,
        },
        Observed::Absent | Observed::Deferred { .. } | Observed::Unknown { .. } => None,
    }
}

pub(crate) fn under_way(
    bundle: &CaBundle,
    graph: &ResourceGraph,
    observations: &Observations,
) -> Option<Rotation> {
    if bundle.older().is_empty() {
        return None;
    }
    let now = observations.taken_at;
    let mut open = [const { BTreeSet::new() }; 3];
    for resource in present(graph) {
        let step = match (&resource.desired, observations.of(&resource.addr)) {
            (_, Observed::Unknown { .. }) => continue,
            (Desired::Ca(_), Observed::Present(fact)) => match *fact {
                Fact::Ca(ca) if !judge_ca(ca.pem.as_bytes(), bundle).is_valid() => 0,
                _ => continue,
            },
            (Desired::Ca(_), Observed::Absent) => 0,
            // What was written and not read by the process yet.
            (Desired::Service(_), Observed::Present(fact)) => match *fact {
                Fact::Service(service) if service.pending.is_some() && service.process.is_some() => 0,
                _ => continue,
            },
            (Desired::NodeCertificate(_), Observed::Present(fact)) if is_by_older(&fact, bundle, now) => 1,
            (Desired::ClientCertificate(_), Observed::Present(fact)) if is_by_older(&fact, bundle, now) => 2,
            _ => continue,
        };
        open[step].insert(resource.addr.clone());
    }
    let steps = [RotationStep::Distribute, RotationStep::Nodes, RotationStep::Clients];
    let next = steps.into_iter().zip(open).find(|(_, open)| !open.is_empty());
    let (step, open) = next.unwrap_or((RotationStep::DropOld, BTreeSet::new()));
    Some(Rotation { step, open, held: Holders::on_nodes(observations, bundle) })
}

/// Returns the members of the cluster that a rotation does not reach, in words: those that have not left and are none of the nodes
/// that stay. They would neither trust the new authority nor get a certificate by it.
///
/// # Errors
/// Why it cannot be told, when CockroachDB runs and its members could not be read.
pub fn unreached_members(graph: &ResourceGraph, observations: &Observations) -> Result<Vec<String>, String> {
    let Some(members) = movement::members(graph, observations) else {
        let runs = |node: &NodeName| {
            context::service(graph, observations, node).is_some_and(|service| service.process.is_some())
        };
        let observed = graph.of_cluster(ResourceKind::Members).map(|members| observations.of(&members.addr));
        return match observed.into_iter().next() {
            Some(Observed::Unknown { reason } | Observed::Deferred { reason })
                if graph.nodes.keys().any(runs) =>
            {
                Err(reason)
            }
            _ => Ok(Vec::new()),
        };
    };
    let addresses = MemberAddresses::of(graph, observations);
    let unreached = members
        .standing()
        .filter(|member| addresses.node_of(*member).is_none_or(|node| graph.is_leaving(node)));
    Ok(unreached
        .map(|member| {
            format!("n{} at {}", member.id, member.address.as_deref().unwrap_or("an unknown address"))
        })
        .collect())
}

fn present(graph: &ResourceGraph) -> impl Iterator<Item = &Resource> {
    graph.resources.values().filter(|resource| resource.presence == Presence::Present)
}

/// Whether the pair needs an older certificate of the authority, or may need one.
fn is_by_older(fact: &Fact, bundle: &CaBundle, now: Timestamp) -> bool {
    let Fact::Certificate(pair) = fact else { return false };
    pair.certificate
        .as_ref()
        .is_some_and(|certificate| signer_of(&certificate.pem, bundle, now) != OlderNeeded::No)
}

/// Returns the older certificate of the authority at the end of the chain of a file; none when the issuing one is at the end of
/// one, or none of them. A file that has expired is replaced as well, so dates alone do not decide.
pub(crate) fn signer_of<'a>(pem: &str, bundle: &'a CaBundle, now: Timestamp) -> OlderNeeded<'a> {
    // The judges report a file that is no certificate.
    let Ok(file) = Certificate::parse_pem_bundle(pem.as_bytes()) else { return OlderNeeded::No };
    match bundle.older_needed_by(&file, None) {
        OlderNeeded::No => bundle.older_needed_by(&file, Some(now)),
        needed => needed,
    }
}

impl RotationStep {
    /// Whether a difference belongs to the step. A reload that an interrupted apply left belongs to each.
    pub(crate) fn concerns(self, resource: Option<&Resource>, difference: &Difference) -> bool {
        let Some(resource) = resource else { return false };
        match &resource.desired {
            Desired::Authority(_) => matches!(self, Self::NewAuthority | Self::DropOld),
            Desired::Ca(_) => matches!(self, Self::NewAuthority | Self::Distribute | Self::DropOld),
            Desired::NodeCertificate(_) => self == Self::Nodes,
            Desired::ClientCertificate(_) => self == Self::Clients,
            Desired::Service(_) => {
                is_pending_reload(difference.attributes.iter().map(|a| (a.name.as_str(), a.impact)))
            }
            _ => false,
        }
    }

    /// Returns the number by which people know the step, of four.
    pub const fn number(self) -> usize {
        match self {
            Self::NewAuthority | Self::Distribute => 1,
            Self::Nodes => 2,
            Self::Clients => 3,
            Self::DropOld => 4,
        }
    }
}

fn is_pending_reload<'a>(mut attributes: impl Iterator<Item = (&'a str, crdbctl_model::Impact)>) -> bool {
    attributes.all(|(name, impact)| name == PENDING && impact == crdbctl_model::Impact::Reload)
}

/// Returns whether a change of an ordinary plan is a matter of certificates alone, so that a rotation may go on beside it.
pub fn is_of_rotation(change: &Change) -> bool {
    match &change.desired {
        Some(
            Desired::Authority(_)
            | Desired::Ca(_)
            | Desired::NodeCertificate(_)
            | Desired::ClientCertificate(_),
        ) => true,
        Some(Desired::Service(_)) => {
            is_pending_reload(change.attributes.iter().map(|a| (a.name.as_str(), a.impact)))
        }
        _ => false,
    }
}

/// Returns where the rotation stands, for the readers of a plan; `None` when none is under way.
pub(crate) fn note(context: &Context<'_>) -> Option<Note> {
    let AuthorityState::Present { bundle, .. } = &context.authority else { return None };
    let rotation = under_way(bundle, context.graph, context.observations)?;
    let nodes = |open: &BTreeSet<ResourceAddr>| {
        let nodes: BTreeSet<&NodeName> = open.iter().filter_map(ResourceAddr::node).collect();
        nodes.into_iter().map(NodeName::as_str).collect::<Vec<_>>().join(", ")
    };
    let text = match rotation.step {
        RotationStep::Nodes | RotationStep::Clients | RotationStep::DropOld
            if context.view.unseen().is_some() =>
        {
            "a rotation is under way, and how far it is, is not seen from a shard: look at all nodes at once, without --shard"
                .to_owned()
        }
        RotationStep::NewAuthority | RotationStep::Distribute => format!(
            "a rotation is under way, step 1 of 4: the new authority is not trusted yet by {}; renewals that can wait do so until it is",
            nodes(&rotation.open)
        ),
        RotationStep::Nodes => format!(
            "a rotation is under way, step 2 of 4: the old authority still vouches for {}; give ca.crt to all clients, then run \
             `crdbctl certs rotate-ca`",
            nodes(&rotation.open)
        ),
        RotationStep::Clients => "a rotation is under way, step 3 of 4: clients' certificates are still of the old authority; \
             run `crdbctl certs rotate-ca`"
            .to_owned(),
        RotationStep::DropOld if !rotation.held.found.is_empty() => format!(
            "a rotation is under way, step 4 of 4: the old authority must stay, because these certificates need it and crdbctl does \
             not write them: {}; `crdbctl certs rotate-ca` says what to do",
            rotation.held.found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
        RotationStep::DropOld if rotation.held.unjudged_files().next().is_some() => format!(
            "a rotation is under way, step 4 of 4: the old authority must stay, because crdbctl cannot decide whether these \
             certificates need it: {}; `crdbctl certs rotate-ca --drop-old` says what to do",
            rotation.held.unjudged_files().map(|file| file.to_string()).collect::<Vec<_>>().join(", ")
        ),
        RotationStep::DropOld => "a rotation is under way, step 4 of 4: the old authority is trusted, and nothing found here needs it; when no \
             client does, run `crdbctl certs rotate-ca --drop-old`"
            .to_owned(),
    };
    let addr = context
        .graph
        .resources
        .values()
        .find(|resource| matches!(resource.desired, Desired::Authority(_)))
        .map(|resource| resource.addr.clone());
    Some(Note { addr, text })
}
