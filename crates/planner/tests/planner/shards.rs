//! Plans of shards: what each tells when it sees its own nodes alone, and that all of them joined are the whole.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Acceptance, Cause, Change, Digest, Divergence, Fact, HealthFact, MembershipFact, NodeName, Note,
    Observed, Plan, ResourceAddr, ResourceKind, Shard, UnknownResource, Verdict,
};
use crdbctl_planner::{JoinError, PlanOptions, accept, join, only, plan};
use proptest::prelude::*;

use crate::world::{MANIFEST, NOW, World, addr, graph, issued_elsewhere, node, stopped, summary, unknown};

fn shard(text: &str) -> Shard {
    text.parse().unwrap()
}

fn five() -> String {
    MANIFEST.to_owned()
        + "  - {name: store-4, address: 198.0.2.172}\n  - {name: store-5, address: 198.0.2.173}\n"
}

impl World {
    /// The plan of a shard that connected to its own nodes alone.
    fn seen_by(&self, shard: Shard) -> Plan {
        let mut observations = self.observations.clone();
        let nodes = self.graph.nodes_in(Some(shard));
        observations.nodes.retain(|node, _| nodes.contains(node));
        let is_local =
            |addr: &ResourceAddr| matches!(addr.kind, ResourceKind::Authority | ResourceKind::Certificate);
        observations.cluster.retain(|addr, _| shard.is_first() || is_local(addr));
        let options =
            PlanOptions { now: self.now, skip_unknown: false, delete_data: false, shard: Some(shard) };
        plan(&self.graph, &observations, &options)
    }

    fn joined(&self, of: usize, plan: impl Fn(&Self, Shard) -> Plan) -> Plan {
        let shards = shard(&format!("1/{of}")).all();
        let plans: Vec<(String, Plan)> = shards.map(|it| (it.to_string(), plan(self, it))).collect();
        join(&plans).unwrap_or_else(|errors| panic!("{errors:?}"))
    }
}

/// All that two plans have in common when one is joined: the changes without what of other shards they wait for, the numbers,
/// what is unknown, and what the comparisons came to.
fn content(
    plan: &Plan,
    of: usize,
) -> (BTreeMap<ResourceAddr, Change>, Vec<String>, BTreeMap<ResourceAddr, Verdict>) {
    let share = |addr: &ResourceAddr, all: &BTreeSet<NodeName>| {
        let mut shards = shard(&format!("1/{of}")).all();
        addr.node().map(|node| shards.find(|it| it.nodes(all).contains(node)).unwrap().index()).unwrap_or(1)
    };
    let all: BTreeSet<NodeName> = (1..=5).map(node).collect();
    let changes = plan.changes.iter().cloned().map(|mut change| {
        let own = share(&change.addr, &all);
        change.depends_on.retain(|it| share(it, &all) == own);
        (change.addr.clone(), change)
    });
    // What only all nodes together can tell is not worth a line of its own beside other lines: the whole leaves it away.
    let hangs_on_all = |unknown: &&UnknownResource| {
        let kind = unknown.addr.as_ref().map(|addr| addr.kind);
        matches!(
            kind,
            Some(ResourceKind::Init | ResourceKind::Setting | ResourceKind::Members | ResourceKind::Version)
        )
    };
    let is_alone = plan.unknown.iter().all(|unknown| hangs_on_all(&unknown));
    let told = plan.unknown.iter().filter(|unknown| is_alone || !hangs_on_all(unknown));
    let mut told: Vec<String> = told.map(|unknown| format!("{unknown:?}")).collect();
    told.sort();
    told.push(format!("{:?} {:?}", plan.counts(), plan.basis));
    (changes.collect(), told, plan.compared.clone())
}

fn assert_in_order(plan: &Plan) {
    let mut done = BTreeSet::new();
    for change in &plan.changes {
        assert!(change.depends_on.is_subset(&done), "{} is too early: {:?}", change.addr, summary(plan));
        done.insert(change.addr.clone());
    }
}

#[derive(Clone, Copy, Debug)]
enum Mishap {
    UnitEdited(usize),
    LinkMoved(usize),
    Flag(usize),
    Stopped(usize),
    Left(usize),
    Forgotten(usize),
    NotReady(usize),
    Unreadable(usize),
    FileUnknown(usize),
    Mode(usize),
    Twins(usize, usize),
    NoRecord(usize),
    Foreign(usize),
    MembersUnknown,
    AuthorityUnknown,
    AuthorityGone,
    Rotation,
    Moved,
}

