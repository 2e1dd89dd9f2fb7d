//! What belongs to the cluster and to no single node: its version, its members, its settings.

use crdbctl_model::{Digest, Fact, HealthFact, MembershipFact, Observed, SettingFact, VersionFact};

use crate::world::{MANIFEST, World, addr, graph, member, node, present, stopped, summary};

/// Three nodes of v24.1.0 whose manifest has moved to `version`, with `upgrade` in its cockroach section.
pub(crate) fn moved_to(version: &str, upgrade: &str) -> World {
    let mut world = World::converged();
    let text = MANIFEST.replace("version: v24.1.0\n", &format!("version: {version}\n{upgrade}"));
    world.graph = graph(&text);
    for number in 1..=3 {
        let package = format!("store-{number}/package.cockroach-{version}.linux-amd64");
        world.set(&package, Observed::Absent);
        world.process(number).exe_digest = Some(Digest::of("another program"));
    }
    world
}

/// Lets a node run `version`, as it looks when its link, its package and its process are of it.
fn runs(world: &mut World, number: usize, version: &str) {
    let exe = format!("/opt/cockroach-{version}.linux-amd64/cockroach");
    world.process(number).exe = exe.clone();
    if world.graph.version == version {
        world.process(number).exe_digest = None;
        if let Fact::Link(link) = world.fact(&format!("store-{number}/link.cockroach")) {
            link.target = Some(exe);
        }
    }
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members[number - 1].build = Some(version.to_owned());
}

fn cluster_version<'a>(world: &'a mut World, text: &str) -> &'a mut VersionFact {
    match world.fact("cluster/version.store") {
        Fact::Version(version) => {
            version.version = text.to_owned();
            version
        }
        other => panic!("{other:?}"),
    }
}

fn of_cluster(world: &World) -> Vec<String> {
    summary(&world.plan()).into_iter().filter(|line| line.contains("cluster/")).collect()
}

fn notes(world: &World) -> String {
    world.plan().notes.iter().map(|note| note.text.clone() + "\n").collect()
}

pub(crate) const MANUAL: &str = "  upgrade: {finalize: manual}\n";

#[test]
fn a_major_upgrade_is_finalised_in_the_plan_that_brings_it() {
    let world = moved_to("v24.3.0", "");
    let plan = world.plan();
    assert_eq!(of_cluster(&world), ["cluster/version.store update manifest [version]"]);
    assert_eq!(plan.counts().restart, 3);
    let version = plan.changes.last().unwrap();
    assert_eq!(version.addr, addr("cluster/version.store"));
    assert_eq!(
        version.attributes[0].remark.as_deref(),
        Some("once every node runs v24.3.0; cannot be undone")
    );
    assert!(version.depends_on.contains(&addr("store-2/link.cockroach")), "{:?}", version.depends_on);
    assert!(notes(&world).contains("licence"));
}

#[test]
fn a_patch_needs_no_finalisation() {
    for (version, upgrade) in [("v24.1.1", ""), ("v24.1.1", MANUAL)] {
        let world = moved_to(version, upgrade);
        assert_eq!(of_cluster(&world), Vec::<String>::new());
        assert_eq!(world.plan().counts().restart, 3);
        assert_eq!(notes(&world), "");
    }
}

