use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Basis, Change, Digest, HostPath, Impact, NodeName, Note, Pace, Part, Plan, ResourceAddr, ResourceKind,
    RolloutStep, Shard, ShardContext, UnknownResource, Verdict,
};

use crate::kinds::service::left_for_good;
use crate::twins;

/// How far apart, in seconds, the shards of one look at the cluster may have been read: one from an earlier pipeline would tell of
/// hosts as they were.
const APART: i64 = 86_400;

/// Why plans cannot be joined; each names one of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// It tells of all nodes, or is joined already.
    #[error("{name} is no plan of a shard")]
    NoShard {
        /// Which plan.
        name: String,
    },
    /// It is of another cluster, manifest, number of shards, selection, or day than the first one.
    #[error("{name} is of {what} than {first}")]
    Other {
        /// Which plan.
        name: String,
        /// What is another: `another cluster (test)`.
        what: String,
        /// The first plan.
        first: String,
    },
    /// Two are of one shard.
    #[error("{name} is of shard {shard}, and so is {other}")]
    Twice {
        /// Which plan.
        name: String,
        /// The shard.
        shard: Shard,
        /// The one before.
        other: String,
    },
    /// It tells of what its shard does not have.
    #[error("{name} is of shard {shard}, and tells of {addr}, which is of another one")]
    Stranger {
        /// Which plan.
        name: String,
        /// The shard.
        shard: Shard,
        /// Of what it tells.
        addr: String,
    },
}

/// Returns one plan made of those of all shards, each given with a name for errors. To be shown: it cannot be applied.
///
/// Changes come in an order in which each follows those of its own shard that it depends on. What a missing shard would tell is
/// [unknown](Plan::unknown), and so are nodes of different shards that are one machine.
///
/// # Errors
/// All that keeps them from being joined.
pub fn join(plans: &[(String, Plan)]) -> Result<Plan, Vec<JoinError>> {
    let mut errors = Vec::new();
    let mut shares: Vec<Share<'_>> = Vec::new();
    for (name, plan) in plans {
        match (plan.part.shard, plan.part.context.as_deref()) {
            (Some(shard), Some(context)) => shares.push(Share { name, plan, shard, context }),
            _ => errors.push(JoinError::NoShard { name: name.clone() }),
        }
    }
    for (at, share) in shares.iter().enumerate() {
        let (Some(first), before) = (shares.first(), &shares[..at]) else { continue };
        errors.extend(share.differs_from(first).map(|what| JoinError::Other {
            name: share.name.to_owned(),
            what,
            first: first.name.to_owned(),
        }));
        errors.extend(before.iter().find(|other| other.shard == share.shard).map(|other| JoinError::Twice {
            name: share.name.to_owned(),
            shard: share.shard,
            other: other.name.to_owned(),
        }));
        errors.extend(share.stranger().map(|addr| JoinError::Stranger {
            name: share.name.to_owned(),
            shard: share.shard,
            addr,
        }));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    shares.sort_by_key(|share| share.shard);
    shares.first().map_or_else(|| Err(Vec::new()), |first| Ok(joined(first, &shares)))
}

/// A plan of a shard.
struct Share<'a> {
    name: &'a str,
    plan: &'a Plan,
    shard: Shard,
    context: &'a ShardContext,
}

impl Share<'_> {
    /// What is another than in the first plan; `None` when they are of one whole.
    fn differs_from(&self, first: &Self) -> Option<String> {
        let (own, its) = (self.plan, first.plan);
        let all = |part: &Part| match (part.only, part.selection.is_whole()) {
            (None, true) => "all changes".to_owned(),
            (only, _) => {
                let only = only.map(|only| format!("--only {only}")).unwrap_or_default();
                format!("{only} {}", part.selection).trim().to_owned()
            }
        };
        if own.cluster != its.cluster {
            return Some(format!("another cluster ({})", own.cluster));
        }
        if own.basis.manifest != its.basis.manifest || self.context.nodes != first.context.nodes {
            // As many shards of one manifest have the same nodes each.
            if self.shard.of() == first.shard.of() || own.basis.manifest != its.basis.manifest {
                return Some("another manifest".to_owned());
            }
        }
        if self.shard.of() != first.shard.of() {
            return Some(format!("another number of shards ({})", self.shard.of()));
        }
        if (&own.part.selection, own.part.only) != (&its.part.selection, its.part.only) {
            return Some(format!("another selection ({})", all(&own.part)));
        }
        let apart = self.context.taken_at.since(first.context.taken_at).abs();
        (apart > APART).then(|| format!("another day ({})", self.context.taken_at.date()))
    }

    /// The first that this tells of and its shard does not have.
    fn stranger(&self) -> Option<String> {
        let nodes = self.context.nodes_of(self.shard.index());
        let is_strange = |addr: &ResourceAddr| match addr.node() {
            Some(node) => !nodes.contains(node),
            None => !self.shard.is_first(),
        };
        let compared = self.plan.compared.keys();
        compared
            .chain(self.plan.changes.iter().map(|it| &it.addr))
            .find(|it| is_strange(it))
            .map(ToString::to_string)
    }
}