impl Mishap {
    fn befall(self, world: &mut World) {
        use Mishap::*;
        let is_read = |world: &World, number: usize| world.observations.reading(&node(number)).is_some();
        match self {
            UnitEdited(n)
            | LinkMoved(n)
            | Flag(n)
            | Stopped(n)
            | NotReady(n)
            | FileUnknown(n)
            | Mode(n)
            | NoRecord(n)
            | Foreign(n)
            | Left(n)
            | Forgotten(n)
            | Twins(n, _)
                if !is_read(world, n) => {}
            Twins(_, m) if !is_read(world, m) => {}
            UnitEdited(n) => {
                let Fact::Unit(unit) = world.fact(&format!("store-{n}/unit.cockroach")) else { panic!() };
                unit.file.content = Some("edited".to_owned());
                unit.file.digest = Some(Digest::of("edited"));
            }
            LinkMoved(n) => {
                let Fact::Link(link) = world.fact(&format!("store-{n}/link.data")) else { panic!() };
                link.target = Some("/srv".to_owned());
            }
            Flag(n) => {
                if let Some(process) = &mut world.service(n).process {
                    process.argv.push("--cache=.5".to_owned());
                }
            }
            Stopped(n) => *world.service(n) = stopped("loaded", "enabled"),
            Left(n) | Forgotten(n) => {
                *world.service(n) = stopped("loaded", "enabled");
                world.service(n).store_used = Some(true);
                if let Some(Observed::Present(fact)) =
                    world.observations.cluster.get_mut(&addr("cluster/members.store"))
                    && let Fact::Members(members) = fact.as_mut()
                {
                    let member = &mut members.members[n - 1];
                    member.membership = MembershipFact::Decommissioned;
                    if matches!(self, Forgotten(_)) {
                        member.address = None;
                    }
                }
            }
            NotReady(n) => world.service(n).health = HealthFact::NotReady("503".to_owned()),
            Unreadable(n) => world.unreadable(n),
            FileUnknown(n) => world.set(&format!("store-{n}/file.ufw-profile"), unknown()),
            Mode(n) => {
                let Fact::Directory(root) = world.fact(&format!("store-{n}/directory.root")) else {
                    panic!()
                };
                root.mode = crdbctl_model::Mode::new(0o777);
            }
            Twins(n, m) => {
                let machine = world.reading(&node(n)).host.machine_id;
                world.reading(&node(m)).host.machine_id = machine;
            }
            NoRecord(n) => world.reading(&node(n)).record = None,
            Foreign(n) => {
                let Fact::Certificate(pair) = world.fact(&format!("store-{n}/certificate.node")) else {
                    panic!()
                };
                pair.certificate.as_mut().unwrap().pem = issued_elsewhere(86_400 * 365);
            }
            MembersUnknown => world.set("cluster/members.store", unknown()),
            AuthorityUnknown => world.set("cluster/authority.ca", unknown()),
            AuthorityGone => world.set("cluster/authority.ca", Observed::Absent),
            Rotation if world.observations.cluster[&addr("cluster/authority.ca")] != unknown() => {
                if world.observations.cluster[&addr("cluster/authority.ca")] != Observed::Absent {
                    world.new_authority();
                }
            }
            Rotation => {}
            Moved => {
                let Fact::Members(members) =
                    (match world.observations.cluster.get_mut(&addr("cluster/members.store")) {
                        Some(Observed::Present(fact)) => fact.as_mut(),
                        _ => return,
                    })
                else {
                    panic!()
                };
                members.members[0].address = Some("198.0.2.99:26257".to_owned());
            }
        }
    }
}

