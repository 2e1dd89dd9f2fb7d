use std::collections::BTreeMap;

use crdbctl_cockroach::members::MemberAddresses;
use crdbctl_cockroach::output::node_status;

use super::*;

/// Four members: three nodes of the manifest, and one that it does not have.
const HEADER: &str = "id,address,build,is_available,is_live,ranges_unavailable,ranges_underreplicated,membership,is_draining\n";

fn node(number: usize) -> NodeName {
    NodeName::new(format!("store-{number}")).unwrap()
}

fn nodes(numbers: &[usize]) -> BTreeSet<NodeName> {
    numbers.iter().copied().map(node).collect()
}

fn fleet(size: usize) -> Fleet {
    let nodes = (1..=size).map(|number| (node(number), format!("10.0.0.{number}:26257")));
    Fleet {
        nodes: (1..=size).map(node).collect(),
        addresses: MemberAddresses::configured(nodes),
        build: "v24.1.1".to_owned(),
        behind: BTreeSet::new(),
        replaced: BTreeSet::new(),
    }
}

fn row(id: u32, at: usize, rest: &str) -> String {
    format!("{id},10.0.0.{at}:26257,{rest}\n")
}

const WELL: &str = "v24.1.1,true,true,0,0,active,false";

/// A cluster of so many nodes, all well, with these rows in place of those of the same number or beside them.
fn seen(size: usize, other: &[(u32, String)]) -> Seen {
    let mut rows: BTreeMap<u32, String> =
        (1..=size).map(|at| (at as u32, row(at as u32, at, WELL))).collect();
    rows.extend(other.iter().cloned());
    let table = HEADER.to_owned() + &rows.into_values().collect::<String>();
    Seen {
        health: (1..=size).map(|at| (node(at), HealthFact::Ready)).collect(),
        lost: BTreeMap::new(),
        members: Some(Ok(node_status(table.as_bytes()).unwrap())),
    }
}

fn before(going: &[usize], seen: &Seen) -> Result<Open, Obstacle> {
    before_others(going, &[], seen)
}

fn before_others(going: &[usize], to_come: &[usize], seen: &Seen) -> Result<Open, Obstacle> {
    let gate = Gate::Before { going: &nodes(going), to_come: &nodes(to_come) };
    gate.judge(&fleet(seen.health.len() + seen.lost.len()), seen, HealthGoal::Ready)
}

/// The look after the drain, which does not ask the drained.
fn stop(going: &[usize], excused: &[usize], mut seen: Seen) -> Result<Open, Obstacle> {
    let fleet = fleet(seen.health.len() + seen.lost.len());
    seen.health.retain(|name, _| !nodes(going).contains(name));
    Gate::Stop { going: &nodes(going), excused: &nodes(excused) }.judge(&fleet, &seen, HealthGoal::Ready)
}

#[test]
fn the_version_is_not_asked_of_a_node_whose_program_is_left_out() {
    let older = seen(3, &[(2, row(2, 2, &WELL.replace("v24.1.1", "v24.1.0")))]);
    assert!(matches!(after(&[2], &[], &older), Err(Obstacle::OtherBuild { .. })));
    let came = nodes(&[2]);
    let gate = Gate::After { came: &came, to_come: &BTreeSet::new() };
    let with = |behind: &[usize]| {
        let fleet = Fleet { behind: nodes(behind), ..fleet(3) };
        gate.judge(&fleet, &older, HealthGoal::Ready)
    };
    assert_eq!(with(&[2]), Ok(Open::Well));
    assert!(with(&[3]).is_err(), "of another node it says nothing");
    let sick = seen(3, &[(2, row(2, 2, &WELL.replace("v24.1.1,true,true,0,0", "v24.1.0,true,true,0,7")))]);
    assert!(gate.judge(&Fleet { behind: came.clone(), ..fleet(3) }, &sick, HealthGoal::Ready).is_err());
}

fn after(came: &[usize], to_come: &[usize], seen: &Seen) -> Result<Open, Obstacle> {
    let gate = Gate::After { came: &nodes(came), to_come: &nodes(to_come) };
    gate.judge(&fleet(seen.health.len()), seen, HealthGoal::Ready)
}

