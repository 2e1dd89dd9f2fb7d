use std::collections::BTreeSet;

use crdbctl_cockroach::members::MemberAddresses;
use crdbctl_model::{
    Desired, Digest, Fact, HealthFact, HostPath, Mark, MemberFact, MembersFact, NodeName, Observations,
    Observed, Record, Resource, ResourceAddr, ResourceGraph, ServiceFact, Shard, Timestamp,
};
use crdbctl_pki::{Acceptance, CaBundle, Certificate};

use crate::ended::{self, Refusal};
use crate::movement::{self, Movement};
use crate::removal::Ownership;
use crate::replaceable;
use crate::rotation::{self, RotationStep};
use crate::view::View;

/// What kinds may look at beside their own resource.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) graph: &'a ResourceGraph,
    pub(crate) observations: &'a Observations,
    pub(crate) now: Timestamp,
    /// The authority as it is on the control host.
    pub(crate) authority: AuthorityState,
    /// The step of the authority's rotation that is planned, if one is.
    pub(crate) rotation: Option<RotationStep>,
    /// Whether a new authority is made and not trusted by every node yet.
    pub(crate) distributing: bool,
    /// The nodes that run with certificates that nobody accepts, where the cluster could not be asked for that reason.
    pub(crate) cut_off: BTreeSet<NodeName>,
    /// Where the nodes' versions come from and go to.
    pub(crate) movement: Movement,
    /// What the plan tells of.
    pub(crate) view: View,
    /// Which member each node is.
    pub(crate) addresses: MemberAddresses,
    members: Option<MembersFact>,
}

/// What is known of the authority before anything is made.
#[derive(Clone, Debug)]
pub(crate) enum AuthorityState {
    /// It is there.
    Present {
        /// Its certificates, the issuer first.
        bundle: Box<CaBundle>,
        /// Whether it can sign.
        has_key: bool,
    },
    /// It will be made by this plan.
    ToBeCreated,
    /// Every authority that was found anywhere has ended: this plan makes a new one in its place.
    Ended {
        /// When the last one ended.
        ended: Timestamp,
        /// The one on the control host, and whether its key is there; `None` when there is none.
        here: Option<(Box<CaBundle>, bool)>,
    },
    /// It could not be read, or must not be made.
    Unknown {
        /// Why.
        reason: String,
        /// What to do next, where that is not the same for every reason.
        hint: Option<String>,
    },
}

