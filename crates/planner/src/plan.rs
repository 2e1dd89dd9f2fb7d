use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    AttributeDiff, Basis, Cause, Change, Desired, DesiredPackage, Fact, Finalize, HealthFact, Impact,
    NodeName, NodeObservation, Note, Observations, Observed, Part, Plan, Presence, Resource, ResourceAddr,
    ResourceGraph, ResourceKind, ResourceName, ShardContext, Timestamp, Transfer, UnknownResource, Verdict,
};

use crate::carriers::{carry, restart_for_removed_variables};
use crate::cause::cause;
use crate::comparison::{Comparison, Difference};
use crate::context::{AuthorityState, Context};
use crate::options::PlanOptions;
use crate::removal::{Clearance, Removals, depart, surplus};
use crate::rotation::{self, RotationStep};
use crate::{dependencies, ended, kinds, rebuilt, rollout, startable, twins};

/// Returns what must change for the nodes to be as the graph says.
///
/// Deterministic: equal inputs give equal plans. A resource that could not be read, or that stands in a
/// way that only a person may clear, is in [`Plan::unknown`] and is never changed.
pub fn plan(graph: &ResourceGraph, observations: &Observations, options: &PlanOptions) -> Plan {
    make(&Context::new(graph, observations, options.now, options.shard), options)
}

/// Returns what a step of the authority's rotation changes, and nothing else.
///
/// Deterministic, as [`plan`]. Whether it is the step's turn is told by [`rotation`](crate::rotation()).
pub fn plan_rotation(
    graph: &ResourceGraph,
    observations: &Observations,
    now: Timestamp,
    step: RotationStep,
) -> Plan {
    let context = Context::new(graph, observations, now, None).rotating(step);
    make(&context, &PlanOptions { now, skip_unknown: false, delete_data: false, shard: None })
}

fn make(context: &Context<'_>, options: &PlanOptions) -> Plan {
    let (graph, observations) = (context.graph, context.observations);
    let mut draft = Draft::default();
    draft.unknown_nodes(context);
    let is_told = |resource: &&Resource| {
        resource.presence == Presence::Present && context.view.contains(&resource.addr)
    };
    for resource in graph.resources.values().filter(is_told) {
        draft.compare(resource, context);
    }
    draft.authority_of_another_shard(context);
    for node in graph.staying().filter(|node| context.view.has(node)) {
        draft.drop_ins(node, context);
        draft.carried.extend(carry(node, graph, &mut draft.differences));
        if let Some((service, unit)) = restart_for_removed_variables(node, context, &mut draft.differences) {
            draft.compared.entry(service.clone()).and_modify(|verdict| {
                if *verdict == Verdict::Same {
                    *verdict = Verdict::Differs;
                }
            });
            draft.carried.entry(service).or_default().extend(unit);
        }
    }
    draft.put_off_restarts(context);
    if context.view.has_cluster() && context.rotation.is_none() {
        draft.notes.extend(rebuilt::unasked(context).into_iter().map(|text| Note { addr: None, text }));
    }
    if options.skip_unknown {
        draft.put_off_leaving(graph);
    }
    match context.rotation {
        None => {
            let notes = rotation::note(context).into_iter().chain(ended::note(context));
            draft.notes.extend(notes.filter(|_| context.view.has_cluster()));
            // A process may go by what is removed until it is restarted, and restarts are put off.
            if context.cut_off.is_empty() {
                draft.take_away_unwanted(context, options);
            } else {
                let leaving = graph.leaving().filter(|node| context.view.has(node));
                let text = |node| format!("nothing is taken off {node} yet: {}", not_accepted(context));
                draft.notes.extend(leaving.map(|node| Note { addr: None, text: text(node) }));
            }
        }
        Some(step) => {
            draft.differences.retain(|addr, difference| step.concerns(graph.resources.get(addr), difference));
        }
    }
    draft.refuse_starts(context);
    if options.skip_unknown {
        draft.leave_unknown_alone(context);
    }
    crate::busy::judge(draft.finish(graph, observations, context), context)
}

