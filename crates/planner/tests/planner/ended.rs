//! An authority that has ended is replaced in one step, and what is planned can be issued.

use crdbctl_model::{
    Action, AttributeDiff, Cause, Change, Fact, HealthFact, Impact, Observed, OtherCertificate,
    OtherCertificates, Plan, ServiceFact,
};
use crdbctl_pki::{Authority, KeyType};
use crdbctl_planner::cut_off;

use crate::world::{MANIFEST, NOW, World, addr, graph, node, present, stopped, summary};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// The nodes as they are, ten days after the authority and all certificates have ended, and nobody can ask them.
fn all_expired() -> World {
    let mut world = World::converged();
    world.now = NOW.plus(9 * YEAR + 10 * DAY);
    nobody_can_ask(&mut world);
    world
}

fn nobody_can_ask(world: &mut World) {
    for name in ["cluster/members.store", "cluster/version.store"] {
        world.set(name, Observed::Unknown { reason: "no ready node could tell".to_owned() });
    }
}

fn nobody_runs(world: &mut World) {
    for name in ["cluster/members.store", "cluster/version.store"] {
        world.set(name, Observed::Deferred { reason: "CockroachDB runs on no node".to_owned() });
    }
}

/// Makes the authority end so many seconds from now, and with it what it signed.
fn world_ending_in(seconds: i64) -> World {
    let mut world = World::converged();
    world.authority = Authority::create(KeyType::EcdsaP256, YEAR, NOW.plus(seconds - YEAR)).unwrap();
    world.apply("cluster/authority.ca");
    world.apply("cluster/certificate.client.root");
    for number in 1..=3 {
        world.apply(&format!("store-{number}/certificate.ca"));
        world.apply(&format!("store-{number}/certificate.node"));
    }
    world
}

fn service(world: &mut World, number: usize, service: ServiceFact) {
    *world.fact(&format!("store-{number}/service.cockroach")) = Fact::Service(service);
}

fn idle() -> ServiceFact {
    ServiceFact { store_used: Some(true), ..stopped("loaded", "enabled") }
}

#[track_caller]
fn change<'a>(plan: &'a Plan, name: &str) -> &'a Change {
    let change = plan.changes.iter().find(|change| change.addr == addr(name));
    change.unwrap_or_else(|| panic!("no {name} in {:?}", summary(plan)))
}

#[track_caller]
fn end<'a>(plan: &'a Plan, name: &str) -> &'a AttributeDiff {
    change(plan, name).attributes.iter().find(|attribute| attribute.name == "not_after").unwrap()
}

