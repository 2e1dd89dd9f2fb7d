//! One file a kind: the shell text that makes a change. What a step does is what the plan said, no more.

mod account;
mod certificate;
mod directory;
mod drop_in;
mod file;
mod firewall;
mod link;
pub(crate) mod package;
mod removal;
pub(crate) mod service;

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Action, AllowFrom, Change, Desired, DesiredFirewall, Fact, HostPath, Impact, Presence, Removal,
    ResourceGraph, begun_rule,
};
use crdbctl_planner::rules_there;

use crate::issue::{IssueFailure, Issuer};
use crate::step::{Step, call};

/// Returns the step that makes a change on its node; `None` for what has a way of its own: packages that
/// travel, and cluster-wide resources.
pub(crate) fn step(change: &Change, issuer: &Issuer<'_>) -> Result<Option<Step>, IssueFailure> {
    if let Some(removal) = &change.removal {
        return Ok(Some(removal::step(change, removal)));
    }
    let Some(desired) = &change.desired else {
        return Ok(match &change.before {
            Some(Fact::DropIn(drop_in)) => Some(drop_in::set_aside(&change.addr, drop_in)),
            _ => None,
        });
    };
    let step = match desired {
        Desired::Authority(_)
        | Desired::ClientCertificate(_)
        | Desired::Init(_)
        | Desired::Setting(_)
        | Desired::Members(_)
        | Desired::Version(_) => return Ok(None),
        Desired::Group(desired) => account::group(&change.addr, desired),
        Desired::User(desired) => account::user(change, desired),
        Desired::Package(_) if change.bytes > 0 => return Ok(None),
        Desired::Package(desired) => package::amend(&change.addr, desired),
        Desired::Directory(desired) => directory::step(&change.addr, desired),
        Desired::Link(desired) => link::step(change, desired),
        Desired::Ca(desired) => certificate::ca(change, desired, issuer)?,
        Desired::NodeCertificate(desired) => certificate::node(change, desired, issuer)?,
        Desired::File(desired) => file::step(change, desired),
        Desired::Firewall(desired) => firewall::step(&change.addr, desired),
        Desired::Unit(desired) => file::step(change, &desired.file),
        Desired::Service(desired) => service::step(change, desired),
    };
    Ok(Some(if creates(change) { begun(change, step) } else { step }))
}

/// Returns the lines that keep a removal from what the manifest has on the same node and that can be reached by another path too.
pub(crate) fn sparing(change: &Change, graph: &ResourceGraph) -> String {
    let removed: Vec<&HostPath> = match &change.removal {
        Some(Removal::Files { paths, .. }) => paths.iter().collect(),
        Some(
            Removal::Link { path, .. }
            | Removal::Directory { path }
            | Removal::Data { path, .. }
            | Removal::Package { path, .. },
        ) => vec![path],
        _ => return String::new(),
    };
    let Some(node) = change.addr.node() else { return String::new() };
    let present = graph.of_node(node).filter(|resource| resource.presence == Presence::Present);
    let live: Vec<HostPath> = present.flat_map(|resource| resource.desired.paths()).collect();
    if live.is_empty() {
        return String::new();
    }
    let line = |path: &&HostPath| {
        let words = std::iter::once(path.as_str()).chain(live.iter().map(HostPath::as_str));
        format!("({})\n", call("spare", &words.collect::<Vec<_>>()))
    };
    removed.iter().map(line).collect()
}

/// Returns whether what stands there after a change was made by crdbctl: nothing was there, or what was there is set
/// aside or superseded. A package keeps its directory, whoever made that.
pub(crate) fn creates(change: &Change) -> bool {
    match (change.action, &change.desired) {
        (Action::Create, _) => true,
        (Action::Replace, Some(desired)) => !matches!(desired, Desired::Package(_)),
        // The firewall itself is always there: what is made is the rules.
        (Action::Update, Some(Desired::Firewall(desired))) => !added_rules(change, desired).is_empty(),
        _ => false,
    }
}

/// Returns whom a change lets in through a firewall's profile who was not let in by it before.
pub(crate) fn added_rules(change: &Change, desired: &DesiredFirewall) -> BTreeSet<AllowFrom> {
    let all = BTreeMap::from([(desired.profile.clone(), desired.allow_from.clone())]);
    let there = match &change.before {
        Some(Fact::Firewall(found)) => rules_there(&all, found).remove(&desired.profile).unwrap_or_default(),
        // Nothing is known to be crdbctl's.
        _ => return BTreeSet::new(),
    };
    desired.allow_from.difference(&there).cloned().collect()
}

/// Returns a step that first notes what it sets out to create: an apply that is interrupted before the record is
/// written still knows afterwards what it made.
pub(crate) fn begun(change: &Change, mut step: Step) -> Step {
    let paths = change.desired.as_ref().map(Desired::paths).unwrap_or_default();
    let local = change.addr.local();
    let words: Vec<&str> =
        std::iter::once(local.as_str()).chain(paths.iter().map(|path| path.as_str())).collect();
    let mut lines = vec![call("begin", &words)];
    if let Some(Desired::Firewall(desired)) = &change.desired {
        let added = added_rules(change, desired);
        lines.extend(added.iter().map(|from| call("begin", &[&begun_rule(&local, &desired.profile, from)])));
    }
    step.body = format!("{}\n{}", lines.join("\n"), step.body);
    step
}

/// The line that notes what is still to be done to the process, before the change that asks for it.
fn note_pending(impact: Impact) -> &'static str {
    match impact {
        Impact::None => "",
        Impact::Reload => "pending reload\n",
        Impact::Restart => "pending restart\n",
    }
}