/// Returns what those need who join a shard's plan with those of the others.
fn shard_context(context: &Context<'_>) -> Option<ShardContext> {
    let mut told = context.view.context(context.graph, context.observations)?;
    if context.view.has_cluster() {
        let others = context.graph.staying().filter(|node| !context.view.has(node));
        let gone = others.filter_map(|node| Some((node.clone(), context.gone(node)?)));
        (told.gone, told.forgotten) = gone.partition(|(node, _)| context.member(node).is_some());
    }
    let own = || context.graph.staying().filter(|node| context.view.has(node));
    let idle = |node: &NodeName| {
        let service = context.graph.service(node)?;
        let is_idle = kinds::service::is_idle(context.service(node)?);
        is_idle.then(|| (node.clone(), service.store.clone()))
    };
    told.idle = own().filter_map(idle).collect();
    told.unserved = own()
        .filter(|node| context.observations.reading(node).is_some() && !context.has_served(node))
        .cloned()
        .collect();
    Some(told)
}

/// Whether a node that leaves may be stopped although the cluster knows no member by its address. What has left is forgotten by
/// its address after a while; but a node may also be known by another address, and its store be in use.
fn may_be_forgotten(node: &NodeName, context: &Context<'_>) -> Result<(), String> {
    let used = context.service(node).is_none_or(|service| service.store_used == Some(true));
    if let Some(member) = context.strangers().next().filter(|_| used || context.is_running(node)) {
        let at = member.address.as_deref().unwrap_or("an unknown address");
        return Err(format!(
            "the cluster does not know it by its address, and it may be n{} at {at}, which has not left: see `cockroach node \
             status`; when it is, write that address for it, else clear {node} by hand",
            member.id
        ));
    }
    // What has left stands there until it is stopped, never ready again.
    if context.is_running(node) && (context.removed(node).is_none() || context.is_ready(node)) {
        return Err("it runs, and the cluster does not know it by its address: see `cockroach node status`; when it is no \
                    member, stop it by hand"
            .to_owned());
    }
    Ok(())
}

#[derive(Default)]
struct Draft {
    differences: BTreeMap<ResourceAddr, Difference>,
    before: BTreeMap<ResourceAddr, Fact>,
    unknown: Vec<UnknownResource>,
    notes: Vec<Note>,
    /// Nodes of which something is unknown that is told of the authority instead.
    undetermined: BTreeSet<NodeName>,
    /// What goes before a removal that has no resource in the graph.
    after: BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>>,
    compared: BTreeMap<ResourceAddr, Verdict>,
    /// Services of which all that differs is told of other resources, with these.
    carried: BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>>,
    /// Why what CockroachDB alone can tell is not looked at.
    deferred: Vec<(ResourceAddr, String)>,
}

/// What to do when a shard does not see enough.
const WITHOUT_SHARDS: &str = "look at all nodes at once, without --shard";

/// Why nobody can ask the cluster before certificates are replaced.
fn not_accepted(context: &Context<'_>) -> String {
    let names: Vec<&str> = context.cut_off.iter().map(NodeName::as_str).collect();
    format!("the certificates with which CockroachDB runs on {} are not accepted any more", names.join(", "))
}

/// Whether only a node that answers can tell of a resource.
fn is_told_by_cockroach(desired: &Desired) -> bool {
    matches!(desired, Desired::Setting(_) | Desired::Members(_) | Desired::Version(_))
}

/// Whether a resource cannot be told while any node cannot be read: not worth a line of its own then.
fn depends_on_all(desired: &Desired) -> bool {
    matches!(desired, Desired::Init(_) | Desired::Setting(_) | Desired::Members(_) | Desired::Version(_))
}

