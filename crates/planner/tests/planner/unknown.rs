//! What could not be read: the authority above all, and what is left of a plan without it.

use crdbctl_model::{Fact, Observed, ResourceKind, Verdict};

use crate::world::{World, addr, node, summary, unknown};

#[test]
fn a_node_that_is_not_reached_is_told_once_and_the_others_are_planned() {
    let mut world = World::converged();
    world.unreadable(3);
    world.set("store-1/file.ufw-profile", Observed::Absent);
    world.expect(&["store-1/file.ufw-profile create drift", "unknown store-3"]);
    assert!(!world.plan().basis.nodes.contains_key(&node(3)));
}

#[test]
fn a_package_that_has_no_room_is_not_planned_to_be_sent() {
    use crdbctl_model::{HostPath, Room};
    let mut world = World::converged();
    let package = "store-1/package.cockroach-v24.1.0.linux-amd64";
    world.set(package, Observed::Absent);
    let room = |mount: &str, bytes, inodes| {
        let path = HostPath::new("/opt").unwrap();
        Some(Room { path, device: "/dev/sdb1".to_owned(), mount: mount.to_owned(), bytes, inodes })
    };
    for enough in [None, room("/opt", None, None), room("/opt", Some(40_000_000), Some(9))] {
        world.reading(&node(1)).room = enough;
        assert!(world.plan().is_complete(), "{:?}", summary(&world.plan()));
    }
    let mut reason = |room| {
        world.reading(&node(1)).room = room;
        let plan = world.plan();
        assert!(!plan.changes.iter().any(|change| change.addr == addr(package)), "{:?}", summary(&plan));
        plan.unknown.iter().find(|it| it.addr == Some(addr(package))).unwrap().reason.clone()
    };
    assert_eq!(
        reason(room("/opt", Some(1_250_000), None)),
        "/opt on store-1 (/dev/sdb1) has 1.2 MB free; the package needs 16 MB"
    );
    assert_eq!(
        reason(room("/", Some(40_000_000), Some(3))),
        "/opt on store-1 (/dev/sdb1, mounted at /) has 3 inodes free; the package needs 9"
    );
}

#[test]
fn a_node_that_nobody_asked_is_unknown() {
    let mut world = World::converged();
    world.observations.nodes.remove(&node(3));
    world.expect(&["unknown store-3"]);
}

#[test]
fn no_authority_is_made_beside_certificates_of_another() {
    for left in ["store-2/certificate.ca", "store-2/service.cockroach"] {
        let mut world = World::bare();
        let fact = World::converged().fact(left).clone();
        world.set(left, Observed::Present(Box::new(fact)));
        let plan = world.plan();
        assert!(
            plan.unknown.iter().any(|u| u.addr == Some(addr("cluster/authority.ca"))),
            "{left}: {:?}",
            summary(&plan)
        );
        assert!(
            plan.changes
                .iter()
                .all(|c| !matches!(c.addr.kind, ResourceKind::Authority | ResourceKind::Certificate)),
            "{left}: {:?}",
            summary(&plan)
        );
    }
}

#[test]
fn no_authority_is_made_while_a_node_cannot_be_read() {
    for skip_unknown in [false, true] {
        let mut world = World::bare();
        world.unreadable(3);
        world.skip_unknown = skip_unknown;
        let plan = world.plan();
        assert!(
            plan.changes
                .iter()
                .all(|c| { !matches!(c.addr.kind, ResourceKind::Authority | ResourceKind::Certificate) }),
            "{:?}",
            summary(&plan)
        );
        if skip_unknown {
            // A node without certificates is not started, and one that cannot be read not touched.
            assert!(
                plan.changes.iter().all(|c| c.addr.kind != ResourceKind::Service),
                "{:?}",
                summary(&plan)
            );
            assert!(plan.changes.iter().all(|c| c.addr.node() != Some(&node(3))));
        }
    }
}

#[test]
fn without_the_authority_only_what_needs_none_is_skipped_to() {
    let mut world = World::converged();
    world.set("cluster/authority.ca", unknown());
    world.set("store-1/certificate.node", Observed::Absent);
    world.set("store-1/file.ufw-profile", Observed::Absent);
    world.skip_unknown = true;
    let plan = world.plan();
    assert!(plan.changes.is_empty(), "{:?}", summary(&plan));
    assert!(!plan.is_complete());
}

#[test]
fn an_authority_without_its_key_keeps_what_is_valid_and_makes_nothing() {
    let mut world = World::converged();
    if let Fact::Ca(ca) = world.fact("cluster/authority.ca") {
        ca.has_key = false;
    }
    world.expect(&[]);
    world.set("store-1/certificate.node", Observed::Absent);
    world.expect(&["unknown store-1/certificate.node"]);
    world.set("store-1/certificate.ca", Observed::Absent);
    world.expect(&[
        "store-1/certificate.ca create drift reload",
        "roll store-1 reload",
        "unknown store-1/certificate.node",
    ]);
}

