//! Parts of a plan: one side alone, and what is left of it when known drift is accepted.

use crdbctl_model::{
    AcceptEntry, Acceptance, Cause, Divergence, Fact, HealthFact, Impact, LeftOutWhy, Mode, Plan, SourceSpan,
    Verdict,
};
use crdbctl_planner::{Accepted, accept, only};
use proptest::prelude::*;

use crate::world::{World, addr, summary};

/// The day of the world's probe is 2027-01-15.
pub(crate) fn entry(address: &str, attribute: Option<&str>, until: &str) -> AcceptEntry {
    AcceptEntry {
        address: address.parse().unwrap(),
        attribute: attribute.map(|attribute| attribute.parse().unwrap()),
        until: until.parse().unwrap(),
        reason: "OPS-12".to_owned(),
        origin: SourceSpan { line: 3, column: 5 },
    }
}

fn accepting(world: &World, entries: Vec<AcceptEntry>) -> Accepted {
    let acceptance = Acceptance { file: "cluster.accept.yaml".to_owned(), entries };
    accept(world.plan(), &acceptance, &world.graph, &world.observations)
}

fn side(world: &World, divergence: Divergence) -> Plan {
    only(world.plan(), divergence, &world.graph, &world.observations)
}

fn profile(world: &mut World, number: usize, mode: u16) {
    match world.fact(&format!("store-{number}/file.ufw-profile")) {
        Fact::File(file) => file.path.mode = Mode::new(mode.into()),
        other => panic!("{other:?}"),
    }
}

/// Flags changed in the manifest; modes and a certificate changed on hosts.
fn both_moved() -> World {
    let mut world = World::converged();
    world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  flags: {cache: \".35\"}\n");
    profile(&mut world, 2, 0o666);
    let Fact::Ca(ca) = world.fact("store-3/certificate.ca") else { panic!("no ca.crt") };
    ca.pem = crate::world::issued_elsewhere(0);
    world
}

fn left_out(plan: &Plan) -> Vec<String> {
    let line = |left: &crdbctl_model::LeftOut| {
        let why = match &left.why {
            LeftOutWhy::Selection => "selection".to_owned(),
            LeftOutWhy::Only => "only".to_owned(),
            LeftOutWhy::Accepted { until, reason } => format!("until {until} {reason}"),
        };
        format!("{} [{}] {why}", left.addr, left.attributes.join(", "))
    };
    plan.left_out.iter().map(line).collect()
}