fn mishaps() -> impl Strategy<Value = Vec<Mishap>> {
    let n = || 1_usize..=5;
    let one = prop_oneof![
        n().prop_map(Mishap::UnitEdited),
        n().prop_map(Mishap::LinkMoved),
        n().prop_map(Mishap::Flag),
        n().prop_map(Mishap::Stopped),
        n().prop_map(Mishap::Left),
        n().prop_map(Mishap::Forgotten),
        n().prop_map(Mishap::NotReady),
        n().prop_map(Mishap::Unreadable),
        n().prop_map(Mishap::FileUnknown),
        n().prop_map(Mishap::Mode),
        (n(), n()).prop_map(|(one, other)| Mishap::Twins(one, other)),
        n().prop_map(Mishap::NoRecord),
        n().prop_map(Mishap::Foreign),
        Just(Mishap::MembersUnknown),
        Just(Mishap::AuthorityUnknown),
        Just(Mishap::AuthorityGone),
        Just(Mishap::Rotation),
        Just(Mishap::Moved),
    ];
    prop::collection::vec(one, 0..=4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// From one recorded look at all nodes, nothing is lost and nothing is added by telling it in shards.
    #[test]
    fn shards_of_what_was_recorded_are_the_whole(mishaps in mishaps(), of in 1_usize..=7) {
        let mut world = World::of(&five());
        for mishap in &mishaps {
            mishap.befall(&mut world);
        }
        let whole = world.plan();
        let joined = world.joined(of, |world, shard| world.plan_in(Some(shard)));
        prop_assert_eq!(content(&joined, of), content(&whole, of));
        assert_in_order(&joined);
        let text = serde_json::to_string(&joined).unwrap();
        prop_assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), joined);
    }

    /// Shards that see their own nodes alone may know less, and say so: they never tell other than the whole and are complete.
    #[test]
    fn shards_that_see_their_own_nodes_alone_are_the_whole_or_say_what_they_do_not_know(
        mishaps in mishaps(),
        of in 1_usize..=7,
    ) {
        let mut world = World::of(&five());
        for mishap in &mishaps {
            mishap.befall(&mut world);
        }
        let whole = world.plan();
        let joined = world.joined(of, World::seen_by);
        if joined.is_complete() {
            prop_assert_eq!(content(&joined, of), content(&whole, of));
        } else {
            let told = |plan: &Plan| plan.changes.iter().map(|it| it.addr.clone()).collect::<BTreeSet<_>>();
            let lost: Vec<_> = told(&whole).difference(&told(&joined)).cloned().collect();
            let is_unknown = |addr: &ResourceAddr| {
                let verdict = joined.compared.get(addr);
                verdict.is_none_or(|verdict| *verdict == Verdict::Unknown)
            };
            prop_assert!(lost.iter().all(is_unknown), "{lost:?} is said to be well: {:?}", summary(&joined));
        }
        assert_in_order(&joined);
    }
}

#[test]
fn a_shard_tells_of_its_own_nodes_and_the_first_of_the_cluster() {
    let mut world = World::of(&five());
    for number in 1..=5 {
        Mishap::LinkMoved(number).befall(&mut world);
    }
    let plans: Vec<Plan> = shard("1/3").all().map(|it| world.seen_by(it)).collect();
    let lines: Vec<Vec<String>> = plans.iter().map(summary).collect();
    let drifted = |numbers: &[usize]| -> Vec<String> {
        numbers.iter().map(|n| format!("store-{n}/link.data update drift [target]")).collect()
    };
    assert_eq!(lines, [drifted(&[1, 4]), drifted(&[2, 5]), drifted(&[3])]);
    for (plan, index) in plans.iter().zip(1..) {
        assert!(plan.is_complete() && plan.part.shard.unwrap().index() == index && !plan.part.is_whole());
        assert_eq!(plan.compared.keys().any(|addr| addr.node().is_none()), index == 1);
    }
}

#[test]
fn a_shard_without_nodes_is_clean_and_says_so() {
    let world = World::of(&five());
    let plan = world.seen_by(shard("7/8"));
    assert!(plan.is_empty() && plan.is_complete() && plan.compared.is_empty() && plan.basis.nodes.is_empty());
    assert_eq!(plan.notes, [Note { addr: None, text: "no nodes in shard 7/8".to_owned() }]);
    let joined = world.joined(8, World::seen_by);
    assert_eq!(content(&joined, 8), content(&world.plan(), 8));
}

