use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::cluster::{
    Budget, Heartbeat, Heartbeats, Liveness, RangeCounts, StoreSummary, View, allocate, count, rows,
};
use crate::release::Release;

fn cluster() -> State {
    State::bootstrap(ClusterId::random(), StoreUuid::numbered(1), Series::new(24, 1), 1)
}

fn descriptor(node: u32, release: &str) -> Descriptor {
    Descriptor {
        address: format!("10.0.0.{node}:26257"),
        sql_address: format!("10.0.0.{node}:26257"),
        http_address: format!("10.0.0.{node}:8080"),
        release: release.parse::<Release>().unwrap(),
        locality: String::new(),
        attrs: String::new(),
        started_at: 0,
    }
}

/// A cluster of nodes 1 to `size`, all described.
fn cluster_of(size: u32) -> State {
    let mut state = cluster();
    for node in 1..=size {
        state.admit(NodeId(node), StoreUuid::numbered(node.into()), NodeId::FIRST, 2);
        state.describe(NodeId(node), descriptor(node, "v24.1.0"), 3);
    }
    state
}

fn beat(sequence: u64) -> Heartbeat {
    Heartbeat {
        incarnation: 1,
        sequence,
        updated_at: 0,
        draining: false,
        catching_up: false,
        age: 0,
        summary: StoreSummary::default(),
    }
}

/// The view in which these nodes are live and the others have been silent for `silence` milliseconds.
fn view(state: &State, live: &[u32], silence: u64) -> View {
    let mut liveness = Liveness::new(1000, 0);
    let everyone: Heartbeats = state.members.keys().map(|node| (*node, beat(1))).collect();
    liveness.hear(&everyone, 0);
    let fresh: Heartbeats = live.iter().map(|node| (NodeId(*node), beat(2))).collect();
    liveness.hear(&fresh, silence);
    liveness.view(state, silence)
}

const BUDGET: Budget = Budget { changes: 1000, dead_after: 300_000 };

fn settle(state: &mut State, live: &[u32], silence: u64) {
    for _ in 0..500 {
        let view = view(state, live, silence);
        if allocate(state, &view, BUDGET, NodeId(live[0]), 10) == 0 {
            return;
        }
    }
    panic!("replicas never settle");
}

fn sums(state: &State, live: &[u32], silence: u64) -> RangeCounts {
    let view = view(state, live, silence);
    let mut sum = RangeCounts::default();
    for node in live {
        let counts = count(state, &view, NodeId(*node));
        sum.replicas += counts.replicas;
        sum.leaseholders += counts.leaseholders;
        sum.underreplicated += counts.underreplicated;
        sum.unavailable += counts.unavailable;
    }
    sum
}

#[test]
fn a_lone_node_is_short_of_replicas_and_works() {
    let state = cluster_of(1);
    let sum = sums(&state, &[1], 0);
    assert_eq!((sum.replicas, sum.leaseholders, sum.underreplicated, sum.unavailable), (60, 60, 60, 0));
}

#[test]
fn three_nodes_settle_with_three_replicas_each() {
    let mut state = cluster_of(3);
    settle(&mut state, &[1, 2, 3], 0);
    let sum = sums(&state, &[1, 2, 3], 0);
    assert_eq!((sum.replicas, sum.leaseholders, sum.underreplicated), (180, 60, 0));
}

#[test]
fn a_node_that_goes_leaves_ranges_short_until_it_returns_or_counts_as_dead() {
    let mut state = cluster_of(4);
    settle(&mut state, &[1, 2, 3, 4], 0);
    let gone = sums(&state, &[1, 2, 3], 2000);
    assert!(gone.underreplicated > 0 && gone.unavailable == 0, "{gone:?}");
    assert_eq!(sums(&state, &[1, 2, 3, 4], 2000).underreplicated, 0, "returned");
    let before = state.clone();
    settle(&mut state, &[1, 2, 3], 2000);
    assert_eq!(state.ranges, before.ranges, "not dead yet");
    settle(&mut state, &[1, 2, 3], 300_000);
    assert_eq!(sums(&state, &[1, 2, 3], 300_000).underreplicated, 0, "replaced");
}

