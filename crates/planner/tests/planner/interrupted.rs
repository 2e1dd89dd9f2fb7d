//! What an interrupted apply did is never drift, whatever the manifest says since; and what a running one is about to change is not
//! judged.

use std::collections::BTreeSet;

use crdbctl_model::{
    Action, Cause, Change, Desired, Digest, Fact, HostPath, LockHolder, Mode, Observed, Plan, PlanState,
    ResourceAddr, StepNote,
};

use crate::world::{MANIFEST, World, addr, graph, node, summary};

const UNIT: &str = "store-2/unit.cockroach";
const PROFILE: &str = "store-2/file.ufw-profile";

/// The manifest with another size of the cache.
fn with_cache(cache: &str) -> String {
    MANIFEST.replace("  environment:", &format!("  flags: {{cache: \"{cache}\"}}\n  environment:"))
}

fn change(world: &World, text: &str) -> Change {
    let of = addr(text);
    let resource = world.graph.resources[&of].clone();
    Change {
        addr: of,
        action: Action::Update,
        cause: Cause::Manifest,
        reason: None,
        attributes: Vec::new(),
        unchanged: 0,
        impact: crdbctl_model::Impact::None,
        depends_on: BTreeSet::new(),
        desired: Some(resource.desired),
        removal: None,
        before: None,
        bytes: 0,
    }
}

/// The note of a step that makes a resource what the world's graph says.
fn note(world: &World, text: &str, run: &str) -> StepNote {
    StepNote { run: run.to_owned(), ..StepNote::of(&change(world, text)) }
}

/// Hosts after an apply of one size of the cache, and an apply of another one that was interrupted after the step of store-2's unit.
fn interrupted() -> World {
    let mut world = World::of(&with_cache(".25"));
    world.graph = graph(&with_cache(".26"));
    began(&mut world, "r1");
    world
}

/// Has store-2 get the unit of the world's graph, with its note.
fn began(world: &mut World, run: &str) {
    let noted = note(world, UNIT, run);
    world.reading(&node(2)).footprint.noted.push(noted);
    let resource = world.graph.resources[&addr(UNIT)].clone();
    let fact = world.as_desired(&resource);
    world.set(UNIT, Observed::Present(Box::new(fact)));
}

fn cause(plan: &Plan, text: &str) -> (Cause, Option<String>) {
    let change = plan.changes.iter().find(|change| change.addr == addr(text));
    let change = change.unwrap_or_else(|| panic!("no change of {text}: {:?}", summary(plan)));
    (change.cause, change.reason.clone())
}

#[test]
fn the_work_of_an_interrupted_apply_is_no_drift_whatever_the_manifest_says_then() {
    let mut world = interrupted();
    for (cache, words) in [
        (".27", "run r1 had changed it, and the manifest has changed since"),
        (".25", "run r1 had changed it, and the manifest is what it was before that run"),
    ] {
        world.graph = graph(&with_cache(cache));
        assert_eq!(cause(&world.plan(), UNIT), (Cause::Unfinished, Some(words.to_owned())), "{cache}");
    }
    // Interrupted twice, with another value each time.
    world.graph = graph(&with_cache(".28"));
    began(&mut world, "r2");
    for cache in [".25", ".26", ".27"] {
        world.graph = graph(&with_cache(cache));
        let (cause, reason) = cause(&world.plan(), UNIT);
        assert_eq!(cause, Cause::Unfinished, "{cache}");
        assert!(reason.unwrap().starts_with("run r2 "), "{cache}");
    }
    // The first apply of all: no record tells of anything.
    world.reading(&node(2)).record = None;
    assert_eq!(cause(&world.plan(), UNIT).0, Cause::Unfinished);
}

#[test]
fn a_note_whose_step_was_not_done_hides_nothing() {
    let mut world = interrupted();
    let resource = graph(&with_cache(".25")).resources[&addr(UNIT)].clone();
    let before = world.as_desired(&resource);
    world.set(UNIT, Observed::Present(Box::new(before)));
    assert_eq!(cause(&world.plan(), UNIT).0, Cause::Manifest);
    world.graph = graph(&with_cache(".25"));
    assert!(!world.plan().changes.iter().any(|change| change.addr == addr(UNIT)));
}

#[test]
fn what_others_change_after_an_interrupted_apply_is_drift() {
    let edit = |world: &mut World| match world.fact(UNIT) {
        Fact::Unit(unit) => {
            unit.file.digest = Some(Digest::of("by hand"));
            unit.file.content = Some("by hand".to_owned());
        }
        other => panic!("{other:?}"),
    };
    let open = |world: &mut World| match world.fact(UNIT) {
        Fact::Unit(unit) => unit.file.path.mode = Mode::new(0o666),
        other => panic!("{other:?}"),
    };
    for alter in [edit as fn(&mut World), open] {
        let mut world = interrupted();
        alter(&mut world);
        world.graph = graph(&with_cache(".25"));
        assert_eq!(cause(&world.plan(), UNIT), (Cause::Drift, None));
        world.graph = graph(&with_cache(".27"));
        assert_eq!(cause(&world.plan(), UNIT), (Cause::ManifestAndDrift, None));
    }
    // A note of what was at another place says nothing of this one.
    let mut world = interrupted();
    for note in &mut world.reading(&node(2)).footprint.noted {
        note.paths = vec![HostPath::new("/elsewhere/cockroach.service").unwrap()];
    }
    world.graph = graph(&with_cache(".25"));
    assert_eq!(cause(&world.plan(), UNIT).0, Cause::Drift);
}