fn joined(first: &Share<'_>, shares: &[Share<'_>]) -> Plan {
    let all = || shares.iter().map(|share| share.plan);
    let given: Vec<Shard> = shares.iter().map(|share| share.shard).collect();
    let (missing, _) = Shard::gaps(&given);
    let (changes, gone) = without_gone(shares);
    let mut compared: BTreeMap<ResourceAddr, Verdict> =
        all().flat_map(|plan| plan.compared.clone()).collect();
    let mut unknown = unknown(first, shares, &missing);
    unknown.extend(gone);
    // One shard may see less of what is cluster-wide than the first.
    for unknown in &unknown {
        if let Some(verdict) = unknown.addr.as_ref().and_then(|addr| compared.get_mut(addr)) {
            *verdict = Verdict::Unknown;
        }
    }
    let mut notes: Vec<Note> = Vec::new();
    for note in all().flat_map(|plan| &plan.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    let text = format!(
        "joined from {} of {} shards, to be shown: it cannot be applied, and tells neither what of one shard waits for what of \
         another nor in which order nodes go",
        shares.len(),
        first.shard.of()
    );
    notes.push(Note { addr: None, text });
    let changes = in_order(changes);
    let mut transfers: Vec<_> = all().flat_map(|plan| plan.transfers.clone()).collect();
    transfers.sort_by(|one, other| one.addr.cmp(&other.addr));
    let is_unknown = |addr: &ResourceAddr| unknown.iter().any(|it| it.addr.as_ref() == Some(addr));
    let left_out = all().flat_map(|plan| &plan.left_out).filter(|it| !is_unknown(&it.addr));
    let mut left_out: Vec<_> = left_out.cloned().collect();
    left_out.sort_by(|one, other| one.addr.cmp(&other.addr));
    Plan {
        format_version: Plan::FORMAT_VERSION,
        cluster: first.plan.cluster.clone(),
        basis: Basis {
            manifest: first.plan.basis.manifest,
            cluster: first.plan.basis.cluster,
            nodes: all().flat_map(|plan| plan.basis.nodes.clone()).collect(),
        },
        rollout: rollout(shares, &changes),
        // Which nodes go together is not known, and so no time is sure.
        pace: Pace::default(),
        changes,
        transfers,
        unknown,
        notes,
        compared,
        part: Part {
            selection: first.plan.part.selection.clone(),
            only: first.plan.part.only,
            shard: None,
            context: None,
            joined: Some(first.shard.of()),
        },
        left_out,
    }
}

/// The changes of all shards, without those of services that the first shard knows to be of members that left; and these, as
/// unknown, whether their shard shows a change of them or leaves it out.
fn without_gone(shares: &[Share<'_>]) -> (Vec<Change>, Vec<UnknownResource>) {
    let unserved: BTreeSet<&NodeName> = shares.iter().flat_map(|share| &share.context.unserved).collect();
    let forgotten = shares.iter().flat_map(|share| &share.context.forgotten);
    let forgotten = forgotten.filter(|(node, _)| !unserved.contains(node));
    let gone: BTreeMap<&NodeName, &String> =
        shares.iter().flat_map(|share| &share.context.gone).chain(forgotten).collect();
    let theirs = |share: &Share<'_>| -> Vec<UnknownResource> {
        let plan = share.plan;
        let of = |(node, store): (&NodeName, &HostPath)| {
            let is_service = |addr: &&ResourceAddr| {
                addr.kind == ResourceKind::Service
                    && addr.node() == Some(node)
                    && plan.part.selection.contains(addr)
            };
            let addr = plan.compared.keys().find(is_service)?;
            let is_told = plan.unknown.iter().any(|it| it.addr.as_ref() == Some(addr));
            let (reason, hint) = left_for_good(gone.get(node)?, store);
            let unknown =
                UnknownResource { node: Some(node.clone()), addr: Some(addr.clone()), reason, hint };
            (!is_told).then_some(unknown)
        };
        share.context.idle.iter().filter_map(of).collect()
    };
    let unknown: Vec<UnknownResource> = shares.iter().flat_map(theirs).collect();
    let is_unknown = |addr: &ResourceAddr| unknown.iter().any(|it| it.addr.as_ref() == Some(addr));
    let mut changes: Vec<Change> = shares.iter().flat_map(|share| share.plan.changes.clone()).collect();
    changes.retain(|change| !is_unknown(&change.addr));
    for change in &mut changes {
        change.depends_on.retain(|addr| !is_unknown(addr));
    }
    (changes, unknown)
}

/// Nodes one after the other by name, as they mostly go, each with what remains of its changes.
fn rollout(shares: &[Share<'_>], changes: &[Change]) -> Vec<RolloutStep> {
    let impacts: BTreeMap<&ResourceAddr, Impact> =
        changes.iter().map(|change| (&change.addr, change.impact)).collect();
    let steps = shares.iter().flat_map(|share| share.plan.rollout.clone()).filter_map(|mut step| {
        step.because.retain(|addr| impacts.contains_key(addr));
        step.impact = step.because.iter().filter_map(|addr| impacts.get(addr)).max().copied()?;
        Some(step)
    });
    let mut steps: Vec<RolloutStep> = steps.collect();
    steps.sort_by(|one, other| one.node.cmp(&other.node));
    steps.into_iter().enumerate().map(|(at, step)| RolloutStep { batch: at + 1, ..step }).collect()
}

/// Everything that is unknown to any shard, once; then what missing shards would tell, and machines with two names.
fn unknown(first: &Share<'_>, shares: &[Share<'_>], missing: &[Shard]) -> Vec<UnknownResource> {
    let mut unknown: Vec<UnknownResource> = Vec::new();
    for found in shares.iter().flat_map(|share| &share.plan.unknown) {
        let is_told = unknown.iter().any(|told| match &found.addr {
            Some(_) => told.addr == found.addr,
            None => told == found,
        });
        if !is_told {
            unknown.push(found.clone());
        }
    }
    let hint = |shard: &Shard| {
        format!(
            "run it with `--shard {shard} --format json`, and give its plan with the others; see why it brought none"
        )
    };
    for shard in missing {
        let nodes = first.context.nodes_of(shard.index());
        unknown.extend(nodes.iter().map(|node| UnknownResource {
            node: Some((*node).clone()),
            addr: None,
            reason: format!("it is in shard {shard}, which is missing"),
            hint: hint(shard),
        }));
        if shard.is_first() || nodes.is_empty() {
            let cluster = if shard.is_first() { ", and what is cluster-wide with it" } else { "" };
            let reason = format!("shard {shard} is missing{cluster}");
            unknown.push(UnknownResource { node: None, addr: None, reason, hint: hint(shard) });
        }
    }
    let machines: BTreeMap<&NodeName, Digest> = shares
        .iter()
        .flat_map(|share| &share.context.machines)
        .map(|(node, machine)| (node, *machine))
        .collect();
    // Those of one shard have been told of by it.
    let is_new = |twin: &UnknownResource| {
        !unknown
            .iter()
            .any(|told| told.node == twin.node && told.addr.is_none() && told.reason == twin.reason)
    };
    let twins: Vec<UnknownResource> = twins::among(machines).into_iter().filter(is_new).collect();
    // A shard that saw two of three names says less.
    unknown.retain(|told| !twins::is_one(told) || !twins.iter().any(|twin| twin.node == told.node));
    unknown.extend(twins);
    unknown
}

/// Returns changes so that each follows those that it depends on: what nodes rest on, then node by node, then what rests on nodes.
fn in_order(mut changes: Vec<Change>) -> Vec<Change> {
    let turn = |change: &Change| match (change.addr.node(), change.addr.kind) {
        (None, ResourceKind::Authority | ResourceKind::Certificate) => 0,
        // One that others wait for holds the finalisation of an upgrade back.
        (None, _) => 2,
        (Some(_), _) => 1,
    };
    let waited_for: BTreeSet<ResourceAddr> =
        changes.iter().flat_map(|change| change.depends_on.clone()).collect();
    let held =
        |change: &Change| change.addr.kind == ResourceKind::Version && waited_for.contains(&change.addr);
    changes.sort_by_key(|change| if held(change) { 0 } else { turn(change) });
    let mut ordered: Vec<Change> = Vec::with_capacity(changes.len());
    let mut placed: BTreeSet<ResourceAddr> = BTreeSet::new();
    let all: BTreeSet<ResourceAddr> = changes.iter().map(|change| change.addr.clone()).collect();
    while !changes.is_empty() {
        let before = ordered.len();
        let mut waiting = Vec::new();
        for change in changes {
            let is_free = change.depends_on.iter().all(|it| placed.contains(it) || !all.contains(it));
            if is_free {
                placed.insert(change.addr.clone());
                ordered.push(change);
            } else {
                waiting.push(change);
            }
        }
        changes = waiting;
        // Changes that wait for each other were never a plan's; they are shown all the same.
        if ordered.len() == before {
            ordered.append(&mut changes);
        }
    }
    ordered
}
