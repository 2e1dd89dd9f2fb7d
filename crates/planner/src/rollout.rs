use std::collections::BTreeMap;

use crdbctl_model::{Change, HealthFact, Impact, NodeName, Note, Pace, ResourceGraph, RolloutStep};

use crate::context::Context;

/// How many localities must stand beside each other before nodes of one of them may go together: with fewer, one
/// holds the majority of some range's replicas.
const GROUPS: usize = 3;

/// How many nodes of one locality may go together while the others have too few for the system ranges: those have five
/// replicas (CockroachDB docs, replication zones), and a locality gets those for which the others have no node.
const PAIR: usize = 2;

/// How many nodes the other localities need so that they hold the majority of five replicas.
const MAJORITY_OF_FIVE: usize = 3;

/// Returns the nodes that are disrupted, in order, each with the greatest impact of its changes.
///
/// Nodes that run and do not serve come first: nothing is lost by them. Then they go by name, each with as many
/// of its own locality as may be down at once.
pub(crate) fn steps(changes: &[Change], context: &Context<'_>) -> Vec<RolloutStep> {
    let mut steps: BTreeMap<&NodeName, RolloutStep> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.impact > Impact::None) {
        let Some(node) = change.addr.node() else { continue };
        let step = steps.entry(node).or_insert_with(|| RolloutStep {
            node: node.clone(),
            batch: 0,
            impact: change.impact,
            because: Vec::new(),
        });
        step.impact = step.impact.max(change.impact);
        step.because.push(change.addr.clone());
    }
    let companions = Companions::of(context.graph);
    let (mut serving, unwell): (Vec<RolloutStep>, Vec<RolloutStep>) =
        steps.into_values().partition(|step| serves(&step.node, context));
    let mut ordered = Vec::with_capacity(serving.len() + unwell.len());
    for (index, step) in unwell.into_iter().enumerate() {
        ordered.push(RolloutStep { batch: index + 1, ..step });
    }
    let mut batch = ordered.len();
    while !serving.is_empty() {
        batch += 1;
        let first = serving.remove(0);
        let mut room = companions.most_with(&first.node) - 1;
        let (together, rest) = serving.into_iter().partition(|other| {
            let goes = room > 0
                && (first.impact, other.impact) == (Impact::Restart, Impact::Restart)
                && companions.may_go_together(&first.node, &other.node);
            room -= usize::from(goes);
            goes
        });
        serving = rest;
        let together: Vec<RolloutStep> = together;
        ordered.extend(std::iter::once(first).chain(together).map(|step| RolloutStep { batch, ..step }));
    }
    ordered
}

/// Returns what a rollout waits for whatever the hosts do. The second look at the ranges is sure only where the first can be
/// had: in an initialised cluster of which every node is ready.
pub(crate) fn pace(context: &Context<'_>) -> Pace {
    let graph = context.graph;
    let is_sure = graph.staying().all(|node| context.is_ready(node));
    Pace { settle: graph.rollout.settle, ranges_pause: is_sure.then_some(graph.rollout.ranges_pause) }
}