#[test]
fn a_node_that_has_just_returned_makes_ranges_whole_only_after_a_while() {
    let mut state = cluster_of(3);
    settle(&mut state, &[1, 2, 3], 0);
    let mut view = view(&state, &[1, 2, 3], 0);
    view.catching_up.insert(NodeId(3));
    let counts: Vec<RangeCounts> = (1..=3).map(|node| count(&state, &view, NodeId(node))).collect();
    assert_eq!(counts.iter().map(|counts| counts.underreplicated).sum::<u32>(), 60);
    assert_eq!(counts.iter().map(|counts| counts.unavailable).sum::<u32>(), 0, "it votes");
}

#[test]
fn without_a_majority_nothing_moves_and_ranges_are_unavailable() {
    let mut state = cluster_of(3);
    settle(&mut state, &[1, 2, 3], 0);
    let lost = view(&state, &[1], 2000);
    assert!(!lost.has_quorum && lost.leader().is_none());
    assert!(lost.live.contains(&NodeId(1)) && !lost.is_available(NodeId(1)));
    assert_eq!(sums(&state, &[1], 2000).unavailable, 60);
    assert_eq!(allocate(&mut state, &lost, BUDGET, NodeId(1), 10), 0);
}

#[test]
fn replicas_of_a_leaving_node_move_away_and_none_come() {
    let mut state = cluster_of(4);
    settle(&mut state, &[1, 2, 3, 4], 0);
    let stamp = state.stamp(NodeId(1), 50);
    state.members.get_mut(&NodeId(4)).unwrap().membership =
        Register { stamp, value: Membership::Decommissioning };
    settle(&mut state, &[1, 2, 3, 4], 0);
    assert_eq!(count(&state, &view(&state, &[1, 2, 3, 4], 0), NodeId(4)).replicas, 0);
    assert_eq!(sums(&state, &[1, 2, 3, 4], 0).underreplicated, 0);
}

#[test]
fn a_new_node_gets_its_share() {
    let mut state = cluster_of(3);
    settle(&mut state, &[1, 2, 3], 0);
    state.admit(NodeId(4), StoreUuid::numbered(4), NodeId(1), 20);
    state.describe(NodeId(4), descriptor(4, "v24.1.0"), 21);
    settle(&mut state, &[1, 2, 3, 4], 0);
    assert_eq!(count(&state, &view(&state, &[1, 2, 3, 4], 0), NodeId(4)).replicas, 45);
}

#[test]
fn an_admitted_node_that_never_started_costs_no_majority() {
    let mut state = cluster_of(1);
    state.admit(NodeId(2), StoreUuid::numbered(2), NodeId(1), 20);
    assert!(view(&state, &[1], 2000).has_quorum);
}

#[test]
fn old_beats_make_nobody_younger() {
    let state = cluster_of(1);
    let mut liveness = Liveness::new(1000, 0);
    liveness.hear(&Heartbeats::from([(NodeId(1), beat(7))]), 0);
    liveness.hear(&Heartbeats::from([(NodeId(1), beat(7))]), 900);
    liveness.hear(&Heartbeats::from([(NodeId(1), beat(6))]), 900);
    assert!(liveness.view(&state, 1100).live.is_empty());
    let restarted = Heartbeat { incarnation: 2, ..beat(1) };
    liveness.hear(&Heartbeats::from([(NodeId(1), restarted)]), 1200);
    assert!(liveness.view(&state, 1300).live.contains(&NodeId(1)));
}

#[test]
fn a_node_that_has_just_started_hears_how_old_news_is() {
    let state = cluster_of(2);
    let mut old = Liveness::new(1000, 0);
    old.hear(&Heartbeats::from([(NodeId(1), beat(1)), (NodeId(2), beat(1))]), 100);
    old.hear(&Heartbeats::from([(NodeId(1), beat(2))]), 5000);
    let mut young = Liveness::new(1000, 90_000);
    young.hear(&old.beats(5000), 90_000);
    let view = young.view(&state, 90_000);
    assert_eq!(view.live, BTreeSet::from([NodeId(1)]));
    assert_eq!(view.silent_for[&NodeId(2)], 4900);
}