#[test]
fn a_shard_does_not_take_the_cluster_for_one_that_is_to_be_initialised() {
    let mut world = World::bare();
    world.set("cluster/authority.ca", Observed::Absent);
    // As the probe tells it when it was at one node alone: crdbctl_probe::observe_init.
    let reason = || Observed::Unknown { reason: "store-2: it was not read".to_owned() };
    for name in ["init", "members", "version"] {
        world.set(&format!("cluster/{name}.store"), reason());
    }
    let first = world.seen_by(shard("1/3"));
    let changed: Vec<_> =
        first.changes.iter().filter(|it| it.addr.node().is_none()).map(|it| &it.addr).collect();
    assert_eq!(changed, [] as [&ResourceAddr; 0], "{:?}", summary(&first));
    assert_eq!(first.compared[&addr("cluster/init.store")], Verdict::Unknown);
    assert_eq!(first.unknown[0].addr, Some(addr("cluster/authority.ca")));
    assert!(first.unknown[0].reason.contains("not seen from this shard"), "{}", first.unknown[0].reason);
    // With an authority at hand, it is the initialisation that is told.
    let authority = world.as_desired(&world.graph.resources[&addr("cluster/authority.ca")]);
    world.set("cluster/authority.ca", Observed::Present(Box::new(authority)));
    let first = world.seen_by(shard("1/3"));
    let told: Vec<_> = first.unknown.iter().map(|it| (it.addr.clone().unwrap(), it.hint.as_str())).collect();
    assert_eq!(told, [(addr("cluster/init.store"), "look at all nodes at once, without --shard")]);
    world.set("cluster/authority.ca", Observed::Absent);
    // The others see neither: that they cannot judge certificates is told all the same.
    let second = world.seen_by(shard("2/3"));
    assert!(!second.is_complete(), "{:?}", summary(&second));
    assert!(
        second.changes.iter().all(|it| it.addr.kind != ResourceKind::Certificate),
        "{:?}",
        summary(&second)
    );
}

#[test]
fn one_foreign_certificate_is_not_replaced_where_others_are_not_seen() {
    let mut world = World::converged();
    for number in [1, 2] {
        Mishap::Foreign(number).befall(&mut world);
    }
    // The whole sees two, and replaces none; a shard sees one each.
    let whole = world.plan();
    assert!(whole.is_empty() && !whole.is_complete(), "{:?}", summary(&whole));
    for it in shard("1/2").all() {
        let plan = world.seen_by(it);
        assert!(
            plan.changes.iter().all(|change| change.addr.kind != ResourceKind::Certificate),
            "{:?}",
            summary(&plan)
        );
        assert!(!plan.is_complete(), "{it}: {:?}", summary(&plan));
    }
}

#[test]
fn an_upgrade_that_is_ahead_is_told_as_a_change_by_every_shard() {
    let mut world = World::converged();
    world.graph = graph(&MANIFEST.replace("v24.1.0", "v24.3.0"));
    for number in 1..=3 {
        world.set(&format!("store-{number}/package.cockroach-v24.3.0.linux-amd64"), Observed::Absent);
        world.process(number).exe_digest = Some(Digest::of("another program"));
    }
    let (whole, joined) = (world.plan(), world.joined(3, World::seen_by));
    assert_eq!(content(&joined, 3), content(&whole, 3));
    assert!(joined.is_complete() && joined.counts().restart == 3);
    assert_eq!(joined.changes.last().unwrap().addr, addr("cluster/version.store"));
    // A jump that is not allowed is unknown to the first shard, so that all of it is not clean.
    world.graph = graph(&MANIFEST.replace("v24.1.0", "v25.2.0"));
    let first = world.seen_by(shard("1/3"));
    assert!(
        first.unknown.iter().any(|it| it.addr == Some(addr("cluster/version.store"))),
        "{:?}",
        summary(&first)
    );
}

#[test]
fn nodes_that_leave_are_looked_at_with_the_first_shard() {
    let mut world = World::of(&five());
    world.retire(&[5]);
    assert!(shard("1/4").all().skip(1).all(|it| !world.graph.nodes_in(Some(it)).contains(&node(5))));
    let (whole, first) = (world.plan(), world.seen_by(shard("1/4")));
    let of = |plan: &Plan| {
        summary(plan)
            .into_iter()
            .filter(|it| it.contains("store-5") || it.contains("cluster/"))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&first), of(&whole));
    assert!(
        of(&first).iter().any(|it| it.starts_with("store-5/service.cockroach delete")),
        "{:?}",
        of(&first)
    );
}