fn word(attribute: &AttributeDiff) -> String {
    match &attribute.after {
        Some(crdbctl_model::Value::Word(word)) => word.clone(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn unknown(world: &World) -> (String, String) {
    let plan = world.plan();
    assert!(
        plan.changes.iter().all(|change| change.addr != addr("cluster/authority.ca")),
        "{:?}",
        summary(&plan)
    );
    let of_authority = plan.unknown.iter().find(|unknown| unknown.addr == Some(addr("cluster/authority.ca")));
    let of_authority = of_authority.unwrap_or_else(|| panic!("{:?}", summary(&plan)));
    (of_authority.reason.clone(), of_authority.hint.clone())
}

const REPLACED: [&str; 11] = [
    "cluster/authority.ca replace expiry [certificates, key, old key]",
    "cluster/certificate.client.root replace expiry [user, key, not_after]",
    "store-1/certificate.ca update expiry reload [certificates]",
    "store-1/certificate.node replace expiry reload [names, key, not_after]",
    "store-2/certificate.ca update expiry reload [certificates]",
    "store-2/certificate.node replace expiry reload [names, key, not_after]",
    "store-3/certificate.ca update expiry reload [certificates]",
    "store-3/certificate.node replace expiry reload [names, key, not_after]",
    "roll store-1 reload",
    "roll store-2 reload",
    "roll store-3 reload",
];

#[track_caller]
fn expect_sorted(world: &World, lines: &[&str]) {
    let mut found = summary(&world.plan());
    let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    found.sort();
    lines.sort();
    assert_eq!(found, lines);
}

#[test]
fn all_that_has_ended_is_replaced_in_one_plan_that_is_complete() {
    let world = all_expired();
    expect_sorted(&world, &REPLACED);
    let plan = world.plan();
    assert_eq!(plan.changes[0].addr, addr("cluster/authority.ca"), "the authority comes first");
    let (ends, leaf) = (world.now.plus(10 * YEAR), world.now.plus(5 * YEAR));
    for name in ["store-1/certificate.node", "cluster/certificate.client.root"] {
        let end = word(end(&plan, name));
        assert!(end > world.now.date() && end < ends.date(), "{end} {}", leaf.date());
    }
    assert!(
        plan.notes.iter().any(|note| note.text.starts_with("THE AUTHORITY ENDED on")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn nodes_that_are_stopped_are_started_in_the_same_plan() {
    let mut world = all_expired();
    for number in 1..=3 {
        service(&mut world, number, idle());
    }
    nobody_runs(&mut world);
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!(change(&plan, "cluster/authority.ca").cause, Cause::Expiry);
    for number in 1..=3 {
        assert_eq!(change(&plan, &format!("store-{number}/certificate.node")).impact, Impact::None);
        let started = change(&plan, &format!("store-{number}/service.cockroach"));
        assert!(started.attributes.iter().any(|attribute| attribute.name == "active"));
    }
    assert!(plan.rollout.is_empty());
}

#[test]
fn neither_the_key_nor_the_directory_of_what_has_ended_is_needed() {
    let mut world = all_expired();
    let Fact::Ca(ca) = world.fact("cluster/authority.ca") else { panic!() };
    ca.has_key = false;
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    let names: Vec<_> =
        change(&plan, "cluster/authority.ca").attributes.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["certificates", "key"], "there is no old key to keep");

    world.set("cluster/authority.ca", Observed::Absent);
    world.set("cluster/certificate.client.root", Observed::Absent);
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    let made = change(&plan, "cluster/authority.ca");
    assert_eq!((made.action, made.cause), (Action::Create, Cause::Expiry));
    assert_eq!(change(&plan, "store-1/certificate.ca").action, Action::Update);
    assert!(
        plan.notes.iter().any(|note| note.text.starts_with("THE AUTHORITY ENDED on")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn an_empty_directory_beside_an_authority_that_is_valid_stays_a_refusal() {
    let mut world = World::converged();
    world.set("cluster/authority.ca", Observed::Absent);
    let (reason, hint) = unknown(&world);
    assert!(reason.contains("CockroachDB runs on store-1"), "{reason}");
    assert!(hint.starts_with("put the cluster's ca.crt and ca.key into"), "{hint}");
}

#[test]
fn a_node_that_trusts_another_valid_authority_keeps_it_from_being_replaced() {
    let mut world = all_expired();
    let other = Authority::create(KeyType::EcdsaP256, YEAR, world.now).unwrap();
    let Fact::Ca(ca) = world.fact("store-2/certificate.ca") else { panic!() };
    ca.pem = other.bundle().to_pem() + &ca.pem;
    let (reason, hint) = unknown(&world);
    assert!(reason.contains("store-2 trusts another one"), "{reason}");
    assert!(hint.starts_with("put that authority (ca.crt, ca.key)"), "{hint}");

    // The hint leads to something that works.
    world.authority = other;
    world.apply("cluster/authority.ca");
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!(change(&plan, "store-1/certificate.node").action, Action::Replace);
    assert_eq!(change(&plan, "store-3/certificate.ca").action, Action::Update);
}

#[test]
fn clocks_that_disagree_about_the_end_keep_it_from_being_replaced() {
    let mut world = all_expired();
    world.reading(&node(3)).host.clock = NOW.plus(-20 * DAY);
    let (reason, hint) = unknown(&world);
    assert!(reason.contains("the clock of store-3 says"), "{reason}");
    assert!(hint.starts_with("set the clock"), "{hint}");
    // Both say that it has ended, and the node would not accept what begins later.
    world.reading(&node(3)).host.clock = NOW.plus(-2 * DAY);
    assert!(unknown(&world).0.contains("store-3 would not accept certificates that are made now"));
    world.reading(&node(3)).host.clock = NOW.plus(-3600);
    assert!(world.plan().is_complete());
}

#[test]
fn a_machine_that_is_dead_does_not_keep_the_others_from_their_certificates() {
    let mut world = all_expired();
    world.unreadable(3);
    assert!(!world.plan().is_complete());
    world.skip_unknown = true;
    let plan = world.plan();
    assert_eq!(change(&plan, "cluster/authority.ca").cause, Cause::Expiry);
    assert_eq!(change(&plan, "store-1/certificate.node").cause, Cause::Expiry);
    assert!(plan.changes.iter().all(|change| change.addr.node() != Some(&node(3))), "{:?}", summary(&plan));

    // It is back when the others are done.
    let mut world = all_expired();
    world.authority = Authority::create(KeyType::EcdsaP256, 10 * YEAR, world.now).unwrap();
    for name in ["cluster/authority.ca", "store-1/certificate.ca", "store-2/certificate.ca"] {
        world.apply(name);
    }
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!(change(&plan, "store-3/certificate.ca").impact, Impact::Reload);
    assert_eq!(change(&plan, "store-3/certificate.node").action, Action::Replace);
}

#[test]
fn an_apply_that_was_cut_off_goes_on_from_where_it_was() {
    let mut world = all_expired();
    world.authority = Authority::create(KeyType::EcdsaP256, 10 * YEAR, world.now).unwrap();
    world.apply("cluster/authority.ca");
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!(plan.changes.len(), 7, "{:?}", summary(&plan));

    // The files of store-1 are new, and its process was not told.
    world.apply("store-1/certificate.ca");
    world.service(1).pending = Some("reload".to_owned());
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!(plan.rollout.len(), 3, "{:?}", summary(&plan));
}

#[test]
fn a_reload_that_is_pending_alone_is_no_sign_of_certificates_that_nobody_accepts() {
    let mut world = World::converged();
    world.service(1).pending = Some("reload".to_owned());
    let cut_off = |world: &World| cut_off(&world.graph, &world.observations, world.now).len();
    // The nodes are ready. The members could not be read for another reason, such as a ca.key that is not here.
    nobody_can_ask(&mut world);
    assert_eq!(cut_off(&world), 0);
    // No node is ready: the process may still have the files of before.
    for name in ["cluster/members.store", "cluster/version.store"] {
        world.set(name, Observed::Deferred { reason: "no node is ready to be asked".to_owned() });
    }
    for number in 1..=3 {
        world.service(number).health = HealthFact::NotReady("it has lost the others".to_owned());
    }
    assert_eq!(cut_off(&world), 1);
}

#[test]
fn only_the_nodes_certificates_have_expired() {
    let mut world = World::converged();
    let authority = Authority::create(KeyType::EcdsaP256, 20 * YEAR, NOW.plus(-YEAR)).unwrap();
    world.authority = authority;
    world.apply("cluster/authority.ca");
    world.apply("cluster/certificate.client.root");
    for number in 1..=3 {
        world.apply(&format!("store-{number}/certificate.ca"));
        world.apply(&format!("store-{number}/certificate.node"));
        world.service(number).health = HealthFact::NotReady("it has lost the others".to_owned());
    }
    world.now = NOW.plus(6 * YEAR);
    nobody_can_ask(&mut world);
    assert_eq!(cut_off(&world.graph, &world.observations, world.now).len(), 3);
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert!(plan.changes.iter().all(|change| change.cause == Cause::Expiry), "{:?}", summary(&plan));
    assert_eq!(plan.counts().reload, 3);
    assert!(
        plan.notes.iter().any(|note| note.text.contains("are not accepted any more")),
        "{:?}",
        plan.notes
    );

    // What restarts waits until gates can ask somebody.
    world.graph = graph(&MANIFEST.replace("\"1\"", "\"2\""));
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!((plan.counts().reload, plan.counts().restart), (3, 0), "{:?}", summary(&plan));
    assert!(plan.notes.iter().any(|note| note.text.starts_with("what restarts store-1, store-2, store-3")));

    // An upgrade must be asked for first.
    world.graph = graph(&MANIFEST.replace("v24.1.0", "v24.2.0"));
    let plan = world.plan();
    let version =
        plan.unknown.iter().find(|unknown| unknown.addr == Some(addr("cluster/version.store"))).unwrap();
    assert!(version.hint.contains("upgrade afterwards"), "{version:?}");
}

#[test]
fn a_key_that_is_lost_while_its_authority_is_valid_is_told_with_a_way_that_works() {
    let mut world = World::converged();
    world.authority = Authority::create(KeyType::EcdsaP256, 20 * YEAR, NOW.plus(-YEAR)).unwrap();
    world.apply("cluster/authority.ca");
    world.apply("cluster/certificate.client.root");
    for number in 1..=3 {
        world.apply(&format!("store-{number}/certificate.ca"));
        world.apply(&format!("store-{number}/certificate.node"));
    }
    world.now = NOW.plus(6 * YEAR);
    nobody_can_ask(&mut world);
    let Fact::Ca(ca) = world.fact("cluster/authority.ca") else { panic!() };
    ca.has_key = false;
    let plan = world.plan();
    let unknown = plan.unknown.iter().find(|it| it.addr == Some(addr("store-1/certificate.node"))).unwrap();
    assert!(unknown.hint.contains("if it is lost: stop CockroachDB on every node"), "{unknown:?}");

    world.authority = Authority::create(KeyType::EcdsaP256, 10 * YEAR, world.now).unwrap();
    world.apply("cluster/authority.ca");
    for number in 1..=3 {
        service(&mut world, number, idle());
    }
    nobody_runs(&mut world);
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert_eq!(change(&plan, "store-1/certificate.node").action, Action::Replace);
    assert!(change(&plan, "store-1/service.cockroach").attributes.iter().any(|it| it.name == "active"));
}

#[test]
fn only_a_clients_certificate_has_expired() {
    let mut world = World::converged();
    let issued = world.authority.issue_client(
        &crdbctl_pki::ClientUser::root(),
        KeyType::EcdsaP256,
        DAY,
        NOW.plus(-3 * DAY),
    );
    let Fact::Certificate(pair) = world.fact("cluster/certificate.client.root") else { panic!() };
    let issued = issued.unwrap();
    pair.certificate.as_mut().unwrap().pem.clone_from(&issued.certificate_pem);
    pair.key.as_mut().unwrap().public =
        crdbctl_model::PublicKey::Spki(crdbctl_pki::key_spki_sha256(&issued.key_pem).unwrap());
    world.expect(&["cluster/certificate.client.root replace expiry [user, key, not_after]"]);
    assert!(cut_off(&world.graph, &world.observations, world.now).is_empty());
}

#[test]
fn no_certificate_is_planned_to_outlive_its_authority_nor_made_again_for_nothing() {
    // Five hours are left, and renewal is due thirty days before the end.
    let mut world = world_ending_in(5 * 3600);
    let plan = world.plan();
    assert!(plan.is_empty() && plan.is_complete(), "{:?}", summary(&plan));
    assert!(plan.notes[0].text.starts_with("THE AUTHORITY ENDS in 5 hours"), "{:?}", plan.notes);

    world.set("cluster/certificate.client.root", Observed::Absent);
    world.set("store-2/certificate.node", Observed::Absent);
    let plan = world.plan();
    for name in ["cluster/certificate.client.root", "store-2/certificate.node"] {
        let end = end(&plan, name);
        assert_eq!(word(end), NOW.plus(5 * 3600).date(), "{name}");
        assert!(end.remark.as_ref().unwrap().contains("the authority ends then"), "{end:?}");
    }
    // What is made now is not made again at the next look.
    world.apply_absent("cluster/certificate.client.root");
    world.apply_absent("store-2/certificate.node");
    assert!(world.plan().is_empty(), "{:?}", summary(&world.plan()));
}

#[test]
fn an_authority_that_is_not_valid_yet_makes_nothing() {
    let mut world = World::converged();
    world.authority = Authority::create(KeyType::EcdsaP256, YEAR, NOW.plus(3 * DAY)).unwrap();
    world.apply("cluster/authority.ca");
    world.set("cluster/certificate.client.root", Observed::Absent);
    for number in 1..=3 {
        service(&mut world, number, idle());
    }
    let plan = world.plan();
    let client =
        plan.unknown.iter().find(|it| it.addr == Some(addr("cluster/certificate.client.root"))).unwrap();
    assert!(client.reason.contains("valid only from"), "{client:?}");
    assert!(client.hint.starts_with("set the clock"), "{client:?}");
}

impl World {
    /// Makes a resource that is not there what it is after an apply.
    fn apply_absent(&mut self, name: &str) {
        let fact = self.as_desired(&self.graph.resources[&addr(name)]);
        self.set(name, present(fact));
    }
}

/// The certificate of nodes as clients, by an authority.
fn node_client(authority: &Authority, at: crdbctl_model::Timestamp) -> String {
    let names = crdbctl_pki::NodeNames::new(["localhost".to_owned()], []).unwrap();
    authority.issue_node(&names, KeyType::EcdsaP256, YEAR, at).unwrap().certificate_pem
}

#[test]
fn files_that_a_new_authority_cannot_satisfy_keep_it_from_being_made() {
    let ended = all_expired();
    let (own, now) = (ended.authority.bundle().to_pem(), ended.now);
    let others = Authority::create(KeyType::EcdsaP256, 20 * YEAR, NOW).unwrap();
    let by_old = node_client(&ended.authority, NOW);
    let by_others = node_client(&others, now);
    let both = others.bundle().to_pem() + &own;
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: [Case<'_>; 5] = [
        (&[("client.node.crt", &by_old)], &["client.node.crt on store-1, store-3"]),
        (&[("ca-client.crt", &own)], &["ca-client.crt on store-1, store-3"]),
        (&[("ca-client.crt", &others.bundle().to_pem())], &["ca-client.crt on store-1, store-3"]),
        (
            &[("ca-client.crt", &own), ("client.node.crt", &by_old)],
            &["ca-client.crt on", "client.node.crt on"],
        ),
        // Nodes would go on; clients would not.
        (
            &[("ca-client.crt", &both), ("client.node.crt", &by_others)],
            &["ca-client.crt on store-1, store-3"],
        ),
    ];
    for (files, words) in cases {
        for is_here in [true, false] {
            let mut world = all_expired();
            world.other_certificates(1, files);
            world.other_certificates(3, files);
            if !is_here {
                world.set("cluster/authority.ca", Observed::Absent);
            }
            // The same files, by the same authority as the nodes trust.
            for number in 1..=3 {
                let Fact::Ca(ca) = world.fact(&format!("store-{number}/certificate.ca")) else { panic!() };
                ca.pem.clone_from(&own);
            }
            let (reason, hint) = unknown(&world);
            for words in words {
                assert!(reason.contains(words), "{words}: {reason}");
            }
            assert!(hint.contains("stop CockroachDB") && hint.contains("cockroach cert create-ca"), "{hint}");
            let plan = world.plan();
            assert!(plan.changes.is_empty(), "{:?}", summary(&plan));
        }
    }

    // Clients have an authority of their own, which is valid, and so is what nodes dial with.
    let mut world = all_expired();
    let files = [("ca-client.crt", others.bundle().to_pem()), ("client.node.crt", by_others)];
    world.other_certificates(2, &files.each_ref().map(|(name, pem)| (*name, pem.as_str())));
    assert!(world.plan().is_complete(), "{:?}", summary(&world.plan()));
    assert_eq!(change(&world.plan(), "store-2/certificate.node").cause, Cause::Expiry);
    // Other files are nobody's concern here.
    world.other_certificates(2, &[("ui.crt", &by_old), ("client.app.crt", &by_old)]);
    assert!(world.plan().is_complete(), "{:?}", summary(&world.plan()));
}

#[test]
fn files_that_are_not_read_keep_a_new_authority_from_being_made() {
    let unread = || OtherCertificate::Unread { reason: "it is larger than 64 KiB".to_owned() };
    let one = |name: &str| OtherCertificates::Found([(name.to_owned(), unread())].into_iter().collect());
    let listing = OtherCertificates::Unread { reason: "it cannot be listed".to_owned(), named: None };
    for (certificates, words) in [
        (OtherCertificates::NotAsked, "it was not asked for"),
        (listing, "it cannot be listed"),
        (one("ca-client.crt"), "it is larger than 64 KiB"),
        (one("client.node.crt"), "client.node.crt on store-2"),
    ] {
        let mut world = all_expired();
        world.reading(&node(2)).footprint.certificates = certificates;
        assert!(unknown(&world).0.contains(words), "{words}: {:?}", unknown(&world));
    }
    // Of a machine that is dead nobody knows anything.
    let mut world = all_expired();
    world.unreadable(2);
    world.skip_unknown = true;
    assert_eq!(change(&world.plan(), "cluster/authority.ca").cause, Cause::Expiry);
}

#[test]
fn the_steps_that_are_told_lead_to_a_new_authority() {
    let mut world = all_expired();
    let (own, by_old) = (world.authority.bundle().to_pem(), node_client(&world.authority, NOW));
    for number in 1..=3 {
        world.other_certificates(number, &[("ca-client.crt", &own), ("client.node.crt", &by_old)]);
    }
    unknown(&world);
    // The files are deleted while nothing runs.
    let mut without = all_expired();
    for number in 1..=3 {
        service(&mut without, number, idle());
    }
    nobody_runs(&mut without);
    let plan = without.plan();
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    assert!(change(&plan, "store-1/service.cockroach").attributes.iter().any(|it| it.name == "active"));
    // They are made anew, by an authority that was made by hand.
    world.authority = Authority::create(KeyType::EcdsaP256, 10 * YEAR, world.now).unwrap();
    world.apply("cluster/authority.ca");
    let (new, by_new) = (world.authority.bundle().to_pem(), node_client(&world.authority, world.now));
    for number in 1..=3 {
        world.other_certificates(number, &[("ca-client.crt", &new), ("client.node.crt", &by_new)]);
    }
    let plan = world.plan();
    assert!(plan.is_complete() && plan.rollout.len() == 3, "{:?}", summary(&plan));
    assert!(plan.notes.iter().all(|note| !note.text.contains("client.")), "{:?}", plan.notes);
}

#[test]
fn a_first_authority_does_not_lock_out_what_an_older_cluster_left() {
    let mut world = World::bare();
    let files = node_client(&world.authority, NOW);
    assert_eq!(change(&world.plan(), "cluster/authority.ca").action, Action::Create);
    world.other_certificates(2, &[("client.node.crt", &files)]);
    let (reason, hint) = unknown(&world);
    assert!(reason.contains("client.node.crt on store-2"), "{reason}");
    assert!(hint.contains("delete client.node.crt"), "{hint}");
}