#[test]
fn who_left_stays_gone_however_late_the_other_word_is() {
    let mut state = cluster_of(2);
    let mut stale = state.clone();
    let left = Register { stamp: state.stamp(NodeId(1), 50), value: Membership::Decommissioned };
    state.members.get_mut(&NodeId(2)).unwrap().membership = left;
    let later = Register { stamp: state.stamp(NodeId(1), 99), value: Membership::Active };
    stale.members.get_mut(&NodeId(2)).unwrap().membership = later;
    state.merge(&stale);
    assert_eq!(state.members[&NodeId(2)].membership.value, Membership::Decommissioned);
    stale.merge(&state);
    assert_eq!(stale.members[&NodeId(2)].membership.value, Membership::Decommissioned);
}

#[test]
fn rows_of_those_who_left_are_shown_on_request_with_nulls() {
    let mut state = cluster_of(2);
    let left = Register { stamp: state.stamp(NodeId(1), 50), value: Membership::Decommissioned };
    state.members.get_mut(&NodeId(2)).unwrap().membership = left;
    let view = view(&state, &[1], 2000);
    let ids = |decommissioned| rows(&state, &view, &Heartbeats::new(), decommissioned).len();
    assert_eq!((ids(false), ids(true)), (1, 2));
    assert_eq!(rows(&state, &view, &Heartbeats::new(), true)[1].descriptor, None);
}

#[derive(Debug, Clone)]
enum Step {
    Describe(u32, u64),
    Admit(u32, u64),
    Move(u32, u32, u64),
    Leave(u32, u64),
    Raise(u16, u64),
    Set(u8, u64),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let node = 1_u32..5;
    let time = 0_u64..50;
    let step = prop_oneof![
        (node.clone(), time.clone()).prop_map(|(node, time)| Step::Describe(node, time)),
        (node.clone(), time.clone()).prop_map(|(node, time)| Step::Admit(node, time)),
        (1_u32..4, node.clone(), time.clone()).prop_map(|(range, node, time)| Step::Move(range, node, time)),
        (node, time.clone()).prop_map(|(node, time)| Step::Leave(node, time)),
        (1_u16..4, time.clone()).prop_map(|(ordinal, time)| Step::Raise(ordinal, time)),
        (0_u8..4, time).prop_map(|(value, time)| Step::Set(value, time)),
    ];
    proptest::collection::vec((0_usize..3, step), 0..30)
}

/// Three nodes of one cluster that went their ways.
fn diverged(steps: Vec<(usize, Step)>) -> [State; 3] {
    let start = cluster();
    let mut states = [start.clone(), start.clone(), start];
    for (at, step) in steps {
        let by = NodeId(u32::try_from(at).unwrap() + 1);
        let state = &mut states[at];
        match step {
            Step::Describe(node, time) => state.describe(NodeId(node), descriptor(node, "v24.1.0"), time),
            Step::Admit(node, time) => state.admit(NodeId(node), StoreUuid::numbered(node.into()), by, time),
            Step::Move(range, node, time) => {
                let stamp = state.stamp(by, time);
                state
                    .ranges
                    .insert(RangeId(range), Register { stamp, value: BTreeSet::from([NodeId(node)]) });
            }
            Step::Leave(node, time) => {
                let stamp = state.stamp(by, time);
                if let Some(member) = state.members.get_mut(&NodeId(node)) {
                    member.membership = Register { stamp, value: Membership::Decommissioned };
                }
            }
            Step::Set(value, time) => {
                state.set("x", (value > 0).then(|| value.to_string()), by, time);
            }
            Step::Raise(ordinal, time) => {
                state.version = Register { stamp: state.stamp(by, time), value: Series::new(24, ordinal) };
            }
        }
    }
    states
}

fn merged(one: &State, other: &State) -> State {
    let mut state = one.clone();
    state.merge(other);
    state
}

proptest! {
    #[test]
    fn merging_forgets_the_order(steps in steps()) {
        let [a, b, c] = diverged(steps);
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        let ab = merged(&a, &b);
        prop_assert_eq!(merged(&ab, &b), ab);
    }

    #[test]
    fn merging_says_whether_anything_changed(steps in steps()) {
        let [a, b, _] = diverged(steps);
        let mut state = a.clone();
        let said = state.merge(&b);
        prop_assert_eq!(said, state != a);
    }

    #[test]
    fn states_round_trip_through_json(steps in steps()) {
        let [a, ..] = diverged(steps);
        let text = serde_json::to_string(&a).unwrap();
        prop_assert_eq!(serde_json::from_str::<State>(&text).unwrap(), a);
    }
}