#[track_caller]
fn shut(found: Result<Open, Obstacle>) -> String {
    let obstacle = found.expect_err("the gate is open");
    assert!(!obstacle.advice().is_empty());
    obstacle.to_string()
}

#[test]
fn opens_when_all_is_well() {
    assert_eq!(before(&[1], &seen(3, &[])), Ok(Open::Well));
    assert_eq!(after(&[1], &[2, 3], &seen(3, &[])), Ok(Open::Well));
}

#[test]
fn every_other_node_must_be_ready_and_live() {
    let mut one = seen(3, &[]);
    one.health.insert(node(2), HealthFact::NotReady("not healthy".to_owned()));
    assert_eq!(shut(before(&[1], &one)), "store-2 is not ready: not ready: not healthy");
    let mut one = seen(3, &[]);
    one.health.insert(node(3), HealthFact::NotAsked);
    assert_eq!(shut(before(&[1], &one)), "store-3 is not ready: the service does not run");
    let mut one = seen(3, &[]);
    one.health.remove(&node(3));
    one.lost.insert(node(3), "ssh is gone".to_owned());
    let obstacle = before(&[1], &one).unwrap_err();
    assert!(obstacle.is_final(), "the connection does not come back in this run");
    assert_eq!(obstacle.to_string(), "store-3 cannot be asked, and may be down: ssh is gone");

    for (rest, said) in [
        ("v24.1.1,false,true,0,0,active,false", "store-2 (n2) is not live"),
        ("v24.1.1,true,false,0,0,active,false", "store-2 (n2) is not live"),
        ("v24.1.1,true,true,0,0,active,true", "store-2 (n2) drains"),
        ("v24.1.1,false,false,0,0,decommissioned,false", "store-2 (n2) is decommissioned"),
    ] {
        assert_eq!(shut(before(&[1], &seen(3, &[(2, row(2, 2, rest))]))), said, "{rest}");
    }
    let elsewhere = seen(3, &[(2, row(2, 9, WELL))]);
    assert_eq!(
        shut(before(&[1], &elsewhere)),
        "store-2 is not among the cluster's nodes (at 10.0.0.2:26257)"
    );
}

#[test]
fn a_member_that_the_manifest_does_not_have_counts_too() {
    let dead = seen(3, &[(4, row(4, 9, "v24.1.1,false,false,0,0,active,false"))]);
    assert_eq!(
        shut(before(&[1], &dead)),
        "n4 (10.0.0.9:26257), which the manifest does not have, is not live"
    );
    let alive = seen(3, &[(4, row(4, 9, WELL))]);
    assert_eq!(before(&[1], &alive), Ok(Open::Well));
    let leaving = seen(3, &[(4, row(4, 9, "v24.1.1,false,false,0,0,decommissioning,false"))]);
    assert!(before(&[1], &leaving).is_err(), "a dead member still holds replicas until it is decommissioned");
    let gone = seen(3, &[(4, "4,NULL,NULL,false,false,NULL,NULL,decommissioned,false\n".to_owned())]);
    assert_eq!(before(&[1], &gone), Ok(Open::Well));
}

#[test]
fn an_earlier_life_of_a_node_is_a_dead_member_and_not_the_node() {
    let dead = "v24.1.1,false,false,0,0,active,false";
    let twice = seen(3, &[(2, row(2, 2, dead)), (7, row(7, 2, WELL))]);
    assert_eq!(
        shut(before(&[1], &twice)),
        "n2, which store-2 at 10.0.0.2:26257 was before it joined anew, is dead"
    );
    // Also of the very node that is about to go.
    assert!(before(&[2], &twice).is_err());
}

/// Of three nodes the second runs as n7 and was n2, which is dead and is decommissioned by the plan.
fn replacing(other: &[(u32, String)]) -> (Fleet, Seen) {
    let fleet = Fleet { replaced: BTreeSet::from([2]), ..fleet(3) };
    let dead = (2, row(2, 2, "v24.1.1,false,false,0,0,active,false"));
    let rows = [dead, (7, row(7, 2, WELL))].into_iter().chain(other.iter().cloned());
    (fleet, seen(3, &rows.collect::<Vec<_>>()))
}

