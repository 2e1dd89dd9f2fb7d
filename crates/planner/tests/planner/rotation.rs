//! A new authority in the place of an old one: each step in its turn, told by what is there and nothing else.

use crdbctl_model::{
    Action, Desired, Fact, MemberFact, MembershipFact, Observed, OtherCertificate, OtherCertificates, Plan,
};
use crdbctl_pki::{Authority, Certificate, ClientUser, KeyType};
use crdbctl_planner::{
    Holders, RotationStep, is_of_rotation, plan_rotation, rotation, unreached_members, without_issuer,
};

use crate::world::{NOW, World, addr, member, summary};

const YEAR: i64 = 365 * 86_400;

impl World {
    fn step(&self) -> Option<(RotationStep, Vec<String>)> {
        rotation(&self.graph, &self.observations)
            .map(|rotation| (rotation.step, rotation.open.iter().map(ToString::to_string).collect()))
    }

    fn rotate(&self, step: RotationStep) -> Plan {
        plan_rotation(&self.graph, &self.observations, self.now, step)
    }

    /// Makes a resource what it is after an apply, by the authority as it is now.
    pub(crate) fn apply(&mut self, name: &str) {
        let fact = self.as_desired(&self.graph.resources[&addr(name)]);
        *self.fact(name) = fact;
    }

    /// The first thing that a rotation does: a new authority before the old one.
    pub(crate) fn new_authority(&mut self) {
        let new = Authority::create(KeyType::EcdsaP256, 10 * YEAR, NOW).unwrap();
        self.authority = new.followed_by(self.authority.bundle());
        self.apply("cluster/authority.ca");
    }

    /// What else is in the certificates' directory of a node.
    pub(crate) fn other_certificates(&mut self, number: usize, files: &[(&str, &str)]) {
        let file =
            |(name, pem): &(&str, &str)| ((*name).to_owned(), OtherCertificate::Pem((*pem).to_owned()));
        let found = OtherCertificates::Found(files.iter().map(file).collect());
        self.reading(&crate::world::node(number)).footprint.certificates = found;
    }

    fn notes(&self) -> Vec<String> {
        self.plan().notes.into_iter().map(|note| note.text).collect()
    }
}

#[track_caller]
fn expect(plan: &Plan, lines: &[&str]) {
    assert_eq!(summary(plan), lines);
    assert!(plan.changes.iter().all(is_of_rotation));
}

#[test]
fn each_step_has_its_turn_and_the_plan_undoes_none() {
    let mut world = World::converged();
    assert_eq!(world.step(), None);
    expect(
        &world.rotate(RotationStep::NewAuthority),
        &[
            "cluster/authority.ca replace rotation [certificates, key, old key]",
            "store-1/certificate.ca update rotation reload [certificates]",
            "store-2/certificate.ca update rotation reload [certificates]",
            "store-3/certificate.ca update rotation reload [certificates]",
            "roll store-1 reload",
            "roll store-2 reload",
            "roll store-3 reload",
        ],
    );

    world.new_authority();
    world.apply("store-1/certificate.ca");
    let open = vec!["store-2/certificate.ca".to_owned(), "store-3/certificate.ca".to_owned()];
    assert_eq!(world.step(), Some((RotationStep::Distribute, open)));
    let distributed = [
        "store-2/certificate.ca update rotation reload [certificates]",
        "store-3/certificate.ca update rotation reload [certificates]",
        "roll store-2 reload",
        "roll store-3 reload",
    ];
    expect(&world.rotate(RotationStep::Distribute), &distributed);
    // An ordinary apply goes on with it, and says so.
    expect(&world.plan(), &distributed);
    assert!(world.notes()[0].contains("step 1 of 4") && world.notes()[0].contains("store-2, store-3"));

    world.apply("store-2/certificate.ca");
    world.apply("store-3/certificate.ca");
    // Written, and the process was not told: it does not trust the new one yet.
    world.service(3).pending = Some("reload".to_owned());
    assert_eq!(
        world.step().unwrap(),
        (RotationStep::Distribute, vec!["store-3/service.cockroach".to_owned()])
    );
    expect(
        &world.rotate(RotationStep::Distribute),
        &["store-3/service.cockroach update unfinished reload [pending]", "roll store-3 reload"],
    );
    world.service(3).pending = None;

    assert_eq!(world.step().unwrap().0, RotationStep::Nodes);
    assert!(world.plan().is_empty(), "what the old one signed is valid: {:?}", summary(&world.plan()));
    assert!(world.notes()[0].contains("step 2 of 4"), "{:?}", world.notes());
    world.apply("store-2/certificate.node");
    expect(
        &world.rotate(RotationStep::Nodes),
        &[
            "store-1/certificate.node replace rotation reload [names, key, not_after]",
            "store-3/certificate.node replace rotation reload [names, key, not_after]",
            "roll store-1 reload",
            "roll store-3 reload",
        ],
    );
    world.apply("store-1/certificate.node");
    world.apply("store-3/certificate.node");

    assert_eq!(
        world.step().unwrap(),
        (RotationStep::Clients, vec!["cluster/certificate.client.root".to_owned()])
    );
    expect(
        &world.rotate(RotationStep::Clients),
        &["cluster/certificate.client.root replace rotation [user, key, not_after]"],
    );
    world.apply("cluster/certificate.client.root");

    assert_eq!(world.step(), Some((RotationStep::DropOld, Vec::new())));
    assert!(world.plan().is_empty());
    assert!(world.notes()[0].contains("--drop-old"), "{:?}", world.notes());
    let drop = world.rotate(RotationStep::DropOld);
    expect(
        &drop,
        &[
            "cluster/authority.ca update rotation [certificates]",
            "store-1/certificate.ca update rotation reload [certificates]",
            "store-2/certificate.ca update rotation reload [certificates]",
            "store-3/certificate.ca update rotation reload [certificates]",
            "roll store-1 reload",
            "roll store-2 reload",
            "roll store-3 reload",
        ],
    );
    assert!(drop.changes.iter().all(|change| change.action == Action::Update));

    // Interrupted after the first of them: the rest is drift, which an ordinary apply mends too.
    world.authority = Authority::read_only(world.authority.bundle().alone().to_pem().as_bytes()).unwrap();
    world.apply("cluster/authority.ca");
    world.apply("store-1/certificate.ca");
    assert_eq!(world.step(), None);
    assert_eq!(summary(&world.plan())[0], "store-2/certificate.ca update drift reload [certificates]");
    assert_eq!(world.rotate(RotationStep::DropOld).changes.len(), 2);
    world.apply("store-2/certificate.ca");
    world.apply("store-3/certificate.ca");
    assert!(world.plan().is_empty() && world.notes().is_empty());
}