fn texts(plan: &Plan) -> String {
    plan.notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_side_has_its_own_changes_and_disruption() {
    let world = both_moved();
    let drift = side(&world, Divergence::Drift);
    assert_eq!(
        summary(&drift),
        [
            "store-2/file.ufw-profile update drift [mode]",
            "store-3/certificate.ca update drift reload [certificates]",
            "roll store-3 reload"
        ]
    );
    assert_eq!(drift.part.only, Some(Divergence::Drift));
    let unit = |n: usize| format!("store-{n}/unit.cockroach [] only");
    assert_eq!(left_out(&drift), [unit(1), unit(2), unit(3)]);
    // The processes are mended by the restart of what is left out, and so are left alone with it.
    for verdict in ["store-1/unit.cockroach", "store-3/unit.cockroach", "store-3/service.cockroach"] {
        assert_eq!(drift.compared[&addr(verdict)], Verdict::PutOff, "{verdict}");
    }
    let change = side(&world, Divergence::Change);
    assert_eq!(
        summary(&change),
        [
            "store-1/unit.cockroach update manifest restart [content]",
            "store-2/unit.cockroach update manifest restart [content]",
            "store-3/unit.cockroach update manifest restart [content]",
            "roll store-1 restart",
            "roll store-2 restart",
            "roll store-3 restart",
        ]
    );
    assert_eq!(change.compared[&addr("store-3/service.cockroach")], Verdict::Carried);
    assert_eq!(change.compared[&addr("store-2/file.ufw-profile")], Verdict::PutOff);
    let all = world.plan().changes.len();
    assert_eq!(drift.changes.len() + change.changes.len(), all);
    assert!(
        change.rollout.iter().all(|step| step.because.iter().all(|addr| addr.to_string().contains("unit")))
    );
}

#[test]
fn what_could_not_be_read_is_of_either_side() {
    let mut world = both_moved();
    world.unreadable(1);
    for divergence in [Divergence::Drift, Divergence::Change] {
        let plan = side(&world, divergence);
        assert!(!plan.is_complete());
        assert_eq!(plan.unknown, world.plan().unknown);
    }
}

#[test]
fn what_travels_goes_with_its_change() {
    let world = World::bare();
    assert_eq!(world.plan().transfers.len(), 3);
    let drift = side(&world, Divergence::Drift);
    assert_eq!((drift.transfers.len(), drift.counts().bytes, drift.changes.len()), (0, 0, 0));
    assert_eq!(side(&world, Divergence::Change).transfers.len(), 3);
}

#[test]
fn notes_on_disruption_go_with_it() {
    let mut world = World::of(
        "apiVersion: crdbctl/v1\nkind: Cluster\nname: store\ncockroach: {version: v24.1.0}\nnodes:\n  - {name: store-1, address: \
         198.0.2.166}\n",
    );
    let text = "the cluster has one node: while it restarts, nothing answers";
    world.process(1).argv.push("--cache=.5".into());
    world.service(1).health = HealthFact::Ready;
    let plan = world.plan();
    assert!(texts(&plan).contains(text), "{:?}", summary(&plan));
    assert!(texts(&side(&world, Divergence::Drift)).contains(text));
    assert!(!texts(&side(&world, Divergence::Change)).contains(text));
}

#[test]
fn an_accepted_attribute_leaves_the_others_with_their_impact() {
    let mut world = World::converged();
    let Fact::Ca(ca) = world.fact("store-3/certificate.ca") else { panic!("no ca.crt") };
    ca.pem = crate::world::issued_elsewhere(0);
    ca.path.mode = Mode::new(0o666);
    assert_eq!(summary(&world.plan())[0], "store-3/certificate.ca update drift reload [certificates, mode]");

    let accepted = accepting(&world, vec![entry("store-3/*", Some("certificates"), "2027-03-01")]);
    assert_eq!(summary(&accepted.plan), ["store-3/certificate.ca update drift [mode]"]);
    assert_eq!(left_out(&accepted.plan), ["store-3/certificate.ca [certificates] until 2027-03-01 OPS-12"]);
    assert_eq!(accepted.plan.changes[0].impact, Impact::None);

    let accepted = accepting(&world, vec![entry("store-3/*", Some("mode"), "2027-03-01")]);
    assert_eq!(
        summary(&accepted.plan),
        ["store-3/certificate.ca update drift reload [certificates]", "roll store-3 reload"]
    );
    // Each by an entry of its own, and both: nothing is left.
    let both = vec![
        entry("store-3/*", Some("mode"), "2027-03-01"),
        entry("*/certificate.ca", Some("cert*"), "2027-02-01"),
    ];
    let accepted = accepting(&world, both);
    assert_eq!(summary(&accepted.plan), [""; 0]);
    assert_eq!(
        left_out(&accepted.plan),
        [
            "store-3/certificate.ca [mode] until 2027-03-01 OPS-12",
            "store-3/certificate.ca [certificates] until 2027-02-01 OPS-12"
        ]
    );
    assert_eq!(accepted.plan.compared[&addr("store-3/certificate.ca")], Verdict::PutOff);
    // All by one: it is the whole change.
    let accepted = accepting(&world, vec![entry("store-3/*", Some("*"), "2027-03-01")]);
    assert_eq!(left_out(&accepted.plan), ["store-3/certificate.ca [] until 2027-03-01 OPS-12"]);
    assert_eq!(accepted.plan.state().exit_code(), 0);
}

#[test]
fn what_is_missing_needs_an_entry_for_all_of_it() {
    let mut world = World::converged();
    world.set("store-2/file.ufw-profile", crdbctl_model::Observed::Absent);
    let before = summary(&world.plan());
    for attribute in ["mode", "*"] {
        let accepted = accepting(&world, vec![entry("*/*", Some(attribute), "2027-03-01")]);
        assert_eq!(summary(&accepted.plan), before, "{attribute}");
        assert!(texts(&accepted.plan).contains("accepts nothing: no drift is like that"));
    }
    let accepted = accepting(&world, vec![entry("store-2/file.*", None, "2027-03-01")]);
    assert!(accepted.plan.changes.iter().all(|change| change.addr != addr("store-2/file.ufw-profile")));
}

#[test]
fn a_change_of_the_manifest_and_what_is_unknown_are_never_accepted() {
    let mut world = both_moved();
    world.unreadable(1);
    let accepted = accepting(&world, vec![entry("*/*", None, "2027-03-01")]);
    assert!(accepted.plan.changes.iter().all(|change| change.cause == Cause::Manifest));
    assert_eq!(accepted.plan.changes.len(), 2);
    assert_eq!(accepted.plan.state().exit_code(), 5);
    assert_eq!(accepted.plan.unknown, world.plan().unknown);
}

#[test]
fn what_differs_without_a_record_can_be_accepted() {
    let mut world = World::converged();
    profile(&mut world, 2, 0o666);
    world.reading(&crate::world::node(2)).record = None;
    assert_eq!(world.plan().changes[0].cause, Cause::Differs);
    let accepted = accepting(&world, vec![entry("store-2/*", Some("mode"), "2027-03-01")]);
    assert_eq!(accepted.plan.state().exit_code(), 0);
    // Which it is for either side.
    let part = only(accepted.plan, Divergence::Change, &world.graph, &world.observations);
    assert_eq!((part.changes.len(), part.left_out.len()), (0, 1));
}

#[test]
fn an_entry_ends_with_its_day_and_says_so() {
    let mut world = World::converged();
    profile(&mut world, 2, 0o666);
    let with = |until: &str| accepting(&world, vec![entry("store-2/*", Some("mode"), until)]);
    for (until, remains, words) in [
        (
            "2027-01-14",
            1,
            "has expired: cluster.accept.yaml:3 (store-2/* mode) ended 1 day ago, on 2027-01-14",
        ),
        (
            "2026-10-15",
            1,
            "ended 92 days ago, on 2026-10-15, and accepts nothing any more; what it accepted is reported again",
        ),
        ("2027-01-15", 0, "ends today, on 2027-01-15: cluster.accept.yaml:3 (store-2/* mode): OPS-12"),
        ("2027-01-16", 0, "ends in 1 day, on 2027-01-16"),
        ("2027-01-22", 0, "ends in 7 days, on 2027-01-22"),
        ("2027-01-23", 0, ""),
    ] {
        let accepted = with(until);
        assert_eq!(accepted.plan.changes.len(), remains, "{until}");
        let told = texts(&accepted.plan);
        assert!(told.contains(words) && told.is_empty() == words.is_empty(), "{until}: {told}");
        assert_eq!(accepted.warnings.len(), remains, "{until}");
        assert!(accepted.warnings.iter().all(|warning| told.contains(warning) && warning.contains("OPS-12")));
    }
    // Also when nothing is like that any more.
    let clean = World::converged();
    let accepted = accepting(&clean, vec![entry("store-2/*", Some("mode"), "2027-01-01")]);
    assert_eq!((accepted.plan.state().exit_code(), accepted.warnings.len()), (0, 1));
    assert!(
        accepted.warnings[0].contains("nothing that it accepted is left to report"),
        "{:?}",
        accepted.warnings
    );
}

#[test]
fn an_entry_that_accepts_nothing_is_told_only_when_everything_was_seen() {
    let mut world = World::converged();
    let unused = || vec![entry("store-2/*", None, "2027-03-01")];
    let told = texts(&accepting(&world, unused()).plan);
    assert!(told.contains("cluster.accept.yaml:3 (store-2/*) accepts nothing"), "{told}");
    world.unreadable(2);
    assert!(!texts(&accepting(&world, unused()).plan).contains("accepts nothing"));
}

#[test]
fn the_first_entry_that_fits_counts() {
    let mut world = World::converged();
    profile(&mut world, 2, 0o666);
    let entries = vec![
        entry("*/file.*", Some("mode"), "2027-04-01"),
        entry("store-2/*", None, "2027-03-01"),
        entry("store-2/file.*", None, "2027-02-01"),
        entry("store-2/file.ufw-profile", None, "2027-01-01"),
    ];
    let accepted = accepting(&world, entries);
    assert_eq!(left_out(&accepted.plan), ["store-2/file.ufw-profile [] until 2027-03-01 OPS-12"]);
}

proptest! {
    /// Whatever is left out: nothing is lost, nothing is counted twice, and the plan is one.
    #[test]
    fn a_part_and_what_it_leaves_out_are_the_whole(
        modes in proptest::collection::vec(0usize..3, 3),
        flags in any::<bool>(),
        entries in proptest::collection::vec((0usize..5, 0usize..4, -40i64..40), 0..4),
        sides in 0usize..3,
    ) {
        let mut world = World::converged();
        if flags {
            world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  flags: {cache: \".35\"}\n");
        }
        for (at, kind) in modes.iter().enumerate() {
            match kind {
                0 => {}
                1 => profile(&mut world, at + 1, 0o666),
                _ => world.process(at + 1).argv.push("--cache=.9".into()),
            }
        }
        let whole = world.plan();
        let today: crdbctl_model::Day = "2027-01-15".parse().unwrap();
        let entries = entries.into_iter().map(|(address, attribute, days)| AcceptEntry {
            until: today.plus(days),
            ..entry(
                ["*/*", "store-1/*", "store-2/file.*", "*/service.*", "cluster/*"][address],
                [None, Some("mode"), Some("*"), Some("flags.*")][attribute],
                "2027-01-15",
            )
        });
        let acceptance = Acceptance { file: "a".to_owned(), entries: entries.collect() };
        let accepted = accept(whole.clone(), &acceptance, &world.graph, &world.observations);
        let mut part = accepted.plan;
        if let Some(side) = [None, Some(Divergence::Drift), Some(Divergence::Change)][sides] {
            part = only(part, side, &world.graph, &world.observations);
            prop_assert!(part.changes.iter().all(|change| change.cause.divergence() == side));
        }
        // Checks that verdicts and changes agree.
        summary(&part);
        for change in &whole.changes {
            let kept = part.changes.iter().find(|it| it.addr == change.addr);
            let names = part.left_out.iter().filter(|left| left.addr == change.addr);
            let names: Vec<_> = names.collect();
            match kept {
                Some(kept) => {
                    let gone: usize = names.iter().map(|left| left.attributes.len()).sum();
                    prop_assert_eq!(kept.attributes.len() + gone, change.attributes.len());
                    prop_assert!(names.iter().all(|left| !left.attributes.is_empty()));
                    prop_assert!(!kept.attributes.is_empty() || change.attributes.is_empty());
                }
                None => prop_assert!(!names.is_empty(), "{} is lost", change.addr),
            }
        }
        for step in &part.rollout {
            let greatest = part.changes.iter().filter(|it| it.addr.node() == Some(&step.node)).map(|it| it.impact).max();
            prop_assert_eq!(Some(step.impact), greatest);
        }
        for change in &part.changes {
            prop_assert!(change.depends_on.iter().all(|addr| part.changes.iter().any(|it| it.addr == *addr)));
        }
        prop_assert_eq!(accepted.warnings.len(), acceptance.expired(today).count());
    }
}