impl AuthorityState {
    fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown { reason: reason.into(), hint: None }
    }

    fn refused(refusal: Refusal) -> Self {
        Self::Unknown { reason: refusal.reason, hint: Some(refusal.hint) }
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        graph: &'a ResourceGraph,
        observations: &'a Observations,
        now: Timestamp,
        shard: Option<Shard>,
    ) -> Self {
        let view = View::new(graph, observations, shard);
        let addresses = MemberAddresses::of(graph, observations);
        let authority = authority(graph, observations, &view, now);
        let distributing = match &authority {
            AuthorityState::Present { bundle, .. } => rotation::under_way(bundle, graph, observations)
                .is_some_and(|rotation| rotation.step == RotationStep::Distribute),
            AuthorityState::ToBeCreated | AuthorityState::Ended { .. } | AuthorityState::Unknown { .. } => {
                false
            }
        };
        // Of nodes that are not seen it cannot be told whether they could be asked.
        let cut_off = match view.unseen() {
            None => ended::cut_off(graph, observations, now),
            Some(_) => BTreeSet::new(),
        };
        Self {
            graph,
            observations,
            now,
            authority,
            rotation: None,
            distributing,
            cut_off,
            movement: Movement::new(graph, observations, &addresses, &view),
            addresses,
            members: movement::members(graph, observations),
            view,
        }
    }

    /// Returns the same for planning a step of the authority's rotation.
    pub(crate) fn rotating(self, step: RotationStep) -> Self {
        Self { rotation: Some(step), ..self }
    }

    /// Returns the ownership record of `node`, when it was read and has one.
    pub(crate) fn record(&self, node: &NodeName) -> Option<&Record> {
        self.observations.reading(node)?.record.as_ref()
    }

    /// Returns the service of `node`, when it was read.
    pub(crate) fn service(&self, node: &NodeName) -> Option<&'a ServiceFact> {
        service(self.graph, self.observations, node)
    }

    /// Returns whether CockroachDB runs on `node`, as far as was read.
    pub(crate) fn is_running(&self, node: &NodeName) -> bool {
        self.service(node).is_some_and(|service| service.process.is_some())
    }

    /// Returns who `node` was when it has left the cluster and is no member since, as far as can be told.
    ///
    /// CockroachDB forgets the address of those that left a while ago. A store with data in it, on a host where an apply was once
    /// done with the service and that no member has, is theirs then, unless a member is missing that may have moved here from
    /// another address. A node that never was a member may have begun a store too, and is none of them.
    pub(crate) fn removed(&self, node: &NodeName) -> Option<String> {
        self.gone(node).filter(|_| self.member(node).is_some() || self.has_served(node))
    }

    /// Returns whether an apply was once done with the service of `node`, by its record.
    pub(crate) fn has_served(&self, node: &NodeName) -> bool {
        let has = |record: &Record, kind: &str| record.resources.keys().any(|local| local.starts_with(kind));
        // Where a service was taken away, its unit was too, and the data stayed.
        self.record(node).is_some_and(|record| has(record, "service.") || !has(record, "unit."))
    }

    /// Returns the same of a node on which an apply was once done with the service.
    pub(crate) fn gone(&self, node: &NodeName) -> Option<String> {
        let members = self.members.as_ref()?;
        if let Some(member) = self.member(node) {
            return member.has_left().then(|| format!("n{}", member.id));
        }
        let left = || members.members.iter().filter(|member| member.has_left() && member.address.is_none());
        let may_have_moved = self.strangers().any(|member| member.figures.live != Some(true));
        match (left().next(), left().count()) {
            (Some(member), 1) if !may_have_moved => Some(format!("n{}", member.id)),
            (Some(_), _) if !may_have_moved => Some("a member".to_owned()),
            _ => None,
        }
    }

    /// Returns the members of which it is not known which node they are: their address is none by which the manifest's nodes
    /// may be known, or is not told.
    pub(crate) fn strangers(&self) -> impl Iterator<Item = &MemberFact> {
        self.standing().filter(|member| self.addresses.node_of(*member).is_none())
    }

    /// Returns the members that have not left, as far as the cluster was asked.
    pub(crate) fn standing(&self) -> impl Iterator<Item = &MemberFact> {
        self.members.iter().flat_map(MembersFact::standing)
    }

    /// Returns whether the cluster told of its members.
    pub(crate) const fn knows_members(&self) -> bool {
        self.members.is_some()
    }

    /// Returns what the cluster knows of `node` by an address that it has or runs under: the member that stands, if one does.
    pub(crate) fn member(&self, node: &NodeName) -> Option<&MemberFact> {
        self.addresses.member(node, &self.members.as_ref()?.members)
    }

    /// Returns whether `node` takes clients, as far as was read.
    pub(crate) fn is_ready(&self, node: &NodeName) -> bool {
        self.service(node).is_some_and(|service| service.health == HealthFact::Ready)
    }

    /// Returns the digest of what crdbctl wrote to the file at `path`, by the record, if it made that file.
    pub(crate) fn written(&self, node: Option<&NodeName>, path: &HostPath) -> Option<Digest> {
        let entries = self.record(node?)?.resources.values();
        entries.filter(|entry| entry.created && entry.paths.first() == Some(path)).find_map(|entry| {
            match &entry.mark {
                Some(Mark::Content(digest)) => Some(*digest),
                _ => None,
            }
        })
    }

    /// Returns whether crdbctl created `resource` on its node, by the record or by what an interrupted apply noted there.
    pub(crate) fn made(&self, resource: &Resource) -> bool {
        let reading = resource.addr.node().and_then(|node| self.observations.reading(node));
        reading.is_some_and(|reading| Ownership::of(reading).made(&resource.addr.local(), &resource.desired))
    }

    /// Returns the digest under which `desired` was applied last, if it was.
    pub(crate) fn applied(&self, addr: &ResourceAddr) -> Option<Digest> {
        let record = self.record(addr.node()?)?;
        record.resources.get(&addr.local()).map(|entry| entry.desired)
    }
}