#[test]
fn a_certificate_that_crdbctl_does_not_write_keeps_the_old_authority() {
    let mut world = World::converged();
    let user = ClientUser::new("app").unwrap();
    let by_old = world.authority.issue_client(&user, KeyType::EcdsaP256, YEAR, NOW).unwrap().certificate_pem;
    world.new_authority();
    for number in 1..=3 {
        for name in ["ca", "node"] {
            world.apply(&format!("store-{number}/certificate.{name}"));
        }
        world.other_certificates(number, &[]);
    }
    world.apply("cluster/certificate.client.root");
    let by_new = world.authority.issue_client(&user, KeyType::EcdsaP256, YEAR, NOW).unwrap().certificate_pem;
    let holders = |world: &World| rotation(&world.graph, &world.observations).unwrap().held;
    assert_eq!(holders(&world), Holders::default());
    let files =
        [("client.node.crt", by_old.as_str()), ("client.app.crt", &by_new), ("ca-client.crt", &by_old)];
    world.other_certificates(2, &files);
    let held = holders(&world);
    assert_eq!(held.found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["store-2: client.node.crt"]);
    assert_eq!(held.unjudged, []);
    let says = |words: &str| world.notes().iter().any(|note| note.contains(words));
    assert!(says("must stay") && says("store-2: client.node.crt"), "{:?}", world.notes());
    assert!(world.plan().is_empty());
    world.other_certificates(2, &[("odd.crt", "not a certificate")]);
    assert_eq!(holders(&world).unjudged.len(), 1);
}

/// The certificate with another algorithm of its signature, one that neither this program nor Go checks (ecdsa-with-SHA224).
fn with_unknown_algorithm(pem: &str) -> String {
    let certificate = &Certificate::parse_pem_bundle(pem.as_bytes()).unwrap()[0];
    let mut der = certificate.der().to_vec();
    let sha256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    while let Some(at) = der.windows(sha256.len()).position(|bytes| bytes == sha256) {
        der[at + sha256.len() - 1] = 0x01;
    }
    Certificate::parse_der(&der).unwrap().to_pem()
}

#[test]
fn a_certificate_that_cannot_be_verified_here_keeps_the_old_authority() {
    let mut world = World::converged();
    let user = ClientUser::new("app").unwrap();
    let by_old = world.authority.issue_client(&user, KeyType::EcdsaP256, YEAR, NOW).unwrap().certificate_pem;
    world.new_authority();
    for number in 1..=3 {
        for name in ["ca", "node"] {
            world.apply(&format!("store-{number}/certificate.{name}"));
        }
        world.other_certificates(number, &[]);
    }
    world.apply("cluster/certificate.client.root");
    world.other_certificates(2, &[("client.node.crt", &with_unknown_algorithm(&by_old))]);
    let bundle = world.authority.bundle().clone();
    let held = Holders::on_nodes(&world.observations, &bundle);
    assert_eq!(held.found, []);
    let [unjudged] = &held.unjudged[..] else { panic!("{held:?}") };
    assert_eq!(
        (unjudged.node.as_ref().unwrap().as_str(), unjudged.file.as_deref()),
        ("store-2", Some("client.node.crt"))
    );
    assert!(unjudged.reason.contains("1.2.840.10045.4.3.1"), "{}", unjudged.reason);
    assert!(
        world.notes().iter().any(|note| note.contains("store-2: client.node.crt")),
        "{:?}",
        world.notes()
    );
}