impl Draft {
    fn unknown_nodes(&mut self, context: &Context<'_>) {
        let (graph, observations, view) = (context.graph, context.observations, &context.view);
        // Where all leave, the cluster is destroyed: what cannot be read would stay behind without a word.
        let some_stay = graph.staying().next().is_some();
        for node in graph.nodes.keys().filter(|node| view.has(node)) {
            if graph.is_leaving(node) && some_stay {
                // A node that is decommissioned may be a dead machine.
                if let Some(NodeObservation::Unreadable(unreadable)) = observations.nodes.get(node) {
                    let text = format!(
                        "{node} leaves and could not be read; nothing is done on it: {}",
                        unreadable.reason
                    );
                    self.notes.push(Note { addr: None, text });
                }
                continue;
            }
            let (reason, hint) = match observations.nodes.get(node) {
                Some(NodeObservation::Read(_)) => continue,
                Some(NodeObservation::Unreadable(unreadable)) => {
                    (unreadable.reason.clone(), unreadable.hint.clone())
                }
                None => ("it is not among the observations".to_owned(), "probe it".to_owned()),
            };
            self.unknown.push(UnknownResource { node: Some(node.clone()), addr: None, reason, hint });
        }
        let is_told = |unknown: &UnknownResource| unknown.node.as_ref().is_some_and(|node| view.has(node));
        self.unknown.extend(twins::unknown(observations).into_iter().filter(is_told));
        if let Some(shard) = view.shard.filter(|_| view.is_empty()) {
            self.notes.push(Note { addr: None, text: format!("no nodes in shard {shard}") });
        }
    }

    /// Tells of an authority that is unknown where it is not compared itself, and something hangs on it.
    fn authority_of_another_shard(&mut self, context: &Context<'_>) {
        let AuthorityState::Unknown { reason, .. } = &context.authority else { return };
        if context.view.has_cluster() || self.undetermined.is_empty() {
            return;
        }
        let mut all = context.graph.resources.values();
        if let Some(authority) = all.find(|resource| matches!(resource.desired, Desired::Authority(_))) {
            self.unknown_resource(authority, reason.clone(), WITHOUT_SHARDS.to_owned());
        }
    }

    fn compare(&mut self, resource: &Resource, context: &Context<'_>) {
        let observed = context.observations.of(&resource.addr);
        let node_is_unread =
            resource.addr.node().is_some_and(|node| context.observations.reading(node).is_none());
        if node_is_unread {
            return;
        }
        // Without the archive's index there is nothing to compare with.
        if let Desired::Package(DesiredPackage { unknown: Some(unknown), .. }) = &resource.desired {
            self.compared.insert(resource.addr.clone(), Verdict::Unknown);
            self.unknown_resource(resource, unknown.reason.clone(), unknown.hint.clone());
            return;
        }
        let found = match observed {
            Observed::Unknown { .. } | Observed::Deferred { .. }
                if !context.cut_off.is_empty() && is_told_by_cockroach(&resource.desired) =>
            {
                self.defer(resource, context);
                return;
            }
            Observed::Unknown { reason } => {
                self.compared.insert(resource.addr.clone(), Verdict::Unknown);
                // What depends on every node is not worth a line of its own when a node is missing.
                let told = depends_on_all(&resource.desired) && !self.unknown.is_empty();
                if !told {
                    // A shard is none of what could be mended.
                    let is_beyond = depends_on_all(&resource.desired) && context.view.unseen().is_some();
                    let mend = "mend what keeps it from being read, then plan again";
                    let hint = if is_beyond { WITHOUT_SHARDS } else { mend };
                    self.unknown_resource(resource, reason, hint.to_owned());
                }
                return;
            }
            // A node of another shard may be ready to be asked.
            Observed::Deferred { reason } if context.view.unseen().is_some() => {
                self.compared.insert(resource.addr.clone(), Verdict::Unknown);
                if self.unknown.is_empty() {
                    let reason = format!("in this shard {reason}");
                    self.unknown_resource(resource, reason, WITHOUT_SHARDS.to_owned());
                }
                return;
            }
            Observed::Deferred { reason } => {
                match kinds::must_be_asked(resource, context) {
                    Some(hint) => {
                        self.compared.insert(resource.addr.clone(), Verdict::Unknown);
                        self.unknown_resource(resource, reason, hint.to_owned());
                    }
                    None => {
                        self.deferred.push((resource.addr.clone(), reason));
                    }
                }
                return;
            }
            Observed::Absent => None,
            Observed::Present(fact) => Some(*fact),
        };
        let told = kinds::notes(resource, found.as_ref(), context);
        let note = |text| Note { addr: Some(resource.addr.clone()), text };
        self.notes.extend(told.into_iter().map(note));
        let comparison = kinds::compare(resource, found.as_ref(), context);
        let verdict = match comparison {
            Comparison::Same { .. } => Verdict::Same,
            Comparison::Differs(_) => Verdict::Differs,
            Comparison::Unknown { .. } => Verdict::Unknown,
        };
        self.compared.insert(resource.addr.clone(), verdict);
        match comparison {
            Comparison::Same { .. } => {
                let note = found.as_ref().and_then(|found| kinds::note(resource, found, context));
                let addr = || Some(resource.addr.clone());
                self.notes.extend(note.map(|text| Note { addr: addr(), text }));
            }
            Comparison::Differs(difference) => {
                self.differences.insert(resource.addr.clone(), difference);
            }
            Comparison::Unknown { reason, hint } => {
                let of_authority = matches!(
                    resource.desired,
                    Desired::Ca(_) | Desired::NodeCertificate(_) | Desired::ClientCertificate(_)
                );
                // An unknown authority is told once, not once a certificate.
                if of_authority && matches!(context.authority, AuthorityState::Unknown { .. }) {
                    self.undetermined.extend(resource.addr.node().cloned());
                } else {
                    self.unknown_resource(resource, reason, hint);
                }
            }
        }
        if let Some(Fact::Service(service)) = &found
            && let HealthFact::NotReady(why) = &service.health
        {
            let text = format!("runs and is not ready: {why}");
            self.notes.push(Note { addr: Some(resource.addr.clone()), text });
        }
        if let Some(fact) = found {
            self.before.insert(resource.addr.clone(), fact);
        }
    }