#[test]
fn a_gate_does_not_wait_for_a_dead_member_that_the_plan_replaces() {
    let before = |(fleet, seen): (Fleet, Seen)| {
        let gate = Gate::Before { going: &nodes(&[1]), to_come: &nodes(&[]) };
        gate.judge(&fleet, &seen, HealthGoal::Ready)
    };
    assert_eq!(before(replacing(&[])), Ok(Open::Well));
    // For anybody else it does, and for ranges that lack the replica.
    let lacking = (1, row(1, 1, "v24.1.1,true,true,0,4,active,false"));
    assert!(shut(before(replacing(std::slice::from_ref(&lacking)))).contains("under-replicated"));
    let down = (3, row(3, 3, "v24.1.1,false,false,0,0,active,false"));
    assert!(shut(before(replacing(std::slice::from_ref(&down)))).contains("store-3 (n3) is not live"));
    let stranger = (9, row(9, 9, "v24.1.1,false,false,0,0,active,false"));
    assert!(shut(before(replacing(std::slice::from_ref(&stranger)))).contains("n9"));
    // One that is live again is a member like any other, which nothing speaks against.
    assert_eq!(before(replacing(&[(2, row(2, 2, WELL))])), Ok(Open::Well));
}

#[test]
fn a_dead_member_is_decommissioned_only_while_all_others_are_well() {
    let judged = |(fleet, seen): (Fleet, Seen)| {
        may_replace(&fleet, &seen, &node(2), 2)
            .map_err(|obstacle| (obstacle.to_string(), obstacle.is_final()))
    };
    assert_eq!(judged(replacing(&[])), Ok(()));
    // That it leaves is what has its replicas copied.
    assert_eq!(judged(replacing(&[(1, row(1, 1, "v24.1.1,true,true,0,4,active,false"))])), Ok(()));
    let refused = |other: (u32, &str), words: &str| {
        let at = if other.0 == 7 { 2 } else { other.0 as usize };
        let (said, is_final) = judged(replacing(&[(other.0, row(other.0, at, other.1))])).unwrap_err();
        assert!(said.contains(words), "{words}: {said}");
        is_final
    };
    assert!(!refused((1, "v24.1.1,true,true,2,4,active,false"), "2 ranges are unavailable"));
    assert!(!refused((3, "v24.1.1,false,false,0,0,active,false"), "store-3 (n3) is not live"));
    assert!(!refused((9, "v24.1.1,false,false,0,0,active,false"), "n9"));
    assert!(!refused((1, "v24.1.1,true,true,NULL,NULL,active,false"), "has not counted its ranges yet"));
    // It has come back: whatever it holds is in use.
    assert!(refused((2, WELL), "is live, and was dead in the plan"));
    // The node that takes its place has not joined, or is not ready.
    let (fleet, mut seen) = replacing(&[]);
    seen.health.insert(node(2), HealthFact::WaitingForInit);
    assert!(judged((fleet, seen)).is_err());
    let (fleet, mut seen) = replacing(&[]);
    if let Some(Ok(rows)) = &mut seen.members {
        rows.retain(|row| row.id != 7);
    }
    assert!(judged((fleet, seen)).is_err());
    // Nobody was asked.
    let (fleet, mut seen) = replacing(&[]);
    seen.members = None;
    assert!(judged((fleet, seen)).is_err());
}

#[test]
fn ranges_must_be_whole_on_every_live_member() {
    let lacking = seen(
        3,
        &[
            (1, row(1, 1, "v24.1.1,true,true,0,2,active,false")),
            (3, row(3, 3, "v24.1.1,true,true,0,1,active,false")),
        ],
    );
    assert_eq!(shut(before(&[1], &lacking)), "3 ranges are under-replicated (n1: 2, n3: 1)");
    assert_eq!(shut(after(&[1], &[2], &lacking)), "3 ranges are under-replicated (n1: 2, n3: 1)");
    let gone = seen(3, &[(2, row(2, 2, "v24.1.1,true,true,1,4,active,false"))]);
    assert_eq!(shut(before(&[1], &gone)), "1 range is unavailable (n2: 1)");
    // What could not be read is not nought.
    let unread = seen(3, &[(2, row(2, 2, "v24.1.1,true,true,NULL,NULL,active,false"))]);
    assert_eq!(shut(before(&[1], &unread)), "store-2 (n2) has not counted its ranges yet");
}