/// Returns what readers of the plan should know of its disruption.
pub(crate) fn notes(steps: &[RolloutStep], context: &Context<'_>) -> Vec<Note> {
    let graph = context.graph;
    let note = |text: String| Note { addr: None, text };
    let mut notes = Vec::new();
    let restarted: Vec<&RolloutStep> = steps.iter().filter(|step| step.impact == Impact::Restart).collect();
    let serving: Vec<&NodeName> = restarted
        .iter()
        .map(|step| &step.node)
        .filter(|node| health(node, context) == Some(&HealthFact::Ready))
        .collect();
    match (graph.staying().count(), serving.as_slice()) {
        (_, []) => {}
        (1, _) => notes.push(note("the cluster has one node: while it restarts, nothing answers".to_owned())),
        (2, _) => notes.push(note(
            "the cluster has two nodes, which hold no three replicas: while one restarts, part of the data may not \
             answer"
                .to_owned(),
        )),
        _ => {}
    }
    let most = graph.rollout.max_unavailable;
    let is_alone = restarted.windows(2).all(|pair| pair[0].batch != pair[1].batch);
    if most > 1 && restarted.len() > 1 && is_alone {
        notes.push(note(format!(
            "rollout.max_unavailable is {most}, and nodes go one at a time all the same: only nodes of one locality \
             go together, where three localities or more stand beside each other within a region"
        )));
    }
    let hooks = [
        ("before_node", &graph.hooks.before_node, "before"),
        ("after_node", &graph.hooks.after_node, "after"),
    ];
    for (name, command, when) in hooks {
        if let Some(command) = command
            && !steps.is_empty()
        {
            let what = if restarted.is_empty() { "reload" } else { "restart or reload" };
            notes.push(note(format!(
                "hooks.{name} runs on this host {when} each {what} of a node: {command}"
            )));
        }
    }
    notes
}

fn health<'a>(node: &NodeName, context: &'a Context<'_>) -> Option<&'a HealthFact> {
    context.service(node).map(|service| &service.health)
}

/// Whether clients or the cluster's initialisation can count on the node now. Of one that was not read, that is
/// assumed.
fn serves(node: &NodeName, context: &Context<'_>) -> bool {
    context.service(node).is_none_or(|service| {
        service.process.is_some() && matches!(service.health, HealthFact::Ready | HealthFact::WaitingForInit)
    })
}

/// Which nodes may be down at the same time, of those that stay.
struct Companions<'a> {
    graph: &'a ResourceGraph,
    most: usize,
    /// How many nodes each locality has.
    sizes: BTreeMap<&'a str, usize>,
}

impl<'a> Companions<'a> {
    fn of(graph: &'a ResourceGraph) -> Self {
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        for node in graph.staying() {
            if let Some(locality) = locality(graph, node) {
                *sizes.entry(locality).or_default() += 1;
            }
        }
        let majority_left = (graph.staying().count().saturating_sub(1) / 2).max(1);
        Self { graph, most: graph.rollout.max_unavailable.clamp(1, majority_left), sizes }
    }

    /// How many nodes may go together, `node` among them.
    ///
    /// CockroachDB spreads a range's replicas over localities, so that one of three or more holds one replica of three,
    /// and two of five where the others have room for three. Data that survive a zone's failure alone have all their
    /// voters in one region, so that regions say nothing of where they are.
    fn most_with(&self, node: &NodeName) -> usize {
        let Some(own) = locality(self.graph, node).filter(|own| !is_region(own)) else { return 1 };
        let others = || self.sizes.iter().filter(|(other, _)| **other != own && parent(other) == parent(own));
        if others().count() + 1 < GROUPS {
            return 1;
        }
        let elsewhere: usize = others().map(|(_, nodes)| nodes).sum();
        if elsewhere >= MAJORITY_OF_FIVE { self.most } else { self.most.min(PAIR) }
    }

    /// Whether two nodes are of one locality.
    fn may_go_together(&self, one: &NodeName, other: &NodeName) -> bool {
        let of = |node| locality(self.graph, node);
        of(one).is_some() && of(one) == of(other)
    }
}

fn locality<'a>(graph: &'a ResourceGraph, node: &NodeName) -> Option<&'a str> {
    graph.nodes.get(node)?.locality.as_deref()
}

/// Whether the last tier of a locality is a region.
fn is_region(locality: &str) -> bool {
    let last = locality.rsplit(',').next().unwrap_or_default();
    last.split_once('=').is_some_and(|(tier, _)| tier.trim() == "region")
}

/// Returns the wider tiers of a locality: `region=kr` of `region=kr,zone=a`, nothing of `region=kr`.
fn parent(locality: &str) -> &str {
    locality.rsplit_once(',').map_or("", |(wider, _)| wider)
}