    /// Leaves what only CockroachDB can tell for the next plan: nobody can ask it before its certificates are replaced.
    fn defer(&mut self, resource: &Resource, context: &Context<'_>) {
        let reason = not_accepted(context);
        if matches!(resource.desired, Desired::Version(_)) && context.movement.is_ahead() {
            self.compared.insert(resource.addr.clone(), Verdict::Unknown);
            let hint = "write `cockroach.version` as it runs and apply, so that certificates are replaced; upgrade afterwards";
            self.unknown_resource(resource, reason, hint.to_owned());
        } else {
            self.deferred.push((resource.addr.clone(), reason));
        }
    }

    /// Puts off what restarts nodes that run, until their certificates are accepted again: no gate could be passed before.
    fn put_off_restarts(&mut self, context: &Context<'_>) {
        if context.cut_off.is_empty() {
            return;
        }
        let mut put_off = BTreeSet::new();
        self.differences.retain(|addr, difference| {
            let Some(node) = addr.node().filter(|node| context.is_running(node)) else { return true };
            let restarts = |attribute: &AttributeDiff| attribute.impact == Impact::Restart;
            if !difference.attributes.iter().any(restarts) {
                return true;
            }
            put_off.insert(node.clone());
            // A service may have to be enabled, or told to read its certificates, as well.
            difference.attributes.retain(|attribute| !restarts(attribute));
            addr.kind == ResourceKind::Service && !difference.attributes.is_empty()
        });
        if !put_off.is_empty() {
            let names: Vec<&str> = put_off.iter().map(NodeName::as_str).collect();
            let text = format!(
                "what restarts {} is put off until certificates are accepted again: plan again after this apply",
                names.join(", ")
            );
            self.notes.push(Note { addr: None, text });
        }
    }

    fn unknown_resource(&mut self, resource: &Resource, reason: String, hint: String) {
        self.unknown.push(UnknownResource {
            node: resource.addr.node().cloned(),
            addr: Some(resource.addr.clone()),
            reason,
            hint,
        });
    }

