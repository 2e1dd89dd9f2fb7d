//! Nodes that lost their data, whose dead members are replaced.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Cause, Change, Desired, Fact, HealthFact, HostPath, MemberFact, MembershipFact, Observed, Plan,
    ServiceFact, StorePlace, StoreState,
};

use crate::world::{World, addr, member, node, present, stopped, summary};

const STORE: &str = "/var/lib/cockroach";

fn path(text: &str) -> HostPath {
    HostPath::new(text).unwrap()
}

fn members(world: &mut World) -> &mut Vec<MemberFact> {
    match world.fact("cluster/members.store") {
        Fact::Members(members) => &mut members.members,
        other => panic!("{other:?}"),
    }
}

/// What is at the stores of a node, on a file system that is mounted at `mount`.
fn store(world: &mut World, number: usize, state: &StoreState, mount: &str) {
    let place = StorePlace { state: state.clone(), mount: path(mount).into(), missing: BTreeSet::new() };
    world.reading(&node(number)).footprint.store_places = BTreeMap::from([(path(STORE), place)]);
}

/// Three nodes as an apply left them; then `store-3` lost its data, and its member n3 is dead.
fn without_disk() -> World {
    let mut world = World::converged();
    for number in 1..=2 {
        store(&mut world, number, &StoreState::Used, "/");
    }
    store(&mut world, 3, &StoreState::Empty, "/");
    members(&mut world)[2].figures.live = Some(false);
    let service = ServiceFact { store_used: Some(false), ..stopped("loaded", "enabled") };
    world.set("store-3/service.cockroach", present(Fact::Service(service)));
    world
}

/// The same with nothing left of the machine, its record included.
fn rebuilt() -> World {
    let mut world = without_disk();
    let of_node: Vec<_> = world.graph.of_node(&node(3)).map(|resource| resource.addr.clone()).collect();
    for addr in of_node {
        let kind = addr.kind;
        if kind != crdbctl_model::ResourceKind::Firewall {
            world.set(&addr.to_string(), Observed::Absent);
        }
    }
    world.set("store-3/service.cockroach", present(Fact::Service(stopped("not-found", ""))));
    world.reading(&node(3)).record = None;
    store(&mut world, 3, &StoreState::Absent, "/");
    world
}

fn change<'a>(plan: &'a Plan, of: &str) -> &'a Change {
    let of = addr(of);
    plan.changes.iter().find(|change| change.addr == of).unwrap_or_else(|| panic!("{:?}", summary(plan)))
}

fn replaced(plan: &Plan) -> BTreeMap<String, Vec<u32>> {
    let change = plan.changes.iter().find(|change| change.addr == addr("cluster/members.store"));
    let Some(Some(Desired::Members(desired))) = change.map(|change| &change.desired) else {
        return BTreeMap::new();
    };
    let of = |(node, ids): (&crdbctl_model::NodeName, &BTreeSet<u32>)| {
        (node.to_string(), ids.iter().copied().collect())
    };
    desired.replaced.iter().map(of).collect()
}

fn third(ids: &[u32]) -> BTreeMap<String, Vec<u32>> {
    BTreeMap::from([("store-3".to_owned(), ids.to_vec())])
}

fn notes(plan: &Plan) -> String {
    plan.notes.iter().map(|note| note.text.clone() + "\n").collect()
}

/// Why something is unknown, with what to do.
fn unknown(plan: &Plan, of: &str) -> String {
    let of = addr(of);
    let found = plan.unknown.iter().find(|unknown| unknown.addr.as_ref() == Some(&of));
    let found = found.unwrap_or_else(|| panic!("{of} is known: {:?}", summary(plan)));
    format!("{} | {}", found.reason, found.hint)
}

#[test]
fn a_node_that_lost_its_disk_joins_and_then_its_member_is_decommissioned() {
    let world = without_disk();
    world.expect(&[
        "store-3/service.cockroach update drift [active]",
        "cluster/members.store update drift [n3]",
    ]);
    let plan = world.plan();
    assert_eq!(replaced(&plan), third(&[3]));
    let service = change(&plan, "store-3/service.cockroach");
    assert!(service.reason.as_ref().unwrap().contains("joins as a new node in place of n3"), "{service:?}");
    let members = change(&plan, "cluster/members.store");
    assert!(members.depends_on.contains(&service.addr), "{:?}", members.depends_on);
    let attribute = format!("{:?}", members.attributes);
    assert!(attribute.contains("active, dead (store-3 at 198.0.2.171:26257)"), "{attribute}");
    assert!(attribute.contains("once store-3 has joined as a new node"), "{attribute}");
    assert_eq!(members.cause, Cause::Drift);
}