#[test]
fn two_members_cannot_hold_three_replicas() {
    let two = seen(2, &[(1, row(1, 1, "v24.1.1,true,true,0,40,active,false"))]);
    assert_eq!(before(&[2], &two), Ok(Open::Well));
    let one = seen(1, &[(1, row(1, 1, "v24.1.1,true,true,0,40,active,false"))]);
    assert_eq!(before(&[1], &one), Ok(Open::Well));
    assert_eq!(after(&[1], &[], &one), Ok(Open::Well));
    let unavailable = seen(2, &[(1, row(1, 1, "v24.1.1,true,true,3,40,active,false"))]);
    assert!(before(&[2], &unavailable).is_err());
}

#[test]
fn a_node_that_is_down_has_no_gate_before_it() {
    // Its own absence makes ranges lack replicas and others unready.
    let mut down = seen(
        3,
        &[
            (1, row(1, 1, "v24.1.1,true,true,0,20,active,false")),
            (2, row(2, 2, "v24.1.1,false,false,0,0,active,false")),
        ],
    );
    down.health.insert(node(2), HealthFact::NotAsked);
    assert_eq!(before(&[2], &down), Ok(Open::NothingToLose));
    assert!(before(&[1], &down).is_err(), "that is no reason to stop another one");
    assert!(before(&[1, 2], &down).is_err());

    // The others hear of it all the same: it ended just now, or runs outside its service.
    let mut heard = seen(3, &[]);
    heard.health.insert(node(2), HealthFact::NotAsked);
    assert_eq!(before(&[2], &heard), Ok(Open::Well), "it has the gate that every live node has");
    heard.health.insert(node(3), HealthFact::NotReady("not healthy".to_owned()));
    assert!(before(&[2], &heard).is_err());
    assert!(needs_no_drain(&node(2), &fleet(3), &heard));
    // systemd could not be asked.
    let mut unasked = seen(3, &[]);
    unasked.health.insert(node(2), HealthFact::Unknown("systemctl: Transport endpoint".to_owned()));
    assert_eq!(before(&[2], &unasked), Ok(Open::Well));
    assert!(!needs_no_drain(&node(2), &fleet(3), &unasked));

    // It runs, and the others have lost it.
    let mut hung = seen(3, &[(2, row(2, 2, "v24.1.1,false,false,0,0,active,false"))]);
    hung.health.insert(node(2), HealthFact::Unknown("no answer".to_owned()));
    assert_eq!(before(&[2], &hung), Ok(Open::NothingToLose));

    // It drains: it still holds replicas that count.
    let mut draining = seen(
        3,
        &[
            (2, row(2, 2, "v24.1.1,true,true,0,0,active,true")),
            (3, row(3, 3, "v24.1.1,true,true,0,1,active,false")),
        ],
    );
    draining.health.insert(node(2), HealthFact::NotReady("shutting down".to_owned()));
    assert_eq!(shut(before(&[2], &draining)), "1 range is under-replicated (n3: 1)");
}

#[test]
fn a_status_that_could_not_be_had_keeps_the_gate_shut() {
    let mut blind = seen(3, &[]);
    blind.members = Some(Err("operation timed out".to_owned()));
    assert_eq!(
        shut(before(&[1], &blind)),
        "the cluster could not be asked for its nodes: operation timed out"
    );
    // Unless there is nothing to lose.
    blind.health.insert(node(1), HealthFact::NotAsked);
    assert_eq!(before(&[1], &blind), Ok(Open::NothingToLose));
}

#[test]
fn before_there_is_a_cluster_health_alone_counts() {
    let goal = HealthGoal::ReadyOrWaitingForInit;
    let mut waiting = seen(3, &[]);
    waiting.members = None;
    waiting.health = (1..=3).map(|at| (node(at), HealthFact::WaitingForInit)).collect();
    let (going, to_come) = (nodes(&[1]), nodes(&[2, 3]));
    let gate = Gate::Before { going: &going, to_come: &to_come };
    assert_eq!(gate.judge(&fleet(3), &waiting, goal), Ok(Open::Well));
    waiting.health.insert(node(2), HealthFact::NotAsked);
    assert!(gate.judge(&fleet(3), &waiting, goal).is_err());
}