#[test]
fn what_an_interrupted_apply_removed_is_no_drift() {
    let mut world = World::converged();
    let removed = StepNote {
        desired: None,
        paths: Vec::new(),
        mark: None,
        access: None,
        ..note(&world, PROFILE, "r1")
    };
    world.set(PROFILE, Observed::Absent);
    assert_eq!(cause(&world.plan(), PROFILE).0, Cause::Drift);
    world.reading(&node(2)).footprint.noted = vec![removed];
    assert_eq!(cause(&world.plan(), PROFILE).0, Cause::Unfinished);
}

#[test]
fn directories_and_what_has_no_mark_are_told_by_the_note_of_another_state() {
    let mut world = World::converged();
    let data = "store-2/directory.data";
    let mode = |world: &mut World, mode: u32| match world.fact(data) {
        Fact::Directory(path) => path.mode = Mode::new(mode),
        other => panic!("{other:?}"),
    };
    let mut noted = note(&world, data, "r1");
    noted.desired = Some(Digest::of("another desired state"));
    noted.access.as_mut().unwrap().mode = Mode::new(0o755);
    world.reading(&node(2)).footprint.noted = vec![noted];
    for (found, expected) in [(0o755, Cause::Unfinished), (0o700, Cause::Unfinished), (0o777, Cause::Drift)] {
        mode(&mut world, found);
        assert_eq!(cause(&world.plan(), data).0, expected, "{found:o}");
    }
    // A service that was to be what it was before: others stopped it.
    let mut world = World::converged();
    let service = "store-2/service.cockroach";
    world.service(2).process = None;
    world.service(2).active_state = "inactive".to_owned();
    let noted = note(&world, service, "r1");
    world.reading(&node(2)).footprint.noted = vec![noted.clone()];
    assert_eq!(cause(&world.plan(), service).0, Cause::Drift);
    let other = StepNote { desired: Some(Digest::of("another one")), ..noted };
    world.reading(&node(2)).footprint.noted = vec![other];
    assert_eq!(cause(&world.plan(), service).0, Cause::Unfinished);
}

/// Has a run hold the locks of all nodes.
fn locked(world: &mut World, changes: Option<&[&str]>) {
    let changes: Option<BTreeSet<ResourceAddr>> =
        changes.map(|changes| changes.iter().map(|text| addr(text)).collect());
    let holder = LockHolder {
        command: "apply".to_owned(),
        run: Some("r9".to_owned()),
        by: Some("ann@bastion".to_owned()),
        since: Some("2026-12-04 10:15:00".to_owned()),
        changes,
    };
    for number in 1..=3 {
        world.reading(&node(number)).footprint.lock = Some(holder.clone());
    }
}

#[test]
fn a_running_apply_is_named_and_what_it_changes_is_not_judged() {
    let mut world = interrupted();
    world.graph = graph(&with_cache(".26"));
    world.service(2).pending = Some("restart".to_owned());
    locked(&mut world, Some(&["store-1/unit.cockroach", UNIT, "store-3/unit.cockroach"]));
    let plan = world.plan();
    assert_eq!(plan.state(), PlanState::Incomplete);
    assert!(plan.changes.is_empty() && plan.rollout.is_empty(), "{:?}", summary(&plan));
    assert!(plan.left_out.is_empty());
    assert_eq!(
        plan.notes[0].text,
        "an apply by ann@bastion has been running since 2026-12-04 10:15:00 UTC (run r9) and holds the lock of all 3 nodes"
    );
    let unknown: Vec<String> = plan.unknown.iter().map(|it| it.addr.as_ref().unwrap().to_string()).collect();
    assert_eq!(unknown, ["store-1/unit.cockroach", "store-2/service.cockroach", "store-3/unit.cockroach"]);
    assert_eq!(plan.unknown[0].reason, "cannot be judged while the apply by ann@bastion changes it (run r9)");
    // What it does not change is judged as ever.
    world.set("store-1/link.data", Observed::Absent);
    let plan = world.plan();
    assert_eq!(cause(&plan, "store-1/link.data").0, Cause::Drift);
    assert_eq!(plan.state(), PlanState::Incomplete);
}

#[test]
fn while_nothing_differs_a_running_apply_is_a_note_alone() {
    let mut world = World::converged();
    locked(&mut world, Some(&["store-1/unit.cockroach"]));
    let plan = world.plan();
    assert_eq!((plan.state(), plan.notes.len()), (PlanState::Clean, 1));
    world.set("store-3/link.data", Observed::Absent);
    assert_eq!(world.plan().state(), PlanState::Diverged);
    // A restart that was left on a node which the run does not change was left by an earlier one.
    world.service(3).pending = Some("restart".to_owned());
    assert_eq!(cause(&world.plan(), "store-3/service.cockroach").0, Cause::Unfinished);
}

#[test]
fn of_a_run_that_does_not_tell_what_it_changes_the_unfinished_is_not_judged() {
    let mut world = World::converged();
    locked(&mut world, None);
    world.service(2).pending = Some("restart".to_owned());
    world.set("store-3/link.data", Observed::Absent);
    let plan = world.plan();
    assert_eq!(summary(&plan), ["store-3/link.data create drift", "unknown store-2/service.cockroach"]);
    assert_eq!(cause(&plan, "store-3/link.data").0, Cause::Drift);
    assert_eq!(plan.unknown.len(), 1);
}

#[test]
fn every_desired_state_of_a_node_has_a_note() {
    let world = World::converged();
    for resource in world.graph.of_node(&node(1)) {
        let text = serde_json::to_string(&note(&world, &resource.addr.to_string(), "r1")).unwrap();
        assert!(!text.contains('\n') && !text.contains("BEGIN"), "{text}");
        let read = StepNote::read(&text);
        assert_eq!(read[0].desired, Some(Digest::of_json(&resource.desired)));
        assert!(text.len() < 2_000 || matches!(resource.desired, Desired::Package(_)), "{text}");
    }
}