#[test]
fn a_rebuilt_machine_has_no_record_and_is_known_by_the_address_of_its_member() {
    let plan = rebuilt().plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!(replaced(&plan), third(&[3]));
    let members = change(&plan, "cluster/members.store");
    let service = change(&plan, "store-3/service.cockroach");
    assert!(members.depends_on.contains(&service.addr), "{:?}", members.depends_on);
    // A restart of another node is nothing that the dead member waits for.
    let mut world = rebuilt();
    world.process(1).argv.push("--cache=.9".to_owned());
    let plan = world.plan();
    assert_eq!(plan.counts().restart, 1);
    let before = &change(&plan, "cluster/members.store").depends_on;
    assert!(before.iter().all(|addr| addr.node() != Some(&node(1))), "{before:?}");
    // One that never was a member is only new.
    let mut world = rebuilt();
    self::members(&mut world).pop();
    assert_eq!(replaced(&world.plan()), BTreeMap::new());
}

#[test]
fn once_it_has_joined_the_earlier_members_are_decommissioned() {
    let joined = |own: u32| {
        let mut world = World::converged();
        for number in 1..=3 {
            store(&mut world, number, &StoreState::Used, "/");
        }
        members(&mut world)[2].figures.live = Some(false);
        members(&mut world).push(member(own, "198.0.2.171:26257", "v24.1.0"));
        world
    };
    joined(4).expect(&["cluster/members.store update drift [n3]"]);
    assert_eq!(replaced(&joined(4).plan()), third(&[3]));
    let mut twice = joined(5);
    let mut dead = member(4, "198.0.2.171:26257", "v24.1.0");
    dead.figures.live = Some(false);
    dead.membership = MembershipFact::Decommissioning;
    members(&mut twice).insert(3, dead);
    assert_eq!(replaced(&twice.plan()), third(&[3, 4]));
    // One that is not ready may not have joined.
    let mut world = joined(4);
    world.service(3).health = HealthFact::NotReady("not healthy".to_owned());
    assert_eq!(replaced(&world.plan()), BTreeMap::new());
    // It runs as the older member, so the data of the later one are elsewhere.
    let mut world = joined(4);
    members(&mut world)[2].figures.live = Some(true);
    members(&mut world)[3].figures.live = Some(false);
    world.expect(&[]);
    assert!(
        notes(&world.plan()).contains("a dead member is left alone: store-3 runs as n3"),
        "{}",
        notes(&world.plan())
    );
    // Two that live at one address are for a person.
    members(&mut world)[3].figures.live = Some(true);
    assert_eq!(replaced(&world.plan()), BTreeMap::new());
    // A data disk is not mounted: the node has joined with an empty directory in its place.
    let mut world = joined(4);
    let places = &mut world.reading(&node(3)).footprint.store_places;
    places.get_mut(&path(STORE)).unwrap().missing.insert(path("/var/lib/cockroach").into());
    world.expect(&[]);
    assert!(notes(&world.plan()).contains("is not mounted"), "{}", notes(&world.plan()));
}

#[test]
fn one_that_was_decommissioning_already_is_not_taken_back() {
    let mut world = without_disk();
    members(&mut world)[2].membership = MembershipFact::Decommissioning;
    world.expect(&[
        "store-3/service.cockroach update drift [active]",
        "cluster/members.store update drift [n3]",
    ]);
}