#[test]
fn finalisation_is_held_back_before_the_first_node_restarts() {
    let mut world = moved_to("v24.3.0", MANUAL);
    let plan = world.plan();
    assert_eq!(plan.changes[0].addr, addr("cluster/version.store"), "{:?}", summary(&plan));
    assert_eq!(of_cluster(&world), ["cluster/version.store update manifest [finalisation]"]);
    for change in plan.changes.iter().filter(|change| change.impact == crdbctl_model::Impact::Restart) {
        assert!(change.depends_on.contains(&addr("cluster/version.store")), "{}", change.addr);
    }
    // Nodes that are down wait for it, too: nothing of them starts with the new version before.
    let mut down = moved_to("v24.3.0", MANUAL);
    let service = down.service(2);
    (service.process, service.active_state) = (None, "inactive".to_owned());
    service.health = HealthFact::NotAsked;
    for of_node in ["store-2/link.cockroach", "store-2/service.cockroach"] {
        let plan = down.plan();
        let change = plan.changes.iter().find(|change| change.addr == addr(of_node));
        let change = change.unwrap_or_else(|| panic!("{of_node}: {:?}", summary(&plan)));
        assert!(change.depends_on.contains(&addr("cluster/version.store")), "{of_node}");
    }
    // Held back already, halfway through: the rest of the nodes, and nothing of the version.
    cluster_version(&mut world, "24.1").auto_upgrade = Some(false);
    runs(&mut world, 1, "v24.3.0");
    assert_eq!(of_cluster(&world), Vec::<String>::new());
    assert_eq!(world.plan().counts().restart, 2);
    // All of them: nothing to do, and the plan says how it goes on.
    runs(&mut world, 2, "v24.3.0");
    runs(&mut world, 3, "v24.3.0");
    assert!(notes(&world).contains("finalize: auto"), "{}", notes(&world));
    assert_eq!(of_cluster(&world), Vec::<String>::new());
}

#[test]
fn older_clusters_are_held_back_by_their_own_setting() {
    let mut world = moved_to("v24.3.0", MANUAL);
    let version = cluster_version(&mut world, "24.1");
    version.auto_upgrade = None;
    let plan = world.plan();
    let after = format!("{:?}", plan.changes[0].attributes[0].after);
    assert!(after.contains("cluster.preserve_downgrade_option = 24.1"), "{after}");
}

#[test]
fn what_was_held_back_is_finalised_when_the_manifest_says_so() {
    let mut world = moved_to("v24.3.0", "");
    for number in 1..=3 {
        runs(&mut world, number, "v24.3.0");
    }
    cluster_version(&mut world, "24.1").auto_upgrade = Some(false);
    assert_eq!(of_cluster(&world), ["cluster/version.store update manifest [finalisation, version]"]);
    cluster_version(&mut world, "24.1-upgrading-to-24.3-step-004").auto_upgrade = Some(true);
    assert_eq!(of_cluster(&world), ["cluster/version.store update manifest [version]"]);
    cluster_version(&mut world, "24.3");
    assert_eq!(of_cluster(&world), Vec::<String>::new());
}

#[test]
fn what_must_not_follow_is_never_planned_on_any_node() {
    for (version, cluster) in [("v25.1.0", "24.1"), ("v23.2.0", "24.1"), ("v24.3.0", "23.2")] {
        let mut world = moved_to(version, "");
        cluster_version(&mut world, cluster);
        let plan = world.plan();
        assert!(!plan.is_complete(), "{version} on {cluster}");
        for number in 1..=3 {
            let service = addr(&format!("store-{number}/service.cockroach"));
            assert!(
                plan.unknown.iter().any(|unknown| unknown.addr.as_ref() == Some(&service)),
                "{version} on {cluster}: {:?}",
                summary(&plan)
            );
        }
        world.skip_unknown = true;
        assert!(world.plan().changes.is_empty(), "{version} on {cluster}: {:?}", summary(&world.plan()));
    }
}

#[test]
fn nodes_go_back_until_it_is_finalised_and_never_after() {
    let mut world = moved_to("v24.1.0", MANUAL);
    for number in 1..=3 {
        runs(&mut world, number, "v24.3.0");
        world.process(number).exe_digest = Some(Digest::of("another program"));
    }
    cluster_version(&mut world, "24.1").auto_upgrade = Some(false);
    assert_eq!(of_cluster(&world), Vec::<String>::new());
    assert_eq!(world.plan().counts().restart, 3);
    // Not held back: that comes first.
    cluster_version(&mut world, "24.1").auto_upgrade = Some(true);
    assert_eq!(of_cluster(&world), ["cluster/version.store update manifest [finalisation]"]);
    // Finalised: no way back.
    cluster_version(&mut world, "24.3");
    assert!(!world.plan().is_complete());
    // With auto, it could be finalised between two looks.
    let mut auto = moved_to("v24.1.0", "");
    for number in 1..=3 {
        runs(&mut auto, number, "v24.3.0");
    }
    cluster_version(&mut auto, "24.1");
    assert_eq!(of_cluster(&auto), ["unknown cluster/version.store"]);
    runs(&mut auto, 1, "v24.1.0");
    assert_eq!(of_cluster(&auto), Vec::<String>::new());
    // Held back, and the manifest does not ask for that any more: it goes when the last node is back, in this plan.
    cluster_version(&mut auto, "24.1").auto_upgrade = Some(false);
    assert_eq!(of_cluster(&auto), ["cluster/version.store update manifest [finalisation]"]);
    let plan = auto.plan();
    let release = plan.changes.last().unwrap();
    assert_eq!(release.addr, addr("cluster/version.store"));
    assert!(release.depends_on.contains(&addr("store-3/service.cockroach")), "{:?}", release.depends_on);
}