    /// Makes a service unknown that is to be started or restarted and would not start. One that is left as it is gets a note.
    fn refuse_starts(&mut self, context: &Context<'_>) {
        for node in context.graph.staying().filter(|node| context.view.has(node)) {
            let blockers =
                context.observations.reading(node).map_or(&[][..], |it| it.start_blockers.as_slice());
            let service = |resource: &&Resource| matches!(resource.desired, Desired::Service(_));
            let Some(service) = context.graph.of_node(node).find(service) else { continue };
            let unseen = startable::unseen(node, context);
            if blockers.is_empty() && unseen.is_none() {
                continue;
            }
            // Whatever is told of it already comes first.
            if self.compared.get(&service.addr) == Some(&Verdict::Unknown) {
                continue;
            }
            let starts = startable::starts(node, &service.addr, &self.differences);
            let note = |text: String| Note { addr: Some(service.addr.clone()), text };
            let would_not_start = startable::refusal(blockers);
            let refusal = match &would_not_start {
                Some((reason, hint)) => {
                    Some((format!("CockroachDB would not start: {reason}"), hint.clone()))
                }
                None => unseen.clone(),
            };
            if let Some((reason, hint)) = refusal.filter(|_| starts) {
                self.differences.remove(&service.addr);
                self.compared.insert(service.addr.clone(), Verdict::Unknown);
                self.unknown_resource(service, reason, hint);
                continue;
            }
            self.notes.extend(unseen.map(|(reason, hint)| note(format!("{reason}. Next: {hint}"))));
            match would_not_start {
                Some((reason, hint)) => {
                    self.notes.push(note(format!("would not start again: {reason}. Next: {hint}")));
                }
                None if starts => {
                    self.notes.extend(blockers.iter().map(|it| note(format!("{it}. Next: {}", it.hint()))));
                }
                None => {}
            }
        }
    }

    fn drop_ins(&mut self, node: &NodeName, context: &Context<'_>) {
        let Some(reading) = context.observations.reading(node) else { return };
        let unit = context.graph.of_node(node).find_map(|resource| match &resource.desired {
            Desired::Unit(unit) => Some(unit),
            _ => None,
        });
        let Some(unit) = unit else { return };
        for drop_in in &reading.drop_ins {
            let file_name = drop_in.path.rsplit('/').next().unwrap_or_default();
            let short = ResourceAddr::on_node(
                node.clone(),
                ResourceKind::DropIn,
                ResourceName::encode(file_name.as_bytes()),
            );
            // Two directories may hold a file of one name: the second goes by its whole path.
            let addr = if self.before.contains_key(&short) {
                let name = ResourceName::encode(drop_in.path.as_bytes());
                ResourceAddr::on_node(node.clone(), ResourceKind::DropIn, name)
            } else {
                short
            };
            self.before.insert(addr.clone(), Fact::DropIn(drop_in.clone()));
            self.compared.insert(addr.clone(), Verdict::Same);
            if unit.set_drop_ins_aside {
                self.differences.insert(addr, kinds::drop_in::set_aside(drop_in));
            } else {
                let text = format!("{} is not in the manifest and is left as it is", drop_in.path);
                self.notes.push(Note { addr: Some(addr), text });
            }
        }
    }

    fn take_away_unwanted(&mut self, context: &Context<'_>, options: &PlanOptions) {
        let (graph, observations) = (context.graph, context.observations);
        for node in graph.nodes.keys().filter(|node| context.view.has(node)) {
            let Some(reading) = observations.reading(node) else { continue };
            if graph.is_leaving(node) {
                let removals = depart(graph, node, reading, options.delete_data);
                match self.may_depart(node, context) {
                    Ok(()) => self.take_away(removals),
                    Err(_) if removals.differences.is_empty() => {}
                    Err(why) => {
                        let text = format!("nothing is taken off {node} yet: {why}");
                        self.notes.push(Note { addr: None, text });
                    }
                }
            } else {
                let mut clearance = Clearance::of(graph, node, reading);
                clearance.things();
                clearance.accounts();
                let mut removals = clearance.removals;
                removals.add(surplus(graph, node, reading));
                self.take_away_last(node, removals);
            }
        }
    }