#[test]
fn a_mount_that_is_missing_is_no_lost_disk() {
    for mut world in [without_disk(), rebuilt()] {
        let places = &mut world.reading(&node(3)).footprint.store_places;
        places.get_mut(&path(STORE)).unwrap().missing.insert(path("/var/lib/cockroach").into());
        let plan = world.plan();
        let said = unknown(&plan, "store-3/service.cockroach");
        assert!(said.contains("/var/lib/cockroach, which /etc/fstab or a mount unit"), "{said}");
        assert!(said.contains("mount a new one there"), "{said}");
        assert_eq!(replaced(&plan), BTreeMap::new());
        world.skip_unknown = true;
        assert_eq!(summary(&world.plan()).iter().filter(|line| line.contains("members")).count(), 0);
    }
    // Nobody wrote it down but the last apply.
    let mut world = without_disk();
    world.reading(&node(3)).record.as_mut().unwrap().store_mount = Some(path("/var/lib/cockroach").into());
    let said = unknown(&world.plan(), "store-3/service.cockroach");
    assert!(
        said.contains("at the last apply it was on the file system mounted at /var/lib/cockroach"),
        "{said}"
    );
    store(&mut world, 3, &StoreState::Empty, "/var/lib/cockroach");
    assert_eq!(replaced(&world.plan()), third(&[3]));
    // A disk that was mounted over the data hides them.
    world.reading(&node(3)).record.as_mut().unwrap().store_mount = Some(path("/").into());
    let said = unknown(&world.plan(), "store-3/service.cockroach");
    assert!(said.contains("has been mounted over it") && said.contains("`store_mount`"), "{said}");
    world.reading(&node(3)).record.as_mut().unwrap().store_mount = Some(path("/var/lib/cockroach").into());
    // Also when the cluster cannot be asked, or does not know it any more.
    store(&mut world, 3, &StoreState::Empty, "/");
    world.reading(&node(3)).record.as_mut().unwrap().initialised = true;
    world.set("cluster/members.store", Observed::Deferred { reason: "no node is ready".to_owned() });
    unknown(&world.plan(), "store-3/service.cockroach");
}

#[test]
fn only_what_the_cluster_calls_dead_is_replaced() {
    for (live, words) in [(Some(true), "n3 at 198.0.2.171:26257 is live"), (None, "may be live")] {
        let mut world = without_disk();
        members(&mut world)[2].figures.live = live;
        let said = unknown(&world.plan(), "store-3/service.cockroach");
        assert!(said.contains(words) && said.contains("another machine has this address"), "{said}");
        assert_eq!(replaced(&world.plan()), BTreeMap::new());
    }
    // A store that was read and has something in it is no empty one, and one that could not be is neither.
    for state in [StoreState::Used, StoreState::Other, StoreState::Unknown { reason: "EIO".to_owned() }] {
        let mut world = without_disk();
        let places = &mut world.reading(&node(3)).footprint.store_places;
        places.get_mut(&path(STORE)).unwrap().state = state;
        assert_eq!(replaced(&world.plan()), BTreeMap::new());
    }
    // One of two stores was lost: the node comes back with the other.
    let mut world = without_disk();
    world.manifest("  environment:", "  flags: {store: [/var/lib/cockroach, /mnt/d2]}\n  environment:");
    for (state, expected) in [(StoreState::Used, BTreeMap::new()), (StoreState::Empty, third(&[3]))] {
        let place = StorePlace { state, mount: path("/mnt/d2").into(), missing: BTreeSet::new() };
        world.reading(&node(3)).footprint.store_places.insert(path("/mnt/d2"), place);
        assert_eq!(replaced(&world.plan()), expected);
    }
    // An answer from before this was asked tells nothing.
    let mut world = without_disk();
    world.reading(&node(3)).footprint.store_places.clear();
    assert_eq!(replaced(&world.plan()), BTreeMap::new());
}

#[test]
fn a_member_that_may_be_another_node_with_data_is_left_alone() {
    // Addresses were exchanged: n3 ran where store-2 is, which is down and no member by its address.
    let mut world = without_disk();
    members(&mut world)[1].address = Some("198.0.2.77:26257".to_owned());
    let service = ServiceFact { store_used: Some(true), ..stopped("loaded", "enabled") };
    world.set("store-2/service.cockroach", present(Fact::Service(service)));
    let said = unknown(&world.plan(), "store-3/service.cockroach");
    assert!(said.contains("store-2 may be n3 under another address"), "{said}");
    assert_eq!(replaced(&world.plan()), BTreeMap::new());
}

#[test]
fn nothing_is_decommissioned_that_may_have_the_last_replica_or_whose_data_have_no_place_to_go() {
    let mut world = without_disk();
    members(&mut world)[0].figures.unavailable = Some(2);
    let said = unknown(&world.plan(), "cluster/members.store");
    assert!(said.contains("2 ranges have no quorum"), "{said}");
    // A node that has just started has not counted yet, and that is not zero.
    let mut world = without_disk();
    members(&mut world)[1].figures.unavailable = None;
    let said = unknown(&world.plan(), "cluster/members.store");
    assert!(said.contains("n2 has not counted its ranges yet"), "{said}");
    assert_eq!(replaced(&world.plan()), BTreeMap::new());
    let mut world = without_disk();
    members(&mut world)[0].membership = MembershipFact::Decommissioned;
    let said = unknown(&world.plan(), "cluster/members.store");
    assert!(said.contains("2 live nodes left"), "{said}");
}

