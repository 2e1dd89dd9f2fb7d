//! An authority that has ended, and nodes whose certificates nobody accepts any more.
//!
//! Go checks the validity period of every certificate of a chain, the root's too (`isValid` in `crypto/x509/verify.go`), and so
//! does OpenSSL for clients. So once every authority that the nodes trust has ended, no handshake succeeds, and another authority
//! in its place breaks nothing that works (cockroachdb/cockroach#14126).

use std::collections::BTreeSet;

use crdbctl_model::{
    CaFact, Desired, Fact, NodeName, Note, Observations, Observed, Resource, ResourceGraph, ResourceKind,
    Timestamp,
};
use crdbctl_pki::{BACKDATED_SECONDS, CaBundle, Certificate};

use crate::context::{self, AuthorityState, Context};
use crate::view::View;

/// Why an authority that has ended is not replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) hint: String,
}

/// Whether every certificate of an authority has ended.
pub(crate) fn has_ended(bundle: &CaBundle, now: Timestamp) -> bool {
    bundle.infos().all(|info| now > info.not_after)
}

/// Whether the `ca.crt` of `node` was read and holds only certificates that have ended.
pub(crate) fn trusts_nobody(
    graph: &ResourceGraph,
    observations: &Observations,
    node: &NodeName,
    now: Timestamp,
) -> bool {
    let ca = graph.of_node(node).find(|resource| matches!(resource.desired, Desired::Ca(_)));
    ca.and_then(|ca| trusted(ca, observations)).is_some_and(|bundle| has_ended(&bundle, now))
}

/// Whether the `ca.crt` of `node` was read and holds none that is valid beside those of `bundle`.
pub(crate) fn trusts_no_other(
    graph: &ResourceGraph,
    observations: &Observations,
    node: &NodeName,
    bundle: &CaBundle,
    now: Timestamp,
) -> bool {
    let is_ours = |sha256| bundle.infos().any(|own| own.sha256 == sha256);
    let ca = graph.of_node(node).find(|resource| matches!(resource.desired, Desired::Ca(_)));
    ca.and_then(|ca| trusted(ca, observations))
        .is_some_and(|found| found.infos().all(|info| now > info.not_after || is_ours(info.sha256)))
}

/// Returns the `ca.crt` of a node, where it was read.
pub(crate) fn trusted(ca: &Resource, observations: &Observations) -> Option<CaBundle> {
    match observations.of(&ca.addr) {
        Observed::Present(fact) => match *fact {
            Fact::Ca(found) => CaBundle::parse(found.pem.as_bytes()).ok(),
            _ => None,
        },
        Observed::Absent | Observed::Deferred { .. } | Observed::Unknown { .. } => None,
    }
}

/// Returns when the last authority ended that any node trusts, or why another one must not take its place: a node trusts one
/// that is valid, or may do so.
///
/// `is_here`: whether this host has the authority that ended. Then a node that cannot be read has the same one, as far as anybody
/// knows; without it every node must be read. `None` when no node has a `ca.crt`.
pub(crate) fn everywhere(
    graph: &ResourceGraph,
    observations: &Observations,
    view: &View,
    now: Timestamp,
    is_here: bool,
) -> Result<Option<Timestamp>, Refusal> {
    let mut last = None;
    for resource in graph.resources.values() {
        let (Desired::Ca(ca), Some(node)) = (&resource.desired, resource.addr.node()) else { continue };
        if view.misses(node, observations) {
            return Err(refusal(
                format!("the authority has ended, and what {node} trusts is not seen from this shard"),
                "look at all nodes at once, without --shard",
            ));
        }
        let found = match observations.of(&resource.addr) {
            Observed::Present(fact) => match *fact {
                Fact::Ca(found) => found,
                _ => continue,
            },
            Observed::Absent | Observed::Deferred { .. } => {
                let runs = context::service(graph, observations, node)
                    .is_some_and(|service| service.process.is_some());
                if runs && !is_here {
                    return Err(refusal(
                        format!(
                            "the authority of other nodes has ended, and CockroachDB runs on {node} without a {}",
                            ca.path
                        ),
                        "put the ca.crt that it was started with back on the node, then plan again",
                    ));
                }
                continue;
            }
            Observed::Unknown { .. } if is_here && observations.reading(node).is_none() => continue,
            Observed::Unknown { reason } => {
                return Err(refusal(
                    format!("the authority has ended, and what {node} trusts is not known: {reason}"),
                    "make its ca.crt readable, then plan again",
                ));
            }
        };
        last = last.max(Some(end_on(node, ca.path.as_str(), &found, observations, now)?));
    }
    Ok(last)
}