#[test]
fn an_upgrade_that_cannot_be_judged_is_not_begun() {
    let mut world = moved_to("v24.3.0", "");
    world.set("cluster/version.store", Observed::Unknown { reason: "no certificate".to_owned() });
    let plan = world.plan();
    assert!(plan.unknown.iter().any(|unknown| unknown.addr == Some(addr("store-1/service.cockroach"))));
    // A patch needs no word of it.
    let mut world = moved_to("v24.1.1", "");
    world.set("cluster/version.store", Observed::Unknown { reason: "no certificate".to_owned() });
    assert_eq!(world.plan().counts().restart, 3);
}

fn defer(world: &mut World) {
    let addrs: Vec<String> = world.graph.resources.keys().map(ToString::to_string).collect();
    let live = |addr: &&String| {
        ["cluster/version", "cluster/members", "cluster/setting"].iter().any(|kind| addr.starts_with(kind))
    };
    for addr in addrs.iter().filter(live) {
        world.set(addr, Observed::Deferred { reason: "no node is ready".to_owned() });
    }
}

#[test]
fn a_stopped_cluster_is_started_and_looked_at_afterwards() {
    let mut world = World::converged();
    world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  settings: {kv.x: 1}\n");
    defer(&mut world);
    for number in 1..=3 {
        let service = world.service(number);
        service.process = None;
        service.active_state = "inactive".to_owned();
        service.health = HealthFact::NotAsked;
    }
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!(plan.changes.len(), 3);
    assert!(notes(&world).contains("are not compared"));
    // Finalisation of a new version could not be held back in time.
    world.graph = graph(&MANIFEST.replace("version: v24.1.0\n", &format!("version: v24.3.0\n{MANUAL}")));
    defer(&mut world);
    assert!(!world.plan().is_complete());
    // Nor is it when what is unknown is skipped: no node goes there.
    for (number, version) in
        [1, 2, 3].into_iter().flat_map(|number| [(number, "v24.1.1"), (number, "v24.3.0")])
    {
        world.set(&format!("store-{number}/package.cockroach-{version}.linux-amd64"), Observed::Absent);
    }
    world.skip_unknown = true;
    let plan = world.plan();
    assert!(plan.changes.is_empty(), "{:?}", summary(&plan));
    assert!(notes(&world).contains("store-1, store-2, store-3 are left alone: whether the cluster may go"));
    // One that is of the new series already is started, and a patch goes on.
    if let Fact::Link(link) = world.fact("store-1/link.cockroach") {
        link.target = Some("/opt/cockroach-v24.3.0.linux-amd64/cockroach".to_owned());
    }
    let nodes: Vec<_> =
        world.plan().changes.iter().filter_map(|change| change.addr.node().cloned()).collect();
    assert!(!nodes.is_empty() && nodes.iter().all(|name| *name == node(1)), "{nodes:?}");
    world.graph = graph(&MANIFEST.replace("version: v24.1.0\n", "version: v24.1.1\n"));
    if let Fact::Link(link) = world.fact("store-1/link.cockroach") {
        link.target = Some("/opt/cockroach-v24.1.0.linux-amd64/cockroach".to_owned());
    }
    world.set("cluster/version.store", Observed::Unknown { reason: "no certificate".to_owned() });
    assert!(world.plan().changes.iter().any(|change| change.addr == addr("store-1/link.cockroach")));
}