#[test]
fn what_takes_its_place_must_be_able_to_join() {
    let mut world = without_disk();
    world.set("store-3/unit.cockroach", crate::world::unknown());
    world.skip_unknown = true;
    let plan = world.plan();
    assert!(plan.changes.is_empty(), "{:?}", summary(&plan));
    assert!(notes(&plan).contains("take the place of dead members"), "{}", notes(&plan));
}

#[test]
fn a_cluster_that_cannot_be_asked_is_told_of() {
    let mut world = without_disk();
    world.reading(&node(3)).record.as_mut().unwrap().initialised = true;
    world.set("cluster/members.store", Observed::Deferred { reason: "no node is ready".to_owned() });
    assert!(notes(&world.plan()).contains("store-3 has lost its data"), "{}", notes(&world.plan()));
    // The cluster forgets the addresses of those that are dead for long.
    let mut world = without_disk();
    members(&mut world)[2].address = None;
    let plan = world.plan();
    assert_eq!(replaced(&plan), BTreeMap::new());
    assert!(notes(&plan).contains("It may be what store-3 was"), "{}", notes(&plan));
}

#[test]
fn a_dead_member_at_an_address_that_a_running_node_is_only_to_get_is_another_node() {
    let mut world = World::converged();
    for number in 1..=3 {
        store(&mut world, number, &StoreState::Used, "/");
    }
    // store-3 runs as n9 under an earlier address; n3, a machine that is off, has the one that the manifest gives store-3 now.
    members(&mut world)[2].figures.live = Some(false);
    members(&mut world).push(member(9, "198.0.2.99:26257", "v24.1.0"));
    for word in &mut world.process(3).argv {
        if word.starts_with("--advertise-addr=") {
            *word = "--advertise-addr=198.0.2.99:26257".to_owned();
        }
    }
    let plan = world.plan();
    assert_eq!(replaced(&plan), BTreeMap::new(), "{:?}", summary(&plan));
    assert!(
        notes(&plan).contains("n3 at 198.0.2.171:26257, which does not answer, is a member"),
        "{}",
        notes(&plan)
    );
}

#[test]
fn a_node_that_leaves_takes_its_dead_earlier_members_with_it() {
    let mut world = World::converged();
    for number in 1..=3 {
        store(&mut world, number, &StoreState::Used, "/");
    }
    world.graph = crate::world::graph(&format!(
        "{}  - {{name: store-4, address: 198.0.2.4, state: decommissioned}}\n",
        crate::world::MANIFEST
    ));
    world.unreadable(4);
    let mut dead = member(4, "198.0.2.4:26257", "v24.1.0");
    dead.figures.live = Some(false);
    members(&mut world).push(dead);
    members(&mut world).push(member(5, "198.0.2.4:26257", "v24.1.0"));
    let plan = world.plan();
    assert_eq!(replaced(&plan), BTreeMap::from([("store-4".to_owned(), vec![4])]), "{:?}", summary(&plan));
    let names: Vec<_> =
        change(&plan, "cluster/members.store").attributes.iter().map(|it| it.name.clone()).collect();
    assert_eq!(names, ["store-4", "n4"]);
}

#[test]
fn a_unit_with_another_store_on_a_host_without_a_record_is_where_the_data_may_be() {
    let with_unit = |store: &str| {
        let mut world = rebuilt();
        let old = world.fact("store-1/unit.cockroach").clone();
        let Fact::Unit(mut unit) = old else { panic!() };
        unit.file.content = Some(format!(
            "[Service]\nExecStart=/usr/local/bin/cockroach start --certs-dir=/opt/certs --store={store} --join=a,b\n"
        ));
        world.set("store-3/unit.cockroach", present(Fact::Unit(unit)));
        world.plan()
    };
    let plan = with_unit("/data/crdb");
    assert_eq!(replaced(&plan), BTreeMap::new(), "{:?}", summary(&plan));
    let why = unknown(&plan, "store-3/service.cockroach");
    for words in ["has its data in /data/crdb", "install: {data: /data/crdb}", "remove cockroach.service"] {
        assert!(why.contains(words), "{words} in {why}");
    }
    assert_eq!(replaced(&with_unit("/var/lib/cockroach")), third(&[3]));
    assert_eq!(replaced(&with_unit("path=/opt/cockroach/data")), third(&[3]));
}