#[test]
fn what_the_cluster_alone_can_tell_is_unknown_to_a_shard_without_a_ready_node() {
    let mut world = World::converged();
    *world.service(1) = stopped("loaded", "enabled");
    let reason = "CockroachDB runs on no node; it is looked at once one runs".to_owned();
    for name in ["members", "version"] {
        world.set(&format!("cluster/{name}.store"), Observed::Deferred { reason: reason.clone() });
    }
    let plan = world.seen_by(shard("1/3"));
    let told: Vec<_> = plan.unknown.iter().map(|it| it.addr.as_ref().unwrap().to_string()).collect();
    assert_eq!(told, ["cluster/members.store"]);
    assert!(
        plan.unknown[0].hint.contains("without --shard") && plan.unknown[0].reason.contains("in this shard")
    );
}

#[test]
fn how_far_a_rotation_is_is_not_told_by_a_shard() {
    let mut world = World::converged();
    world.new_authority();
    for number in [1, 3] {
        world.apply(&format!("store-{number}/certificate.ca"));
    }
    let said = |plan: &Plan| plan.notes.iter().map(|note| note.text.clone() + "\n").collect::<String>();
    assert!(said(&world.plan()).contains("step 1 of 4"), "{}", said(&world.plan()));
    // The first shard sees nodes that trust it already, and would have said step 2.
    let first = world.seen_by(shard("1/2"));
    assert!(
        said(&first).contains("not seen from a shard") && !said(&first).contains("step 2"),
        "{}",
        said(&first)
    );
}

#[test]
fn a_node_that_left_for_good_is_told_when_shards_are_joined() {
    for mishap in [Mishap::Left(2), Mishap::Forgotten(2)] {
        let mut world = World::of(&five());
        mishap.befall(&mut world);
        Mishap::LinkMoved(2).befall(&mut world);
        let (whole, joined) = (world.plan(), world.joined(3, World::seen_by));
        // By itself the shard sees a service that does not run.
        assert!(world.seen_by(shard("2/3")).is_complete());
        assert_eq!(
            summary(&whole),
            ["store-2/link.data update drift [target]", "unknown store-2/service.cockroach"]
        );
        assert_eq!(content(&joined, 3), content(&whole, 3), "{mishap:?}");
        // That it is unknown is no drift, accepted or not, and of neither side.
        for divergence in [Divergence::Change, Divergence::Drift] {
            let side = |plan: Plan| only(plan, divergence, &world.graph, &world.observations);
            let joined = world.joined(3, |world, it| side(world.seen_by(it)));
            let whole = side(whole.clone());
            assert!(!whole.is_complete());
            assert_eq!(content(&joined, 3), content(&whole, 3), "{mishap:?} {divergence}");
            assert_eq!(joined.left_out, whole.left_out, "{mishap:?} {divergence}");
        }
        let acceptance = Acceptance {
            file: "cluster.accept.yaml".to_owned(),
            entries: vec![crate::part::entry("*/service.*", None, "2027-02-01")],
        };
        let accepted = |plan: Plan| accept(plan, &acceptance, &world.graph, &world.observations).plan;
        let joined = world.joined(3, |world, it| accepted(world.seen_by(it)));
        let whole = accepted(whole);
        assert_eq!(content(&joined, 3), content(&whole, 3), "{mishap:?}");
        assert_eq!(joined.left_out, whole.left_out, "{mishap:?}");
    }
}

#[test]
fn a_store_on_a_host_without_a_record_is_no_members_that_left() {
    let mut world = World::of(&five());
    Mishap::Forgotten(2).befall(&mut world);
    Mishap::NoRecord(2).befall(&mut world);
    let (whole, joined) = (world.plan(), world.joined(3, World::seen_by));
    assert!(whole.is_complete() && whole.changes.len() == 1, "{:?}", summary(&whole));
    assert_eq!(content(&joined, 3), content(&whole, 3));
}

#[test]
fn two_names_for_one_machine_are_found_when_shards_are_joined() {
    let mut world = World::of(&five());
    for (one, other) in [(1, 2), (1, 4)] {
        Mishap::Twins(one, other).befall(&mut world);
    }
    let (whole, joined) = (world.plan(), world.joined(3, World::seen_by));
    assert_eq!(content(&joined, 3), content(&whole, 3));
    assert_eq!(joined.unknown.len(), 3);
    assert!(joined.unknown[0].reason.starts_with("store-1 and store-2 and store-4 are the same machine"));
}

