//! Why a resource is in a plan, or is not, in words.

use crdbctl_report::{RenderOptions, render_explanation};

use crate::world::{MANIFEST, World, addr, graph, unknown};

fn explained(world: &World, at: &str) -> String {
    render_explanation(&world.plan(), &world.graph, &addr(at), &RenderOptions::plain(100)).unwrap()
}

/// The lines up to the first empty one: how it stands, and why.
fn why(world: &World, at: &str) -> String {
    explained(world, at).split("\n\n").next().unwrap().trim_end().to_owned()
}

fn with_cache() -> World {
    let mut world = World::converged();
    world.manifest("  environment", "  flags: {cache: \".35\"}\n  environment");
    world
}

#[test]
fn a_change_tells_its_cause_its_turn_and_what_depends_on_it() {
    let text = explained(&with_cache(), "store-1/unit.cockroach");
    let (head, rest) = text.split_once("  ~ content").unwrap();
    assert_eq!(
        head,
        "store-1/unit.cockroach will be updated, restarts\n  \
         The manifest says something else than what was applied last. (manifest changed)\n"
    );
    assert!(rest.contains("    + ExecStart=… --cache=.35\n"), "{text}");
    assert!(
        rest.ends_with(
            "  store-1 restarts in turn 1 of 3.\n\nRests on: nothing.\n\nDepends on it:\n  \
             store-1/service.cockroach  differs, and changes of other resources mend it\n"
        ),
        "{text}"
    );
}

#[test]
fn what_another_change_mends_is_not_said_to_be_left_alone() {
    assert_eq!(
        why(&with_cache(), "store-1/service.cockroach"),
        "store-1/service.cockroach differs, and changes of other resources mend it\n  \
         store-1 restarts for store-1/unit.cockroach."
    );
    let same = explained(&with_cache(), "cluster/init.store");
    assert!(same.starts_with("cluster/init.store is as desired\n\nRests on:\n"), "{same}");
    assert!(same.ends_with("In the manifest: line 3, column 7.\n"), "{same}");
}

#[test]
fn what_is_not_known_is_not_explained_away() {
    let mut world = with_cache();
    world.unreadable(2);
    world.set("store-3/unit.cockroach", unknown());
    assert_eq!(
        why(&world, "store-2/unit.cockroach"),
        "store-2/unit.cockroach is unknown\n  no route\n  hint: look"
    );
    assert_eq!(
        why(&world, "store-3/unit.cockroach"),
        "store-3/unit.cockroach is unknown\n  Input/output error\n  \
         hint: mend what keeps it from being read, then plan again"
    );
    // Its unit is unknown, and with it what would mend its flags.
    world.skip_unknown = true;
    assert_eq!(
        why(&world, "store-3/service.cockroach"),
        "store-3/service.cockroach differs, and this plan leaves it alone"
    );
    // Of a node that is left alone, nothing is mended.
    let mut world = with_cache();
    world.set("store-3/file.ufw-profile", unknown());
    world.skip_unknown = true;
    assert_eq!(
        why(&world, "store-3/service.cockroach"),
        "store-3/service.cockroach differs, and this plan leaves it alone"
    );
}

#[test]
fn what_goes_tells_what_goes_before_it() {
    let fourth = |state: &str| {
        MANIFEST.replace("171}\n", &format!("171}}\n  - {{name: store-4, address: 198.0.2.172{state}}}\n"))
    };
    let mut world = World::of(&fourth(""));
    world.graph = graph(&fourth(", state: decommissioned"));
    world.delete_data = true;
    assert_eq!(
        why(&world, "store-4/service.cockroach"),
        "store-4/service.cockroach will be deleted, stops for good\n  \
         It is there, crdbctl made it, and it is no longer wanted. (the node leaves the cluster)\n  \
         - active   active  # CockroachDB stops for good\n  - enabled  enabled"
    );
    let data = explained(&world, "store-4/directory.data");
    assert!(data.starts_with("store-4/directory.data will be deleted, deletes all data\n"), "{data}");
    assert!(data.contains("store-4/service.cockroach  will be deleted, stops for good\n"), "{data}");
    let members = why(&world, "cluster/members.store");
    assert!(members.contains("store-4  active (n4) -> decommissioned"), "{members}");
    assert!(
        render_explanation(&world.plan(), &world.graph, &addr("store-9/unit.x"), &RenderOptions::plain(80))
            .is_none()
    );
}