pub(crate) fn service<'a>(
    graph: &'a ResourceGraph,
    observations: &'a Observations,
    node: &NodeName,
) -> Option<&'a ServiceFact> {
    let resource = graph.of_node(node).find(|resource| matches!(resource.desired, Desired::Service(_)))?;
    match observations.reading(node)?.resources.get(&resource.addr)? {
        Observed::Present(fact) => match fact.as_ref() {
            Fact::Service(service) => Some(service),
            _ => None,
        },
        _ => None,
    }
}

fn authority(
    graph: &ResourceGraph,
    observations: &Observations,
    view: &View,
    now: Timestamp,
) -> AuthorityState {
    let Some(resource) =
        graph.resources.values().find(|resource| matches!(resource.desired, Desired::Authority(_)))
    else {
        return AuthorityState::unknown("the manifest has no certificate authority");
    };
    match observations.of(&resource.addr) {
        Observed::Absent => match node_with_ca(graph, observations, view) {
            None => {
                let why = "the cluster has no authority yet";
                match replaceable::refusal(graph, observations, now, why) {
                    None => AuthorityState::ToBeCreated,
                    Some(refusal) => AuthorityState::refused(refusal),
                }
            }
            Some(why) if !any_trusts_nobody(graph, observations, now) => AuthorityState::unknown(why),
            Some(why) => match ended::everywhere(graph, observations, view, now, false) {
                Ok(Some(ended)) => replaced(graph, observations, now, ended, None),
                Ok(None) => AuthorityState::unknown(why),
                Err(refusal) => AuthorityState::refused(refusal),
            },
        },
        Observed::Unknown { reason } | Observed::Deferred { reason } => AuthorityState::unknown(reason),
        Observed::Present(fact) => match *fact {
            Fact::Ca(ca) => match CaBundle::parse(ca.pem.as_bytes()) {
                Ok(bundle) if ended::has_ended(&bundle, now) => {
                    match ended::everywhere(graph, observations, view, now, true) {
                        Ok(on_nodes) => {
                            let last = bundle.infos().map(|info| info.not_after).max();
                            let here = Some((Box::new(bundle), ca.has_key));
                            replaced(graph, observations, now, last.max(on_nodes).unwrap_or(now), here)
                        }
                        Err(refusal) => AuthorityState::refused(refusal),
                    }
                }
                Ok(bundle) => match of_another(graph, observations, &bundle, view, now) {
                    None => AuthorityState::Present { bundle: Box::new(bundle), has_key: ca.has_key },
                    Some(why) => AuthorityState::unknown(why),
                },
                Err(error) => AuthorityState::unknown(error.to_string()),
            },
            _ => AuthorityState::unknown("what was found is not a certificate authority"),
        },
    }
}

/// Returns an authority that has ended, to be replaced, unless files on the nodes would not work with a new one.
fn replaced(
    graph: &ResourceGraph,
    observations: &Observations,
    now: Timestamp,
    ended: Timestamp,
    here: Option<(Box<CaBundle>, bool)>,
) -> AuthorityState {
    let why = format!("the authority ended on {}", ended.date());
    match replaceable::refusal(graph, observations, now, &why) {
        None => AuthorityState::Ended { ended, here },
        Some(refusal) => AuthorityState::refused(refusal),
    }
}

fn any_trusts_nobody(graph: &ResourceGraph, observations: &Observations, now: Timestamp) -> bool {
    graph.nodes.keys().any(|node| ended::trusts_nobody(graph, observations, node, now))
}