    /// Whether a node that leaves may be stopped: it has left the cluster, or this plan has it leave first. The dependency on
    /// that is in the graph; here it is seen that there is something to depend on.
    fn may_depart(&self, node: &NodeName, context: &Context<'_>) -> Result<(), String> {
        let Some(members) = context.graph.of_cluster(ResourceKind::Members).next() else { return Ok(()) };
        let leaves = self.differences.get(&members.addr).is_some_and(|difference| {
            difference.attributes.iter().any(|attribute| attribute.name == node.as_str())
        });
        if leaves {
            return Ok(());
        }
        match context.observations.of(&members.addr) {
            // A cluster without data has nobody to leave it.
            Observed::Absent => Ok(()),
            Observed::Unknown { reason } | Observed::Deferred { reason } => {
                Err(format!("whether it has left the cluster is not known: {reason}"))
            }
            Observed::Present(_) => match context.member(node) {
                Some(member) if member.has_left() => Ok(()),
                Some(member) => {
                    let at = member.address.as_deref().unwrap_or("an unknown address");
                    Err(format!("it has not left the cluster, where it is n{} at {at}", member.id))
                }
                None => may_be_forgotten(node, context),
            },
        }
    }

    fn take_away(&mut self, removals: Removals) {
        self.differences.extend(removals.differences);
        self.before.extend(removals.before);
        self.after.extend(removals.after);
        self.notes.extend(removals.notes);
        self.unknown.extend(removals.unknown);
        self.compared.extend(removals.compared);
    }

    /// On a node that stays, what goes does so when everything else of it is done: what runs has changed over before.
    fn take_away_last(&mut self, node: &NodeName, mut removals: Removals) {
        let others: BTreeSet<ResourceAddr> =
            crate::carriers::of_node(&self.differences, node).cloned().collect();
        for before in removals.after.values_mut() {
            before.extend(others.iter().cloned());
        }
        self.take_away(removals);
    }

    /// Has nobody leave while a node that stays cannot be read: whether it is well decides whether others may go.
    fn put_off_leaving(&mut self, graph: &ResourceGraph) {
        let stays = |node: &NodeName| !graph.is_leaving(node);
        let is_unread =
            self.unknown.iter().any(|it| it.addr.is_none() && it.node.as_ref().is_some_and(stays));
        let members = graph.of_cluster(ResourceKind::Members).map(|members| members.addr.clone()).next();
        if let Some(addr) = members.filter(|_| is_unread)
            && self.differences.remove(&addr).is_some()
        {
            let text = "is put off until every node that stays can be read".to_owned();
            self.notes.push(Note { addr: Some(addr), text });
        }
    }

    /// Drops every change of a node of which anything is unknown, and cluster-wide ones that such a node forbids.
    fn leave_unknown_alone(&mut self, context: &Context<'_>) {
        let graph = context.graph;
        let crossing = self.crossing_unseen(context);
        if self.unknown.is_empty() && crossing.is_empty() {
            return;
        }
        let mut nodes = std::mem::take(&mut self.undetermined);
        nodes.extend(self.unknown.iter().filter_map(|unknown| unknown.node.clone()));
        let left = |node: &NodeName| nodes.contains(node) || crossing.contains(node);
        self.differences.retain(|addr, _| addr.node().is_none_or(|node| !left(node)));
        self.put_off_replacing(left);
        let names: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
        let text = match &names[..] {
            [] => None,
            [name] => Some(format!("{name} is left alone: not all of it could be read")),
            several => Some(format!("{} are left alone: not all of them could be read", several.join(", "))),
        };
        self.notes.extend(text.map(|text| Note { addr: None, text }));
        let names: Vec<&str> = crossing.difference(&nodes).map(NodeName::as_str).collect();
        if !names.is_empty() {
            let (names, are) = (names.join(", "), if names.len() == 1 { "is" } else { "are" });
            let text = format!(
                "{names} {are} left alone: whether the cluster may go to another series hangs on its version, which is not known"
            );
            self.notes.push(Note { addr: None, text });
        }
        // A new authority, and the initialisation, concern nodes that cannot be seen now.
        let risky: Vec<ResourceAddr> = graph
            .resources
            .values()
            .filter(|resource| match &resource.desired {
                // In the place of one that has ended it takes nothing from anybody; a node that comes back gets its own then.
                Desired::Authority(_) => !matches!(context.authority, AuthorityState::Ended { .. }),
                Desired::Init(_) => true,
                _ => false,
            })
            .map(|resource| resource.addr.clone())
            .collect();
        let dropped: Vec<&ResourceAddr> =
            risky.iter().filter(|addr| self.differences.remove(*addr).is_some()).collect();
        if dropped.iter().any(|addr| addr.kind == ResourceKind::Authority) {
            self.differences.retain(|addr, _| {
                addr.kind != ResourceKind::Certificate && addr.kind != ResourceKind::Service
            });
        }
        for addr in dropped {
            let text = "is put off until every node can be read".to_owned();
            self.notes.push(Note { addr: Some(addr.clone()), text });
        }
    }