#[test]
fn authorities_of_clients_must_hold_the_new_one_first() {
    let mut world = World::converged();
    let old = world.authority.bundle().to_pem();
    world.new_authority();
    let bundle = world.authority.bundle().clone();
    let lacking = |world: &World| without_issuer(&world.observations, &bundle).unwrap();
    world.reading(&crate::world::node(1)).footprint.certificates = OtherCertificates::NotAsked;
    assert!(without_issuer(&world.observations, &bundle).is_err(), "nobody asked");
    for number in 1..=3 {
        world.other_certificates(number, &[]);
    }
    assert_eq!(lacking(&world), []);
    world.other_certificates(2, &[("ca-client.crt", &old)]);
    world.other_certificates(3, &[("ca-client.crt", &bundle.to_pem())]);
    assert_eq!(lacking(&world), [crate::world::node(2)]);
    world.other_certificates(2, &[("ca-client.crt", "nothing")]);
    assert!(without_issuer(&world.observations, &bundle).is_err());
}

#[test]
fn renewals_that_can_wait_do_so_until_every_node_trusts_the_new_authority() {
    let mut world = World::converged();
    world.new_authority();
    world.now = NOW.plus(1_825 * 86_400);
    world.apply("store-1/certificate.ca");
    let of_nodes = |world: &World| {
        let plan = world.plan();
        let is =
            |change: &&crdbctl_model::Change| matches!(change.desired, Some(Desired::NodeCertificate(_)));
        plan.changes.iter().filter(is).map(|change| change.addr.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of_nodes(&world), Vec::<String>::new());
    // One that does not work any more cannot wait.
    if let Fact::Certificate(pair) = world.fact("store-3/certificate.node") {
        pair.key = None;
    }
    assert_eq!(of_nodes(&world), ["store-3/certificate.node"]);
    world.apply("store-2/certificate.ca");
    world.apply("store-3/certificate.ca");
    assert_eq!(of_nodes(&world).len(), 3);
}

#[test]
fn without_its_key_an_authority_is_not_rotated_and_nothing_unread_is_touched() {
    let mut world = World::converged();
    if let Fact::Ca(ca) = world.fact("cluster/authority.ca") {
        ca.has_key = false;
    }
    let plan = world.rotate(RotationStep::NewAuthority);
    assert!(!plan.is_complete(), "{:?}", summary(&plan));

    let mut world = World::converged();
    world.unreadable(2);
    let plan = world.rotate(RotationStep::NewAuthority);
    assert!(!plan.is_complete());
    assert!(plan.changes.iter().all(|change| change.addr.node() != Some(&crate::world::node(2))));
}

#[test]
fn other_changes_are_no_part_of_a_step() {
    let mut world = World::converged();
    world.set("store-1/file.ufw-profile", crdbctl_model::Observed::Absent);
    world.service(1).pending = Some("restart".to_owned());
    let ordinary = world.plan();
    assert_eq!(
        ordinary.changes.iter().filter(|change| is_of_rotation(change)).count(),
        0,
        "{:?}",
        summary(&ordinary)
    );
    let plan = world.rotate(RotationStep::NewAuthority);
    assert!(plan.changes.iter().all(is_of_rotation), "{:?}", summary(&plan));
    assert_eq!(plan.changes.len(), 4);
}

#[test]
fn members_that_the_manifest_does_not_have_are_not_reached() {
    let mut world = World::converged();
    let unreached = |world: &World| unreached_members(&world.graph, &world.observations);
    assert_eq!(unreached(&world), Ok(Vec::new()));
    let push = |world: &mut World, id, address: &str, membership| {
        let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
        members.members.push(MemberFact { membership, ..member(id, address, "v24.1.0") });
    };
    push(&mut world, 8, "198.0.2.98:26257", MembershipFact::Decommissioned);
    assert_eq!(unreached(&world), Ok(Vec::new()));
    push(&mut world, 9, "198.0.2.99:26257", MembershipFact::Active);
    assert_eq!(unreached(&world), Ok(vec!["n9 at 198.0.2.99:26257".to_owned()]));
    // It is a node of the manifest that has not been restarted since its address changed. Who has its new address is another one.
    for word in &mut world.process(3).argv {
        if word.starts_with("--advertise-addr=") {
            "--advertise-addr=198.0.2.99:26257".clone_into(word);
        }
    }
    assert_eq!(unreached(&world), Ok(vec!["n3 at 198.0.2.171:26257".to_owned()]));
    let Fact::Members(members) = world.fact("cluster/members.store") else { panic!() };
    members.members.retain(|member| member.id != 3);
    assert_eq!(unreached(&world), Ok(Vec::new()));
    // Not asked: a cluster that does not run loses nobody.
    world.set("cluster/members.store", Observed::Deferred { reason: "no node is ready".to_owned() });
    assert_eq!(unreached(&world), Err("no node is ready".to_owned()));
    for number in 1..=3 {
        world.service(number).process = None;
    }
    assert_eq!(unreached(&world), Ok(Vec::new()));
}
