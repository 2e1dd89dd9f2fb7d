use std::collections::BTreeSet;

use crdbctl_cockroach::output::NodeStatus;
use crdbctl_model::{HealthFact, NodeName};
use crdbctl_probe::HealthGoal;

use super::fleet::Fleet;
use super::look::Seen;
use super::obstacle::Obstacle;
use crate::wait::describe;

/// CockroachDB wants three replicas of a range whatever the number of nodes (`GetNeededVoters` in
/// `pkg/kv/kvserver/allocator`), so that fewer members never count none that lack some.
const REPLICAS: usize = 3;

/// A gate: what must be seen for the rollout to go on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gate<'a> {
    /// These nodes are about to go down.
    Before {
        /// The nodes.
        going: &'a BTreeSet<NodeName>,
        /// Nodes that the rollout has yet to come to, which may serve as little as these.
        to_come: &'a BTreeSet<NodeName>,
    },
    /// These nodes are drained and about to be stopped: what the gate before them saw may be long ago.
    Stop {
        /// The nodes.
        going: &'a BTreeSet<NodeName>,
        /// Nodes of which the gate before did not ask that they serve.
        excused: &'a BTreeSet<NodeName>,
    },
    /// These nodes have come back.
    After {
        /// The nodes.
        came: &'a BTreeSet<NodeName>,
        /// Nodes that the rollout has yet to come to: where one of them is down, ranges cannot be whole.
        to_come: &'a BTreeSet<NodeName>,
    },
}

/// What an open gate leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    /// All is well; with ranges that is worth a second look.
    Well,
    /// All is well but for ranges that wait for other nodes of this rollout.
    WithoutRanges,
    /// The nodes serve nobody, so nothing is lost by stopping them.
    NothingToLose,
}

impl Gate<'_> {
    /// Judges what was seen. Without members (the cluster is not initialised) health alone counts.
    ///
    /// # Errors
    /// The first thing that keeps the gate shut.
    pub(crate) fn judge(self, fleet: &Fleet, seen: &Seen, goal: HealthGoal) -> Result<Open, Obstacle> {
        match self {
            Self::Before { going, to_come } => {
                let excused = excused(going, to_come, seen, goal);
                match others_are_well(going, &excused, fleet, seen, goal)? {
                    Others::Well(rows) => are_whole(fleet, rows),
                    Others::Unlisted => Ok(Open::Well),
                    Others::Needless => Ok(Open::NothingToLose),
                }
            }
            Self::Stop { going, excused } => match others_are_well(going, excused, fleet, seen, goal)? {
                Others::Well(rows) => are_available(rows).map(|()| Open::Well),
                Others::Unlisted => Ok(Open::Well),
                Others::Needless => Ok(Open::NothingToLose),
            },
            Self::After { came, to_come } => {
                for node in came {
                    is_ready(node, seen, goal)?;
                }
                let Some(rows) = rows(seen)? else { return Ok(Open::Well) };
                for node in came {
                    let row = is_member(node, fleet, rows)?;
                    let runs = row.build.as_deref().unwrap_or("a version that it does not tell");
                    if runs != fleet.build && !fleet.behind.contains(node) {
                        return Err(Obstacle::OtherBuild {
                            node: node.clone(),
                            runs: runs.to_owned(),
                            wanted: fleet.build.clone(),
                        });
                    }
                }
                let waits_for_others =
                    to_come.iter().any(|node| fleet.row(node, rows).is_some_and(|row| !row.is_healthy()));
                if waits_for_others { Ok(Open::WithoutRanges) } else { are_whole(fleet, rows) }
            }
        }
    }
}

/// Returns the nodes to come that need not serve for `going` to go: all of them serve nobody as it is, so that none could
/// wait for another to serve first. They hold replicas that count, and must be live all the same.
pub(crate) fn excused(
    going: &BTreeSet<NodeName>,
    to_come: &BTreeSet<NodeName>,
    seen: &Seen,
    goal: HealthGoal,
) -> BTreeSet<NodeName> {
    let serves_nobody =
        |node: &&NodeName| seen.health.get(*node).is_some_and(|health| !goal.is_met_by(health));
    if going.iter().all(|node| serves_nobody(&node)) {
        to_come.iter().filter(serves_nobody).cloned().collect()
    } else {
        BTreeSet::new()
    }
}