/// Nodes that run with certificates of an authority that is not ours trust that one: given ours one after the other, they would
/// no longer trust each other. One such node among others of ours is a drift to be mended; and where none runs, nothing is lost.
/// Nor is anything where the authority has ended that the node trusts: it does not trust the others as it is. There an apply may
/// have been interrupted between the new ca.crt and the new pair.
fn of_another(
    graph: &ResourceGraph,
    observations: &Observations,
    bundle: &CaBundle,
    view: &View,
    now: Timestamp,
) -> Option<String> {
    let (mut ours, mut foreign) = (0, Vec::new());
    for resource in graph.resources.values() {
        let (Desired::NodeCertificate(desired), Some(node)) = (&resource.desired, resource.addr.node())
        else {
            continue;
        };
        if service(graph, observations, node).is_none_or(|service| service.process.is_none()) {
            continue;
        }
        let Observed::Present(fact) = observations.of(&resource.addr) else { continue };
        let Fact::Certificate(pair) = *fact else { continue };
        let Some(file) = pair.certificate else { continue };
        let Ok(found) = Certificate::parse_pem_bundle(file.pem.as_bytes()) else { continue };
        let expired = || now > found[0].info().not_after;
        let is_lost = || {
            ended::trusts_nobody(graph, observations, node, now)
                || expired() && ended::trusts_no_other(graph, observations, node, bundle, now)
        };
        let doubt = match bundle.vouches_for(&found) {
            Acceptance::Accepted => {
                ours += 1;
                continue;
            }
            Acceptance::Refused => String::new(),
            Acceptance::Undecided(why) => format!("; {why}"),
        };
        if !is_lost() {
            let issuer = &found[0].info().issuer;
            foreign.push(format!("{} of {node} (issuer {issuer}{doubt})", desired.certificate));
        }
    }
    if let ([only], Some(unseen)) = (&foreign[..], view.unseen())
        && ours > 0
    {
        return Some(format!(
            "CockroachDB runs with {only}, which the authority here did not sign; whether {unseen} and other nodes do too is not \
             seen from this shard"
        ));
    }
    let first = foreign.first().filter(|_| foreign.len() > 1 || ours == 0)?;
    let more = if foreign.len() > 1 { format!(" and {} more", foreign.len() - 1) } else { String::new() };
    Some(format!(
        "CockroachDB runs with {first}{more}, which the authority here did not sign: given this authority one after the other, \
         nodes and clients would no longer trust each other. Only `crdbctl certs rotate-ca` replaces an authority while nodes run, beginning with the one that they trust"
    ))
}

/// A new authority beside certificates of another one would lock a living cluster out of itself. So one
/// is made only when every node was read, none has a ca.crt, and none runs (with one that was deleted).
fn node_with_ca(graph: &ResourceGraph, observations: &Observations, view: &View) -> Option<String> {
    let runs = graph
        .nodes
        .keys()
        .find(|node| service(graph, observations, node).is_some_and(|service| service.process.is_some()));
    if let Some(node) = runs {
        return Some(format!(
            "there is no authority here, and CockroachDB runs on {node}: a new authority would not fit the cluster"
        ));
    }
    graph.resources.values().find_map(|resource| match (&resource.desired, resource.addr.node()) {
        (Desired::Ca(_), Some(node)) if view.misses(node, observations) => Some(format!(
            "there is no authority here, and whether {node} has certificates of an older one is not seen from this shard"
        )),
        (Desired::Ca(ca), Some(node)) => match observations.of(&resource.addr) {
            Observed::Absent | Observed::Deferred { .. } => None,
            Observed::Present(_) => Some(format!(
                "there is no authority here, and {node} has a {}: a new authority would not fit the cluster",
                ca.path
            )),
            Observed::Unknown { reason } => {
                Some(format!("whether {node} has certificates of an older authority is not known: {reason}"))
            }
        },
        _ => None,
    })
}