#[test]
fn a_node_comes_back_with_the_wanted_version() {
    let old = seen(3, &[(1, row(1, 1, "v24.1.0,true,true,0,0,active,false"))]);
    assert_eq!(shut(after(&[1], &[2], &old)), "store-1 runs v24.1.0, and v24.1.1 is wanted");
    // That the others run the old one is why there is a rollout.
    assert_eq!(after(&[2], &[1], &old), Ok(Open::Well));
    assert_eq!(before(&[2], &old), Ok(Open::Well));
    let draining = seen(3, &[(1, row(1, 1, "v24.1.1,true,true,0,0,active,true"))]);
    assert!(after(&[1], &[2], &draining).is_err());
}

#[test]
fn ranges_do_not_wait_for_a_node_that_the_rollout_has_yet_to_bring_back() {
    let down = seen(
        3,
        &[
            (1, row(1, 1, "v24.1.1,true,true,0,20,active,false")),
            (3, row(3, 3, "v24.1.0,false,false,0,0,active,false")),
        ],
    );
    assert_eq!(after(&[1], &[2, 3], &down), Ok(Open::WithoutRanges));
    assert!(after(&[1], &[2], &down).is_err());
}

#[test]
fn nodes_that_serve_nobody_do_not_wait_for_each_other() {
    // Both drains of a batch took too long: they hold their replicas, and take no clients.
    let drained = "v24.1.1,true,true,0,0,active,true";
    let mut both = seen(5, &[(1, row(1, 1, drained)), (2, row(2, 2, drained))]);
    for number in [1, 2] {
        both.health.insert(node(number), HealthFact::NotReady("shutting down".to_owned()));
    }
    assert_eq!(before_others(&[1], &[2, 3, 4, 5], &both), Ok(Open::Well));
    assert_eq!(stop(&[1], &[2], both.clone()), Ok(Open::Well));
    // Nobody brings the second back.
    assert!(before_others(&[1], &[3], &both).is_err());
    // One that serves waits for all.
    assert!(before_others(&[3], &[1, 2], &both).is_err());
    // A node that is not live holds nothing that counts.
    let mut dead = both.clone();
    dead.members =
        seen(5, &[(1, row(1, 1, drained)), (2, row(2, 2, "v24.1.1,false,false,0,0,active,true"))]).members;
    assert_eq!(shut(before_others(&[1], &[2], &dead)), "store-2 (n2) is not live");
    // Ranges lack replicas: no more of them now.
    let mut lacking = both.clone();
    lacking.members = seen(
        5,
        &[
            (1, row(1, 1, drained)),
            (2, row(2, 2, drained)),
            (3, row(3, 3, "v24.1.1,true,true,0,1,active,false")),
        ],
    )
    .members;
    assert!(before_others(&[1], &[2], &lacking).is_err());
}

#[test]
fn a_drained_node_is_not_stopped_when_another_has_gone_meanwhile() {
    let drained = (1, row(1, 1, "v24.1.1,true,true,0,0,active,true"));
    assert_eq!(stop(&[1], &[], seen(3, std::slice::from_ref(&drained))), Ok(Open::Well));
    let dead = (2, row(2, 2, "v24.1.1,false,false,0,0,active,false"));
    assert_eq!(shut(stop(&[1], &[], seen(3, &[drained.clone(), dead]))), "store-2 (n2) is not live");
    let mut unready = seen(3, std::slice::from_ref(&drained));
    unready.health.insert(node(3), HealthFact::NotReady("not healthy".to_owned()));
    assert!(stop(&[1], &[], unready).is_err());
    let unavailable = (3, row(3, 3, "v24.1.1,true,true,2,2,active,false"));
    assert_eq!(
        shut(stop(&[1], &[], seen(3, &[drained.clone(), unavailable]))),
        "2 ranges are unavailable (n3: 2)"
    );
    // Figures of ranges are ten seconds old: they had their two looks.
    let lacking = (3, row(3, 3, "v24.1.1,true,true,0,2,active,false"));
    assert_eq!(stop(&[1], &[], seen(3, &[drained, lacking])), Ok(Open::Well));
}
