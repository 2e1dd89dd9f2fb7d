//! Who is alive, judged by when beats arrive here.
//!
//! Clocks of other nodes play no part: a beat counts from its arrival, and who passes it on says how long ago
//! that was, so that a node that has just started does not take the dead for the living.

use std::collections::{BTreeMap, BTreeSet};

use super::heartbeat::{Heartbeat, Heartbeats};
use super::ids::NodeId;
use super::state::State;

#[derive(Debug, Clone, Copy)]
struct Seen {
    beat: Heartbeat,
    at: u64,
}

/// The beats that have arrived, with their times.
#[derive(Debug, Clone)]
pub struct Liveness {
    expiry: u64,
    started: u64,
    seen: BTreeMap<NodeId, Seen>,
}

impl Liveness {
    /// Knows nobody yet. `expiry` is how long a beat counts; `now` is a monotonic time; both in milliseconds.
    #[must_use]
    pub const fn new(expiry: u64, now: u64) -> Self {
        Self { expiry, started: now, seen: BTreeMap::new() }
    }

    /// Takes in beats at monotonic time `now`; old news does not make anyone younger.
    pub fn hear(&mut self, beats: &Heartbeats, now: u64) {
        for (node, beat) in beats {
            let newer = self.seen.get(node).is_none_or(|seen| {
                (beat.incarnation, beat.sequence) > (seen.beat.incarnation, seen.beat.sequence)
            });
            if newer {
                self.seen.insert(*node, Seen { beat: *beat, at: now.saturating_sub(beat.age) });
            }
        }
    }

    /// The latest beats, to pass on at monotonic time `now`.
    #[must_use]
    pub fn beats(&self, now: u64) -> Heartbeats {
        let aged = |seen: &Seen| Heartbeat { age: now.saturating_sub(seen.at), ..seen.beat };
        self.seen.iter().map(|(node, seen)| (*node, aged(seen))).collect()
    }

    /// Judges all members at monotonic time `now`.
    #[must_use]
    pub fn view(&self, state: &State, now: u64) -> View {
        let members = state.members.iter().filter(|(_, member)| member.is_member());
        let members: BTreeSet<NodeId> = members.map(|(node, _)| *node).collect();
        let fresh = |node: &&NodeId| {
            self.seen.get(node).is_some_and(|seen| now.saturating_sub(seen.at) < self.expiry)
        };
        // A node that was admitted and has not started yet decides nothing, and must not cost the majority.
        let decides =
            |node: &&NodeId| state.members.get(node).is_some_and(|member| member.descriptor.is_some());
        let deciding: BTreeSet<NodeId> = members.iter().filter(decides).copied().collect();
        let live: BTreeSet<NodeId> = members.iter().filter(fresh).copied().collect();
        let those = |what: fn(&Heartbeat) -> bool| -> BTreeSet<NodeId> {
            let what = |node: &&NodeId| self.seen.get(node).is_some_and(|seen| what(&seen.beat));
            live.iter().filter(what).copied().collect()
        };
        let silent =
            |node: &NodeId| now.saturating_sub(self.seen.get(node).map_or(self.started, |seen| seen.at));
        View {
            has_quorum: live.intersection(&deciding).count() * 2 > deciding.len(),
            draining: those(|beat| beat.draining),
            catching_up: those(|beat| beat.catching_up),
            silent_for: members.iter().map(|node| (*node, silent(node))).collect(),
            heard_of: self.seen.keys().copied().collect(),
            live,
        }
    }
}

/// A judgement of all members at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Members whose beat still counts.
    pub live: BTreeSet<NodeId>,
    /// Live members that are on their way out.
    pub draining: BTreeSet<NodeId>,
    /// Live members whose replicas lag behind.
    pub catching_up: BTreeSet<NodeId>,
    /// Milliseconds since each member's last beat, or since this process began to listen.
    pub silent_for: BTreeMap<NodeId, u64>,
    /// Nodes of which this process has had a beat.
    pub heard_of: BTreeSet<NodeId>,
    /// Whether more than half of the members that ever started are live.
    pub has_quorum: bool,
}

impl View {
    /// Whether a node's liveness record holds: it beats, and a majority is there to say so.
    #[must_use]
    pub fn is_available(&self, node: NodeId) -> bool {
        self.has_quorum && self.live.contains(&node)
    }

    /// The node that moves replicas: the first live one, when there is a majority.
    #[must_use]
    pub fn leader(&self) -> Option<NodeId> {
        self.live.first().copied().filter(|_| self.has_quorum)
    }
}