/// What the nodes beside those that go allow.
enum Others<'a> {
    /// They are well; these are the members.
    Well(&'a [NodeStatus]),
    /// They are well, as far as there is a cluster.
    Unlisted,
    /// Those that go are down, so the others do not matter.
    Needless,
}

fn others_are_well<'a>(
    going: &BTreeSet<NodeName>,
    excused: &BTreeSet<NodeName>,
    fleet: &Fleet,
    seen: &'a Seen,
    goal: HealthGoal,
) -> Result<Others<'a>, Obstacle> {
    if going.iter().all(|node| is_down(node, fleet, seen)) {
        return Ok(Others::Needless);
    }
    let others = || fleet.nodes.iter().filter(|node| !going.contains(*node) && !excused.contains(*node));
    for node in others() {
        is_ready(node, seen, goal)?;
    }
    let Some(rows) = rows(seen)? else { return Ok(Others::Unlisted) };
    for node in others() {
        is_member(node, fleet, rows)?;
    }
    let own: BTreeSet<u32> =
        going.iter().filter_map(|node| fleet.row(node, rows)).map(|row| row.id).collect();
    for row in rows.iter().filter(|row| !own.contains(&row.id) && !fleet.is_replaced(row)) {
        is_live(row, fleet, rows)?;
    }
    Ok(Others::Well(rows))
}

/// Whether a node neither answers nor takes part: the others have lost it, or its process does not run and nobody knows
/// better. One that the others still hear of may run outside its service, or have ended just now.
fn is_down(node: &NodeName, fleet: &Fleet, seen: &Seen) -> bool {
    let row =
        seen.members.as_ref().and_then(|rows| rows.as_ref().ok()).and_then(|rows| fleet.row(node, rows));
    match (seen.health.get(node), row) {
        (Some(HealthFact::Ready), _) => false,
        (_, Some(row)) => !row.is_healthy(),
        (health, None) => health == Some(&HealthFact::NotAsked),
    }
}

/// Whether there is nothing to be drained of a node: its service runs no process, or the others have lost it.
pub(crate) fn needs_no_drain(node: &NodeName, fleet: &Fleet, seen: &Seen) -> bool {
    seen.health.get(node) == Some(&HealthFact::NotAsked) || is_down(node, fleet, seen)
}

fn rows(seen: &Seen) -> Result<Option<&[NodeStatus]>, Obstacle> {
    match &seen.members {
        None => Ok(None),
        Some(Ok(rows)) => Ok(Some(rows)),
        Some(Err(why)) => Err(Obstacle::NoStatus { why: why.clone() }),
    }
}

fn is_ready(node: &NodeName, seen: &Seen, goal: HealthGoal) -> Result<(), Obstacle> {
    let node = node.clone();
    match seen.health.get(&node) {
        Some(health) if goal.is_met_by(health) => Ok(()),
        Some(health) => Err(Obstacle::NotReady { node, said: describe(health) }),
        None => {
            let why =
                seen.lost.get(&node).cloned().unwrap_or_else(|| "there is no connection to it".to_owned());
            Err(Obstacle::NoConnection { node, why })
        }
    }
}

fn is_member<'a>(node: &NodeName, fleet: &Fleet, rows: &'a [NodeStatus]) -> Result<&'a NodeStatus, Obstacle> {
    let Some(row) = fleet.row(node, rows) else {
        let addresses = fleet.addresses.of_node(node).collect::<Vec<_>>().join(" or ");
        return Err(Obstacle::NoRow { node: node.clone(), addresses });
    };
    if row.is_gone() {
        return Err(Obstacle::Gone { node: node.clone(), id: row.id });
    }
    is_live(row, fleet, rows)?;
    if row.is_draining == Some(true) {
        return Err(Obstacle::Draining { member: fleet.name_of(row, rows) });
    }
    Ok(row)
}