    /// Has no dead member decommissioned whose place a node would take that is left alone.
    fn put_off_replacing(&mut self, is_left: impl Fn(&NodeName) -> bool) {
        let is_put_off = |(addr, difference): (&ResourceAddr, &Difference)| match difference
            .desired
            .as_deref()
        {
            Some(Desired::Members(desired)) if desired.replaced.keys().any(&is_left) => Some(addr.clone()),
            _ => None,
        };
        if let Some(addr) = self.differences.iter().find_map(is_put_off) {
            self.differences.remove(&addr);
            let text = "is put off until the nodes can join that take the place of dead members".to_owned();
            self.notes.push(Note { addr: Some(addr), text });
        }
    }

    /// Has a dead member wait for the node alone that takes its place: nodes that restart wait for it to be decommissioned.
    fn replace_early(&self, dependencies: &mut BTreeMap<ResourceAddr, BTreeSet<ResourceAddr>>) {
        for (addr, difference) in &self.differences {
            if let Some(Desired::Members(desired)) = difference.desired.as_deref()
                && desired.leaving.is_empty()
                && let Some(before) = dependencies.get_mut(addr)
            {
                before.retain(|it| it.node().is_none_or(|node| desired.replaced.contains_key(node)));
            }
        }
    }

    /// The nodes that would go to another series while it is not known whether the cluster may, or whether its
    /// finalisation is held back: there is no way back from one that was not meant.
    fn crossing_unseen(&self, context: &Context<'_>) -> BTreeSet<NodeName> {
        let is_unknown = context
            .graph
            .of_cluster(ResourceKind::Version)
            .any(|resource| self.compared.get(&resource.addr) == Some(&Verdict::Unknown));
        if !is_unknown || !context.movement.is_ahead() {
            return BTreeSet::new();
        }
        context.graph.staying().filter(|node| !context.movement.has_arrived(node)).cloned().collect()
    }

    /// The change that holds the finalisation of an upgrade back, when there is one.
    fn hold(&self, graph: &ResourceGraph) -> Option<ResourceAddr> {
        let mut versions = graph.of_cluster(ResourceKind::Version).filter(|resource| {
            matches!(&resource.desired, Desired::Version(desired) if desired.finalize == Finalize::Manual)
        });
        versions.find(|resource| self.differences.contains_key(&resource.addr)).map(|it| it.addr.clone())
    }

    /// What is not compared before the nodes are changed is looked at afterwards. Where nothing of them is changed and some run, nothing
    /// will come of waiting.
    fn tell_deferred(&mut self, context: &Context<'_>) {
        let Some((_, reason)) = self.deferred.first() else { return };
        let changes = self.differences.keys().any(|addr| addr.node().is_some());
        if changes || !context.graph.staying().any(|node| context.is_running(node)) {
            let text = format!("settings, members and the cluster's version are not compared: {reason}");
            self.notes.push(Note { addr: None, text });
            return;
        }
        for (addr, reason) in std::mem::take(&mut self.deferred) {
            self.compared.insert(addr.clone(), Verdict::Unknown);
            // What depends on every node is not worth a line of its own beside others.
            if self.unknown.is_empty() {
                let hint = "see why no node is ready, then plan again".to_owned();
                self.unknown.push(UnknownResource { node: None, addr: Some(addr), reason, hint });
            }
        }
    }