fn plans(world: &World, shards: &[&str]) -> Vec<(String, Plan)> {
    shards.iter().map(|it| (format!("{}.json", it.replace('/', "-")), world.seen_by(shard(it)))).collect()
}

#[test]
fn a_missing_shard_is_unknown_node_by_node() {
    let world = World::of(&five());
    let joined = join(&plans(&world, &["3/4", "1/4"])).unwrap();
    let told: Vec<String> = joined
        .unknown
        .iter()
        .map(|it| format!("{:?}: {}", it.node.as_ref().map(NodeName::as_str), it.reason))
        .collect();
    assert_eq!(
        told,
        [
            "Some(\"store-2\"): it is in shard 2/4, which is missing",
            "Some(\"store-4\"): it is in shard 4/4, which is missing"
        ]
    );
    // Without the first nobody has looked at the cluster.
    let joined = join(&plans(&world, &["2/4", "3/4", "4/4"])).unwrap();
    assert_eq!(joined.unknown.last().unwrap(), &UnknownResource {
        node: None,
        addr: None,
        reason: "shard 1/4 is missing, and what is cluster-wide with it".to_owned(),
        hint: "run it with `--shard 1/4 --format json`, and give its plan with the others; see why it brought none".to_owned(),
    });
    assert_eq!(joined.unknown.len(), 3, "store-1, store-5, and the cluster");
    // One that has no nodes could be missing for another reason than that.
    let shards: Vec<String> = (1..=7).map(|index| format!("{index}/8")).collect();
    let joined = join(&plans(&world, &shards.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    assert_eq!(joined.unknown.len(), 1);
    assert_eq!(joined.unknown[0].reason, "shard 8/8 is missing");
}

#[test]
fn all_that_keeps_plans_from_being_joined_is_told_at_once() {
    let mut world = World::converged();
    let mut given = plans(&world, &["1/3", "2/3", "2/3", "3/3", "3/4"]);
    given.push(("whole.json".to_owned(), world.plan()));
    given[2].0 = "again.json".to_owned();
    let usual = std::mem::replace(&mut world.graph, graph(&MANIFEST.replace("v24.1.0", "v24.1.1")));
    given.push(("edited.json".to_owned(), world.seen_by(shard("3/3"))));
    world.graph = usual;
    world.observations.taken_at = NOW.plus(-86_401);
    given.push(("old.json".to_owned(), world.seen_by(shard("3/3"))));
    world.observations.taken_at = NOW;
    let mut other = world.seen_by(shard("3/3"));
    other.cluster = crdbctl_model::ClusterName::new("test").unwrap();
    given.push(("other.json".to_owned(), other));
    let mut only = world.seen_by(shard("3/3"));
    only.part.only = Some(crdbctl_model::Divergence::Drift);
    given.push(("only.json".to_owned(), only));
    let mut strange = world.seen_by(shard("3/3"));
    strange.compared.insert(addr("store-1/unit.cockroach"), Verdict::Same);
    given.push(("strange.json".to_owned(), strange));
    let mut errors: Vec<String> = join(&given).unwrap_err().iter().map(ToString::to_string).collect();
    errors.retain(|it| !it.contains("so is 3-3.json"));
    assert_eq!(
        errors,
        [
            "whole.json is no plan of a shard",
            "again.json is of shard 2/3, and so is 2-3.json",
            "3-4.json is of another number of shards (4) than 1-3.json",
            "edited.json is of another manifest than 1-3.json",
            "old.json is of another day (2027-01-14) than 1-3.json",
            "other.json is of another cluster (test) than 1-3.json",
            "only.json is of another selection (--only drift) than 1-3.json",
            "strange.json is of shard 3/3, and tells of store-1/unit.cockroach, which is of another one",
        ]
    );
    let joined = join(&plans(&world, &["1/1"])).unwrap();
    let again = join(&[("joined.json".to_owned(), joined)]).unwrap_err();
    assert_eq!(again, [JoinError::NoShard { name: "joined.json".to_owned() }]);
    assert_eq!(world.plan().changes.iter().filter(|it| it.cause == Cause::Drift).count(), 0);
}