#[test]
fn two_names_of_one_machine_are_never_changed() {
    let mut world = World::converged();
    let same = world.reading(&node(1)).host.machine_id;
    world.reading(&node(2)).host.machine_id = same;
    world.set("store-1/file.ufw-profile", Observed::Absent);
    world.set("store-3/file.ufw-profile", Observed::Absent);
    let plan = world.plan();
    assert_eq!(plan.unknown.len(), 2, "{:?}", summary(&plan));
    assert!(plan.unknown.iter().all(|unknown| unknown.reason.contains("store-1 and store-2")));
    world.skip_unknown = true;
    world.expect(&["store-3/file.ufw-profile create drift", "unknown store-1", "unknown store-2"]);
}

#[test]
fn skipping_leaves_the_whole_node_alone_and_says_so() {
    let mut world = World::converged();
    world.set("store-1/unit.cockroach", unknown());
    world.process(1).argv.push("--max-sql-memory=.11".to_owned());
    world.set("store-2/file.ufw-profile", Observed::Absent);
    world.skip_unknown = true;
    world.expect(&["store-2/file.ufw-profile create drift", "unknown store-1/unit.cockroach"]);
    assert_eq!(world.plan().compared[&addr("store-1/service.cockroach")], Verdict::PutOff);
    assert!(world.plan().notes.iter().any(|note| note.text.contains("store-1 is left alone")));
}

#[test]
fn init_is_put_off_while_anything_is_unknown() {
    let mut world = World::converged();
    world.set("cluster/init.store", Observed::Absent);
    world.set("store-1/unit.cockroach", unknown());
    world.skip_unknown = true;
    let plan = world.plan();
    assert!(plan.changes.is_empty(), "{:?}", summary(&plan));
    assert!(plan.notes.iter().any(|note| note.text.contains("put off")));
}

/// Nodes as they are, and the authority's directory of another cluster on the control host.
fn with_another_authority() -> World {
    let mut world = World::converged();
    world.authority = World::converged().authority;
    let resource = world.graph.resources[&addr("cluster/authority.ca")].clone();
    let fact = world.as_desired(&resource);
    world.set("cluster/authority.ca", Observed::Present(Box::new(fact)));
    world
}

#[test]
fn nodes_that_run_with_another_authority_are_not_given_ours() {
    let mut world = with_another_authority();
    for skip_unknown in [false, true] {
        world.skip_unknown = skip_unknown;
        let plan = world.plan();
        assert!(plan.changes.is_empty() && !plan.is_complete(), "{:?}", summary(&plan));
        assert!(plan.unknown[0].reason.contains("certs rotate-ca"), "{:?}", plan.unknown);
        assert!(plan.unknown[0].reason.contains("and 2 more"), "{:?}", plan.unknown);
    }
    // The one that runs is enough: the others will trust what it does not.
    world.skip_unknown = false;
    for number in 2..=3 {
        let service = world.service(number);
        service.process = None;
        service.active_state = "inactive".to_owned();
    }
    assert!(!world.plan().is_complete(), "{:?}", summary(&world.plan()));
    // What an earlier life left on hosts where nothing runs is in nobody's way.
    let service = world.service(1);
    service.process = None;
    service.active_state = "inactive".to_owned();
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert!(plan.changes.iter().any(|change| change.addr == addr("store-1/certificate.ca")));
}

#[test]
fn an_older_state_of_the_authority_does_not_undo_a_rotation() {
    let mut world = World::converged();
    let older = world.authority.bundle().to_pem();
    let newer = World::converged();
    for number in 1..=3 {
        let pair = format!("store-{number}/certificate.node");
        let ca = format!("store-{number}/certificate.ca");
        let fact = newer.as_desired(&newer.graph.resources[&addr(&pair)]);
        *world.fact(&pair) = fact;
        let Fact::Ca(ca) = world.fact(&ca) else { panic!() };
        ca.pem = format!("{}{older}", newer.authority.bundle().to_pem());
    }
    let plan = world.plan();
    assert!(plan.changes.is_empty() && !plan.is_complete(), "{:?}", summary(&plan));
}

#[test]
fn one_node_with_a_pair_of_another_authority_is_mended() {
    let mut world = World::converged();
    let other = World::converged();
    let pair = other.as_desired(&other.graph.resources[&addr("store-2/certificate.node")]);
    *world.fact("store-2/certificate.node") = pair;
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!(plan.changes.len(), 1, "{:?}", summary(&plan));
}