    fn finish(mut self, graph: &ResourceGraph, observations: &Observations, context: &Context<'_>) -> Plan {
        self.tell_deferred(context);
        let changed: BTreeSet<ResourceAddr> = self.differences.keys().cloned().collect();
        // Restarts may have moved to resources that are as they shall be, and what is left alone has no change.
        self.compared.extend(changed.iter().map(|addr| (addr.clone(), Verdict::Differs)));
        for (addr, verdict) in &mut self.compared {
            if *verdict == Verdict::Differs && !changed.contains(addr) {
                let is_carried = self.carried.get(addr).is_some_and(|carriers| carriers.is_subset(&changed));
                *verdict = if is_carried { Verdict::Carried } else { Verdict::PutOff };
            }
        }
        let mut dependencies = dependencies::among(graph, &changed, &self.after);
        self.replace_early(&mut dependencies);
        let hold = self.hold(graph);
        let mut changes = Vec::new();
        let mut order = dependencies::order(graph, &changed, &self.after);
        if let Some(hold) = &hold {
            // Before the first node, on which the hold must be in place.
            dependencies.insert(hold.clone(), BTreeSet::new());
            order.retain(|addr| addr != hold);
            let at = order.iter().position(|addr| addr.node().is_some()).unwrap_or(order.len());
            order.insert(at, hold.clone());
            let restarts = |difference: &Difference| {
                difference.attributes.iter().any(|attribute| attribute.impact == Impact::Restart)
            };
            // A node that is down gets there when it is started.
            let starts = |addr: &ResourceAddr| {
                matches!(addr.kind, ResourceKind::Link | ResourceKind::Service)
                    && addr
                        .node()
                        .is_some_and(|node| !graph.is_leaving(node) && !context.movement.has_arrived(node))
            };
            let waits =
                |(addr, difference): &(&ResourceAddr, &Difference)| restarts(difference) || starts(addr);
            for (addr, _) in self.differences.iter().filter(waits) {
                dependencies.entry(addr.clone()).or_default().insert(hold.clone());
            }
        }
        for addr in order {
            let Some(difference) = self.differences.remove(&addr) else { continue };
            let resource = graph.resources.get(&addr);
            let before = self.before.remove(&addr);
            let is_removed = difference.removal.is_some();
            let (cause, words) = match resource.filter(|_| !is_removed) {
                None if is_removed => (Cause::Surplus, None),
                Some(resource) => cause(resource, &difference, before.as_ref(), context),
                None => (Cause::Drift, None),
            };
            let impact = difference.attributes.iter().map(|a| a.impact).max().unwrap_or(Impact::None);
            changes.push(Change {
                action: difference.action,
                cause,
                reason: difference.reason.or(words),
                attributes: difference.attributes,
                unchanged: difference.unchanged,
                impact,
                depends_on: dependencies.get(&addr).cloned().unwrap_or_default(),
                desired: difference
                    .desired
                    .map(|desired| *desired)
                    .or_else(|| resource.filter(|_| !is_removed).map(|resource| resource.desired.clone())),
                removal: difference.removal,
                before,
                bytes: difference.bytes,
                addr,
            });
        }
        let transfers = changes
            .iter()
            .filter(|change| change.addr.kind == ResourceKind::Package && change.bytes > 0)
            .filter_map(|change| {
                let node = change.addr.node()?.clone();
                Some(Transfer { node, addr: change.addr.clone(), bytes: change.bytes })
            })
            .collect();
        let rollout = rollout::steps(&changes, context);
        self.notes.extend(rollout::notes(&rollout, context));
        Plan {
            format_version: Plan::FORMAT_VERSION,
            cluster: graph.cluster.clone(),
            basis: Basis {
                manifest: graph.manifest,
                cluster: observations.cluster_digest(),
                nodes: graph
                    .nodes
                    .keys()
                    .filter(|node| context.view.has(node))
                    .filter_map(|node| Some((node.clone(), observations.reading(node)?.digest)))
                    .collect(),
            },
            pace: rollout::pace(context),
            rollout,
            changes,
            transfers,
            unknown: self.unknown,
            notes: self.notes,
            compared: self.compared,
            part: Part {
                shard: context.view.shard,
                context: shard_context(context).map(Box::new),
                ..Part::default()
            },
            left_out: Vec::new(),
        }
    }
}