/// A member that has not left for good must be live, whether the manifest has it or not: what is down already and
/// what goes down now could be two replicas of one range.
fn is_live(row: &NodeStatus, fleet: &Fleet, rows: &[NodeStatus]) -> Result<(), Obstacle> {
    if row.is_gone() || row.is_healthy() {
        return Ok(());
    }
    let member = fleet.name_of(row, rows);
    match fleet.successor(row, rows) {
        Some(node) => Err(Obstacle::Replaced { node: node.clone(), member }),
        None => Err(Obstacle::NotLive { member }),
    }
}

/// Judges whether a dead member may be decommissioned whose place `node` has taken: every node that stays is ready and live,
/// `node` as another member, no range lacks its quorum, and the dead member is still dead. Ranges that lack a replica are no obstacle: that
/// it leaves is what has them copied.
///
/// # Errors
/// The first thing that speaks against it.
pub(crate) fn may_replace(fleet: &Fleet, seen: &Seen, node: &NodeName, id: u32) -> Result<(), Obstacle> {
    for node in fleet.nodes.iter() {
        is_ready(node, seen, HealthGoal::Ready)?;
    }
    let Some(rows) = rows(seen)? else {
        return Err(Obstacle::NoStatus { why: "nobody was asked".to_owned() });
    };
    if let Some(row) = rows.iter().find(|row| row.id == id && !row.is_gone() && row.is_healthy()) {
        return Err(Obstacle::Alive { member: fleet.name_of(row, rows) });
    }
    for node in fleet.nodes.iter() {
        is_member(node, fleet, rows)?;
    }
    if fleet.row(node, rows).is_some_and(|row| row.id == id) {
        return Err(Obstacle::Alive { member: format!("{node} (n{id})") });
    }
    for row in rows.iter().filter(|row| !fleet.is_replaced(row)) {
        is_live(row, fleet, rows)?;
    }
    match are_whole(fleet, rows) {
        Err(Obstacle::Underreplicated { .. }) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Whether no member knows of a range without quorum. One that has not counted yet is no news.
fn are_available(rows: &[NodeStatus]) -> Result<(), Obstacle> {
    let figures: Vec<(u32, u64)> = rows
        .iter()
        .filter(|row| !row.is_gone() && row.is_healthy())
        .filter_map(|row| Some((row.id, row.ranges_unavailable?)))
        .collect();
    match sum(&figures) {
        (0, _) => Ok(()),
        (ranges, members) => Err(Obstacle::Unavailable { ranges, members }),
    }
}

/// How many ranges members tell of, and which tell of how many.
fn sum(figures: &[(u32, u64)]) -> (u64, String) {
    let some: Vec<String> = figures
        .iter()
        .filter(|(_, ranges)| *ranges > 0)
        .map(|(id, ranges)| format!("n{id}: {ranges}"))
        .collect();
    (figures.iter().map(|(_, ranges)| ranges).sum(), some.join(", "))
}

fn are_whole(fleet: &Fleet, rows: &[NodeStatus]) -> Result<Open, Obstacle> {
    let members: Vec<&NodeStatus> = rows.iter().filter(|row| !row.is_gone()).collect();
    let (mut unavailable, mut lacking) = (Vec::new(), Vec::new());
    for row in members.iter().filter(|row| row.is_healthy()) {
        let (Some(without_quorum), Some(without_replicas)) =
            (row.ranges_unavailable, row.ranges_underreplicated)
        else {
            return Err(Obstacle::NoFigures { member: fleet.name_of(row, rows) });
        };
        unavailable.push((row.id, without_quorum));
        lacking.push((row.id, without_replicas));
    }
    let (ranges, by) = sum(&unavailable);
    if ranges > 0 {
        return Err(Obstacle::Unavailable { ranges, members: by });
    }
    let (ranges, by) = sum(&lacking);
    if ranges > 0 && members.len() >= REPLICAS {
        return Err(Obstacle::Underreplicated { ranges, members: by });
    }
    Ok(Open::Well)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