/// Returns when the last authority in a node's `ca.crt` ended, by this host's clock and by the node's.
fn end_on(
    node: &NodeName,
    path: &str,
    found: &CaFact,
    observations: &Observations,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    let bundle = CaBundle::parse(found.pem.as_bytes()).map_err(|error| {
        refusal(
            format!("the authority has ended, and what {node} trusts is not known: {path}: {error}"),
            "replace it by another node's ca.crt, or delete it, then plan again",
        )
    })?;
    let clock = observations.reading(node).map_or(observations.taken_at, |reading| reading.host.clock);
    let ahead = clock.since(observations.taken_at);
    let clocks = |what: String| {
        refusal(
            format!(
                "{what}: the clock of {node} says {}, this host's {}",
                moment(clock),
                moment(observations.taken_at)
            ),
            "set the clock that is wrong, then plan again",
        )
    };
    if let Some(valid) = bundle.infos().find(|info| now <= info.not_after) {
        return Err(refusal(
            format!(
                "the authority here has ended, and {path} of {node} trusts another one ({}, sha256 {}), which is valid until {}",
                valid.subject,
                valid.sha256.short(),
                valid.not_after.date()
            ),
            "put that authority (ca.crt, ca.key) into the authority's directory on this host, then plan again",
        ));
    }
    let last = bundle.infos().map(|info| info.not_after).max().unwrap_or(now);
    if now.plus(ahead) <= last {
        return Err(clocks(format!(
            "whether the authority has ended is not clear, its end is {}",
            moment(last)
        )));
    }
    // A host whose clock is further behind does not accept a new certificate yet.
    if ahead < -BACKDATED_SECONDS {
        return Err(clocks(format!("{node} would not accept certificates that are made now")));
    }
    Ok(last)
}

fn refusal(reason: String, hint: &str) -> Refusal {
    Refusal { reason, hint: hint.to_owned() }
}

/// Returns the nodes that run with certificates that nobody accepts, when the cluster could not be asked for its members: the
/// certificates come first then, and only afterwards can anything be asked, drained or gated. Empty when it could be asked.
///
/// A process that was not told yet of its new files still has the old ones, whose dates nobody can read any more. It counts where
/// the dates of another node's files say that certificates have ended, or where no node is ready. When the members could not be
/// read for another reason, such as a ca.key that is not on this host, a pending reload says nothing.
pub fn cut_off(graph: &ResourceGraph, observations: &Observations, now: Timestamp) -> BTreeSet<NodeName> {
    let mut members = graph.of_cluster(ResourceKind::Members).map(|members| observations.of(&members.addr));
    let none_is_ready = match members.find(|found| !matches!(found, Observed::Present(_) | Observed::Absent))
    {
        None => return BTreeSet::new(),
        Some(Observed::Deferred { .. }) => true,
        Some(Observed::Unknown { .. } | Observed::Present(_) | Observed::Absent) => false,
    };
    let mut refused = BTreeSet::new();
    let mut pending = BTreeSet::new();
    for node in graph.staying() {
        let Some(service) = context::service(graph, observations, node) else { continue };
        if service.process.is_none() {
            continue;
        }
        let certificate =
            graph.of_node(node).find(|resource| matches!(resource.desired, Desired::NodeCertificate(_)));
        let expired = certificate.is_some_and(|it| has_expired(it, observations, now));
        if expired || trusts_nobody(graph, observations, node, now) {
            refused.insert(node.clone());
        } else if service.pending.as_deref() == Some("reload") {
            pending.insert(node.clone());
        }
    }
    if none_is_ready || !refused.is_empty() {
        refused.extend(pending);
    }
    refused
}

fn has_expired(certificate: &Resource, observations: &Observations, now: Timestamp) -> bool {
    let Observed::Present(fact) = observations.of(&certificate.addr) else { return false };
    let Fact::Certificate(pair) = *fact else { return false };
    pair.certificate.is_some_and(|file| end_of(&file.pem).is_some_and(|end| now > end))
}

/// Returns a moment to the minute, for people who compare clocks.
pub(crate) fn moment(at: Timestamp) -> String {
    let minutes = at.as_unix().rem_euclid(86_400) / 60;
    format!("{} {:02}:{:02} UTC", at.date(), minutes / 60, minutes % 60)
}

/// Returns when the first certificate of a file ends.
pub(crate) fn end_of(pem: &str) -> Option<Timestamp> {
    let certificates = Certificate::parse_pem_bundle(pem.as_bytes()).ok()?;
    certificates.first().map(|certificate| certificate.info().not_after)
}

/// Returns why a certificate of an authority that has ended is replaced.
pub(crate) fn why(pem: &str, now: Timestamp) -> String {
    match Certificate::parse_pem_bundle(pem.as_bytes()) {
        Err(error) => error.to_string(),
        Ok(certificates) => match certificates.first().map(|certificate| certificate.info().not_after) {
            Some(end) if now > end => format!("expired on {}", end.date()),
            _ => "the authority that signed it has ended".to_owned(),
        },
    }
}

/// Returns what readers of a plan should know of an authority that the plan replaces because it has ended.
pub(crate) fn note(context: &Context<'_>) -> Option<Note> {
    let AuthorityState::Ended { ended, .. } = &context.authority else { return None };
    let authority = context
        .graph
        .resources
        .values()
        .find(|resource| matches!(resource.desired, Desired::Authority(_)))?;
    let text = format!(
        "THE AUTHORITY ENDED on {}: nodes and clients refuse every certificate by it. This plan makes a new authority, and \
         certificates by it for all nodes and for the clients in its directory, in one step. Afterwards give the new ca.crt and \
         new certificates to every client",
        ended.date()
    );
    Some(Note { addr: Some(authority.addr.clone()), text })
}