#[test]
fn a_hold_that_cannot_be_set_keeps_every_node_where_it_is() {
    // Every node that runs goes back, and nothing holds the finalisation that may begin meanwhile.
    let mut world = moved_to("v24.1.0", "");
    for number in 1..=3 {
        runs(&mut world, number, "v24.3.0");
    }
    cluster_version(&mut world, "24.1");
    assert_eq!(of_cluster(&world), ["unknown cluster/version.store"]);
    world.skip_unknown = true;
    assert!(world.plan().changes.is_empty(), "{:?}", summary(&world.plan()));
}

#[test]
fn nodes_that_run_and_are_not_ready_leave_open_what_nobody_can_be_asked() {
    let mut world = World::converged();
    defer(&mut world);
    // Nothing is going to make them ready: that nothing moved would be a guess.
    assert_eq!(of_cluster(&world), ["unknown cluster/members.store"]);
    assert!(!notes(&world).contains("are not compared"));
    // What is mended may, and is not held up.
    world.process(1).argv.push("--cache=.9".to_owned());
    assert!(world.plan().is_complete(), "{:?}", summary(&world.plan()));
    assert!(notes(&world).contains("are not compared"));
    world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  settings: {kv.x: 1}\n");
    defer(&mut world);
    assert_eq!(of_cluster(&world), ["unknown cluster/setting.kv.x"]);
}

#[test]
fn a_cluster_whose_data_are_gone_everywhere_is_not_taken_for_whole() {
    let mut world = World::converged();
    defer(&mut world);
    for number in 1..=3 {
        world.service(number).health = HealthFact::WaitingForInit;
    }
    let plan = world.plan();
    let told = &plan.unknown[0];
    assert_eq!(
        (plan.unknown.len(), &told.addr),
        (1, &Some(addr("cluster/init.store"))),
        "{:?}",
        plan.unknown
    );
    assert!(told.reason.contains("no node has its data any more"), "{told:?}");
    // Stopped, as after a reboot without the disks.
    for number in 2..=3 {
        let service = world.service(number);
        (service.process, service.health) = (None, HealthFact::NotAsked);
        service.active_state = "inactive".to_owned();
        service.store_used = Some(false);
    }
    assert!(
        of_cluster(&world).contains(&"unknown cluster/init.store".to_owned()),
        "{:?}",
        of_cluster(&world)
    );
    // One has data: the others join it when it runs.
    world.service(3).store_used = Some(true);
    assert!(world.plan().is_complete(), "{:?}", summary(&world.plan()));
}

/// Four nodes, of which the last has `state`.
fn four(state: &str) -> World {
    let mut world = World::converged();
    let text = format!("{MANIFEST}  - {{name: store-4, address: 198.0.2.4, state: {state}}}\n");
    world.graph = graph(&text);
    let reading = world.observations.nodes[&node(3)].clone();
    world.observations.nodes.insert(node(4), reading);
    world.reading(&node(4)).host.machine_id = Some(Digest::of("machine 4"));
    world.reading(&node(4)).resources.clear();
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members.push(member(4, "198.0.2.4:26257", "v24.1.0"));
    world
}

fn fourth(world: &mut World) -> &mut crdbctl_model::MemberFact {
    match world.fact("cluster/members.store") {
        Fact::Members(members) => members.members.last_mut().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nodes_that_leave_are_decommissioned_reachable_or_not() {
    let mut world = four("decommissioned");
    assert_eq!(of_cluster(&world), ["cluster/members.store update manifest [store-4]"]);
    let change = &world.plan().changes[0];
    assert!(change.attributes[0].remark.as_ref().unwrap().contains("40 replicas"), "{change:?}");
    world.unreadable(4);
    fourth(&mut world).figures.live = Some(false);
    assert_eq!(of_cluster(&world), ["cluster/members.store update manifest [store-4]"]);
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert!(plan.changes[0].attributes[0].remark.as_ref().unwrap().contains("does not answer"));
    assert!(notes(&world).contains("could not be read"));
    // Begun before: goes on. Done: nothing.
    fourth(&mut world).membership = MembershipFact::Decommissioning;
    assert_eq!(of_cluster(&world), ["cluster/members.store update manifest [store-4]"]);
    fourth(&mut world).membership = MembershipFact::Decommissioned;
    assert_eq!(of_cluster(&world), Vec::<String>::new());
}

#[test]
fn a_node_that_has_not_left_is_never_stopped() {
    let stops = |world: &World| {
        let lines = summary(&world.plan());
        lines.iter().any(|line| line.starts_with("store-4/service"))
    };
    let mut world = four("decommissioned");
    let service = Observed::Present(Box::new(world.fact("store-3/service.cockroach").clone()));
    let mut record = world.reading(&node(3)).record.clone().unwrap();
    record.initialised = true;
    world.reading(&node(4)).record = Some(record);
    world.set("store-4/service.cockroach", service);
    world.process(4).argv = world.graph.service(&node(4)).unwrap().argv.clone();
    assert!(stops(&world), "{:?}", summary(&world.plan()));
    let plan = world.plan();
    let stop = plan.changes.iter().find(|change| change.addr == addr("store-4/service.cockroach")).unwrap();
    assert!(stop.depends_on.contains(&addr("cluster/members.store")), "{:?}", stop.depends_on);
    for unread in
        [Observed::Unknown { reason: "x".to_owned() }, Observed::Deferred { reason: "x".to_owned() }]
    {
        let mut world_without = four("decommissioned");
        let service = Observed::Present(Box::new(world_without.fact("store-3/service.cockroach").clone()));
        let record = world_without.reading(&node(3)).record.clone();
        world_without.reading(&node(4)).record = record;
        world_without.set("store-4/service.cockroach", service);
        world_without.set("cluster/members.store", unread);
        world_without.skip_unknown = true;
        assert!(!stops(&world_without), "{:?}", summary(&world_without.plan()));
    }
    // Refused, and a member still: nothing is taken away.
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members[0].membership = MembershipFact::Decommissioned;
    world.skip_unknown = true;
    assert!(!stops(&world), "{:?}", summary(&world.plan()));
    assert!(notes(&world).contains("nothing is taken off store-4 yet"));
    // Not known by its address, and running.
    fourth(&mut world).address = Some("198.0.2.77:26257".to_owned());
    assert!(!stops(&world), "{:?}", summary(&world.plan()));
    // It has left, and an interrupted apply did not come to stop it: the cluster has forgotten its address.
    fourth(&mut world).address = None;
    fourth(&mut world).membership = MembershipFact::Decommissioned;
    let Fact::Service(service) = world.fact("store-4/service.cockroach") else { panic!() };
    service.health = HealthFact::NotReady("not healthy".to_owned());
    world.skip_unknown = false;
    assert!(stops(&world), "{:?}", summary(&world.plan()));
}

#[test]
fn no_node_leaves_when_data_would_lose_a_replica_or_versions_are_mixed() {
    let mut world = four("decommissioned");
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members[0].membership = MembershipFact::Decommissioned;
    assert_eq!(of_cluster(&world), ["unknown cluster/members.store"]);
    let mut world = four("decommissioned");
    cluster_version(&mut world, "23.2");
    assert!(of_cluster(&world).contains(&"unknown cluster/members.store".to_owned()));
}

#[test]
fn a_node_that_stays_after_all_is_taken_back() {
    let mut world = World::converged();
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members[2].membership = MembershipFact::Decommissioning;
    assert_eq!(of_cluster(&world), ["cluster/members.store update manifest [store-3]"]);
}

#[test]
fn a_member_that_the_manifest_does_not_have_is_told_and_left_alone() {
    let mut world = World::converged();
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members.push(member(9, "198.0.2.99:26257", "v24.1.0"));
    let mut gone = member(8, "198.0.2.98:26257", "v23.2.0");
    gone.membership = MembershipFact::Decommissioned;
    members.members.push(gone);
    world.expect(&[]);
    assert!(notes(&world).contains("n9 at 198.0.2.99:26257 is a member that the manifest does not have"));
    assert!(!notes(&world).contains("n8"));
}

#[test]
fn a_store_that_has_left_is_refused_until_it_is_wiped() {
    let mut world = World::converged();
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members[2].membership = MembershipFact::Decommissioned;
    let stop = |world: &mut World, used| {
        let service = world.service(3);
        service.process = None;
        service.active_state = "failed".to_owned();
        service.store_used = Some(used);
    };
    stop(&mut world, true);
    world.expect(&["unknown store-3/service.cockroach"]);
    assert!(world.plan().unknown[0].hint.contains("wipe /var/lib/cockroach"));
    // CockroachDB forgets where those were that left.
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members[2].address = None;
    world.expect(&["unknown store-3/service.cockroach"]);
    // A member that is missing may have moved here.
    let mut missing = member(7, "198.0.2.77:26257", "v24.1.0");
    missing.figures.live = Some(false);
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members.push(missing);
    world.expect(&["store-3/service.cockroach update drift [active]"]);
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members.pop();
    stop(&mut world, false);
    world.expect(&["store-3/service.cockroach update drift [active]"]);
}

#[test]
fn settings_are_compared_by_meaning_and_dropped_ones_left_alone() {
    let mut world = World::converged();
    world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  settings: {kv.x: 64MiB}\n");
    world.set("cluster/setting.kv.x", present(Fact::Setting(SettingFact { value: "64 MiB".to_owned() })));
    world.expect(&[]);
    world.set("cluster/setting.kv.x", present(Fact::Setting(SettingFact { value: "32 MiB".to_owned() })));
    world.expect(&["cluster/setting.kv.x update differs [value]"]);
    world.graph = graph(MANIFEST);
    world.expect(&[]);
}

/// A leaving node with a store in use, which an apply set up before; of the service as in `store-3` when it runs.
fn leaving_with_store(running: bool) -> World {
    let mut world = four("decommissioned");
    let record = world.reading(&node(3)).record.clone();
    world.reading(&node(4)).record = record;
    let service = Observed::Present(Box::new(world.fact("store-3/service.cockroach").clone()));
    world.set("store-4/service.cockroach", service);
    world.process(4).argv = world.graph.service(&node(4)).unwrap().argv.clone();
    if !running {
        let service = world.service(4);
        service.process = None;
        service.active_state = "failed".to_owned();
    }
    world.delete_data = true;
    world
}

fn touches_fourth(world: &World) -> bool {
    world.plan().changes.iter().any(|change| change.addr.node() == Some(&node(4)))
}

#[test]
fn a_leaving_node_that_is_down_keeps_its_store_while_a_member_of_an_unknown_address_may_be_it() {
    for address in [Some("198.0.2.77:26257".to_owned()), None] {
        let mut world = leaving_with_store(false);
        fourth(&mut world).address = address;
        fourth(&mut world).figures.live = Some(false);
        assert!(!touches_fourth(&world), "{:?}", summary(&world.plan()));
        assert!(notes(&world).contains("it may be n4"), "{}", notes(&world));
        // It has left after all.
        fourth(&mut world).membership = MembershipFact::Decommissioned;
        assert!(touches_fourth(&world), "{:?}", summary(&world.plan()));
    }
    // Nothing in its store: it never was anybody.
    let mut world = leaving_with_store(false);
    fourth(&mut world).address = Some("198.0.2.77:26257".to_owned());
    world.service(4).store_used = Some(false);
    assert!(touches_fourth(&world), "{:?}", summary(&world.plan()));
}

#[test]
fn a_leaving_node_that_runs_under_an_older_address_is_decommissioned_by_it() {
    let mut world = leaving_with_store(true);
    let old = "198.0.2.77:26257";
    let mut forgotten = member(9, "", "v24.1.0");
    forgotten.address = None;
    forgotten.membership = MembershipFact::Decommissioned;
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members.insert(0, forgotten);
    fourth(&mut world).address = Some(old.to_owned());
    world.service(4).health = HealthFact::NotReady("not healthy".to_owned());
    // Under the manifest's address as far as its process tells: another member may be it.
    assert!(!touches_fourth(&world), "{:?}", summary(&world.plan()));
    assert!(notes(&world).contains("it may be n4"), "{}", notes(&world));
    for word in &mut world.process(4).argv {
        if word.starts_with("--advertise-addr=") {
            *word = format!("--advertise-addr={old}");
        }
    }
    // It is decommissioned as the member that it runs as, and only then taken away.
    let plan = world.plan();
    let members = plan.changes.iter().find(|change| change.addr == addr("cluster/members.store")).unwrap();
    assert_eq!(members.attributes[0].name, "store-4", "{members:#?}");
    let service =
        plan.changes.iter().find(|change| change.addr == addr("store-4/service.cockroach")).unwrap();
    assert!(service.depends_on.contains(&members.addr), "{service:#?}");
    assert!(!notes(&world).contains("left alone"), "{}", notes(&world));
}

#[test]
fn a_node_that_never_joined_is_not_taken_for_one_that_left() {
    let mut world = four("present");
    world.reading(&node(4)).record = None;
    fourth(&mut world).membership = MembershipFact::Decommissioned;
    fourth(&mut world).address = None;
    let mut crashing = world.service(3).clone();
    crashing.process = None;
    crashing.active_state = "activating".to_owned();
    crashing.sub_state = "auto-restart".to_owned();
    world.set("store-4/service.cockroach", present(Fact::Service(crashing)));
    let unknown = |world: &World| {
        world.plan().unknown.iter().any(|it| it.addr == Some(addr("store-4/service.cockroach")))
    };
    assert!(!unknown(&world), "{:?}", world.plan().unknown);
    // An apply was done with its service once: then it was a member.
    let record = world.reading(&node(3)).record.clone();
    world.reading(&node(4)).record = record;
    assert!(unknown(&world));
    // The cluster tells.
    world.reading(&node(4)).record = None;
    fourth(&mut world).address = Some("198.0.2.4:26257".to_owned());
    assert!(unknown(&world));
}

#[test]
fn only_live_members_count_as_left_and_nobody_leaves_while_a_node_that_stays_is_unread() {
    let mut world = four("decommissioned");
    assert_eq!(of_cluster(&world), ["cluster/members.store update manifest [store-4]"]);
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members[0].figures.live = Some(false);
    assert_eq!(of_cluster(&world), ["unknown cluster/members.store"]);
    // The one that leaves may be dead.
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members[0].figures.live = Some(true);
    fourth(&mut world).figures.live = Some(false);
    assert_eq!(of_cluster(&world), ["cluster/members.store update manifest [store-4]"]);

    // Four nodes as an apply left them.
    let text = |state: &str| format!("{MANIFEST}  - {{name: store-4, address: 198.0.2.4, state: {state}}}\n");
    let mut world = World::of(&text("present"));
    world.graph = graph(&text("decommissioned"));
    world.list(4);
    world.skip_unknown = true;
    assert!(touches_fourth(&world), "{:?}", summary(&world.plan()));
    world.unreadable(2);
    assert_eq!(of_cluster(&world), Vec::<String>::new());
    assert!(!touches_fourth(&world), "{:?}", summary(&world.plan()));
    assert!(
        notes(&world).contains("is put off until every node that stays can be read"),
        "{}",
        notes(&world)
    );
}

#[test]
fn a_cluster_whose_members_all_leave_has_nobody_to_join() {
    let text = MANIFEST.replace("address: 198.0.2.166}", "address: 198.0.2.166, state: decommissioned}");
    let mut world = World::of(&format!("{MANIFEST}  - {{name: store-4, address: 198.0.2.4}}\n"));
    world.graph = graph(&format!("{text}  - {{name: store-4, address: 198.0.2.4}}\n"));
    // store-1 is what there is, and the others are new hosts.
    for number in 2..=4 {
        world.reading(&node(number)).record = None;
        let service = stopped("not-found", "");
        world.set(&format!("store-{number}/service.cockroach"), present(Fact::Service(service)));
    }
    let deferred = || Observed::Deferred { reason: "no node is ready".to_owned() };
    world.set("cluster/members.store", deferred());
    world.set("cluster/version.store", deferred());
    let plan = world.plan();
    assert!(
        plan.unknown.iter().any(|it| it.addr == Some(addr("cluster/init.store"))),
        "{:?}",
        summary(&plan)
    );
    // A new node that has come to the old one beforehand is a member.
    world.service(2).store_used = Some(true);
    let plan = world.plan();
    assert!(
        plan.unknown.iter().all(|it| it.addr != Some(addr("cluster/init.store"))),
        "{:?}",
        summary(&plan)
    );
}
