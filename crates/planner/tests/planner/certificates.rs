//! What makes a new pair, what is kept, and that neither ever restarts a node.

use crdbctl_model::{Cause, Fact, Impact, NodeCertificateFact, OtherCertificate, OtherCertificates};
use crdbctl_pki::{Authority, ClientUser, KeyType};

use crate::world::{MANIFEST, NOW, World, graph, summary};

const REPLACED: &str = "reload [names, key, not_after]";

fn pair(world: &mut World, number: usize) -> &mut NodeCertificateFact {
    match world.fact(&format!("store-{number}/certificate.node")) {
        Fact::Certificate(pair) => pair,
        other => panic!("{other:?}"),
    }
}

/// The reason that the plan gives for replacing the pair of a node.
#[track_caller]
fn reason(world: &World, number: usize) -> String {
    let addr = crate::world::addr(&format!("store-{number}/certificate.node"));
    let plan = world.plan();
    let change = plan.changes.iter().find(|change| change.addr == addr);
    let change = change.unwrap_or_else(|| panic!("no {addr} in {:?}", summary(&plan)));
    assert_eq!(change.impact, Impact::Reload);
    change.reason.clone().unwrap()
}

#[test]
fn the_renewal_window_begins_to_the_second_and_reloads() {
    let mut world = World::converged();
    let lifetime = 1_830 * 86_400;
    world.now = NOW.plus(lifetime - 30 * 86_400 - 1);
    assert!(world.plan().is_empty(), "{:?}", summary(&world.plan()));
    world.now = NOW.plus(lifetime - 30 * 86_400);
    let plan = world.plan();
    assert_eq!(plan.counts().reload, 3, "{:?}", summary(&plan));
    assert_eq!(plan.counts().restart, 0);
    assert!(plan.changes.iter().all(|change| change.cause == Cause::Expiry), "{:?}", summary(&plan));
    assert!(reason(&world, 1).starts_with("expires in 30 days"), "{}", reason(&world, 1));
}

#[test]
fn a_name_that_the_manifest_gained_makes_new_pairs_and_one_that_it_lost_does_not() {
    let mut world = World::converged();
    world.graph = graph(&format!("{MANIFEST}certificates: {{extra_names: [lb.example.com]}}\n"));
    world.expect(&[
        &format!("store-1/certificate.node replace manifest {REPLACED}"),
        &format!("store-2/certificate.node replace manifest {REPLACED}"),
        &format!("store-3/certificate.node replace manifest {REPLACED}"),
        "roll store-1 reload",
        "roll store-2 reload",
        "roll store-3 reload",
    ]);
    assert_eq!(reason(&world, 2), "does not cover lb.example.com");

    // A certificate may cover more than is asked.
    let mut world = World::converged();
    let wide = World {
        graph: graph(&format!("{MANIFEST}certificates: {{extra_names: [lb]}}\n")),
        ..World::converged()
    };
    for number in 1..=3 {
        let name = format!("store-{number}/certificate.node");
        let fact = wide.as_desired(&wide.graph.resources[&crate::world::addr(&name)]);
        *world.fact(&name) = fact;
    }
    world.observations.cluster.clone_from(&wide.observations.cluster);
    for number in 1..=3 {
        let name = format!("store-{number}/certificate.ca");
        let fact = wide.as_desired(&wide.graph.resources[&crate::world::addr(&name)]);
        *world.fact(&name) = fact;
    }
    world.expect(&[]);
}

#[test]
fn another_key_type_makes_a_new_pair_where_crdbctl_made_the_old_one() {
    let mut world = World::converged();
    world.graph = graph(&format!("{MANIFEST}certificates: {{key: rsa-2048}}\n"));
    pair(&mut world, 2).key.as_mut().unwrap().made = false;
    world.expect(&[
        &format!("store-1/certificate.node replace manifest {REPLACED}"),
        &format!("store-3/certificate.node replace manifest {REPLACED}"),
        "roll store-1 reload",
        "roll store-3 reload",
    ]);
    assert_eq!(reason(&world, 1), "its key is ecdsa-p256, not rsa-2048");
    let notes: Vec<String> =
        world.plan().notes.into_iter().map(|note| format!("{}: {}", note.addr.unwrap(), note.text)).collect();
    assert_eq!(
        notes,
        [
            "cluster/certificate.client.root: its key is ecdsa-p256, and the manifest says rsa-2048; it is kept, because it \
             is valid: delete client.root.crt and its key to have a new pair made",
            "store-2/certificate.node: its key is ecdsa-p256, and the manifest says rsa-2048; it is kept, because it is \
             valid and crdbctl did not make it: delete both files to have a new pair made",
        ]
    );
}

#[test]
fn a_foreign_pair_that_is_replaced_for_another_reason_gets_the_wanted_key() {
    let mut world = World::converged();
    world.graph = graph(&format!("{MANIFEST}certificates: {{key: rsa-2048, extra_names: [lb]}}\n"));
    pair(&mut world, 2).key.as_mut().unwrap().made = false;
    assert_eq!(reason(&world, 2), "does not cover lb");
    assert!(world.plan().notes.iter().all(|note| note.addr.as_ref().unwrap().node().is_none()));
}

#[test]
fn a_key_of_another_certificate_is_found() {
    let mut world = World::converged();
    let other = pair(&mut world, 1).key.clone();
    pair(&mut world, 3).key = other;
    world.expect(&[&format!("store-3/certificate.node replace drift {REPLACED}"), "roll store-3 reload"]);
    assert_eq!(reason(&world, 3), "the key beside it belongs to another certificate");
}

#[test]
fn the_end_of_the_authority_is_told_and_keeps_nobody_from_applying() {
    let mut world = World::converged();
    // It ends nine years from now.
    let day = 86_400;
    for (before_end, words) in [
        (400 * day, None),
        (365 * day, Some("the authority ends in 365 days")),
        (31 * day, Some("the authority ends in 31 days")),
        (30 * day, Some("THE AUTHORITY ENDS in 30 days")),
        (-1, Some("THE AUTHORITY ENDED on")),
    ] {
        world.now = NOW.plus(9 * 365 * day - before_end);
        let plan = world.plan();
        let told: Vec<&str> = plan
            .notes
            .iter()
            .filter(|note| note.addr == Some(crate::world::addr("cluster/authority.ca")))
            .map(|note| note.text.as_str())
            .collect();
        match words {
            None => assert!(told.is_empty(), "{told:?}"),
            Some(words) => {
                assert!(told.len() == 1 && told[0].contains(words), "{words}: {told:?}");
                let command = if before_end > 0 {
                    "`crdbctl certs rotate-ca`"
                } else {
                    "This plan makes a new authority"
                };
                assert!(told[0].contains(command), "{told:?}");
            }
        }
        assert!(plan.is_complete(), "{:?}", summary(&plan));
    }
}

/// Returns a certificate of a user by the world's authority.
fn other_certificate(world: &World, user: &str) -> String {
    let user = ClientUser::new(user).unwrap();
    world.authority.issue_client(&user, KeyType::EcdsaP256, 86_400 * 365, NOW).unwrap().certificate_pem
}

#[test]
fn a_node_that_dials_with_another_pair_is_told_when_others_refuse_that() {
    let mut world = World::converged();
    let notes = |world: &World| {
        world.expect(&[]);
        world.plan().notes.into_iter().map(|note| note.text).collect::<Vec<_>>()
    };
    world.other_certificates(2, &[("ui.crt", "not a certificate")]);
    assert_eq!(notes(&world), Vec::<String>::new());
    let app = other_certificate(&world, "app");
    world.other_certificates(2, &[("client.node.crt", &app)]);
    let told = notes(&world);
    assert!(told.len() == 1 && told[0].contains("its common name is app, not node"), "{told:?}");
    let certificates = &mut world.reading(&crate::world::node(2)).footprint.certificates;
    let OtherCertificates::Found(found) = certificates else { panic!() };
    let unread = OtherCertificate::Unread { reason: "it is not a regular file".to_owned() };
    found.insert("client.node.crt".to_owned(), unread);
    assert!(notes(&world)[0].contains("it is not a regular file"));
}

/// The manifest with a map that makes `app` the user of nodes.
fn with_map() -> String {
    let flags = "  flags: {cert-principal-map: \"app:node\"}\n  version:";
    let with_map = MANIFEST.replacen("  version:", flags, 1);
    assert_ne!(with_map, MANIFEST);
    with_map
}

#[test]
fn the_map_of_principals_is_that_of_the_manifest() {
    let with_map = with_map();
    for (manifest, expected) in [(MANIFEST, 1), (with_map.as_str(), 0)] {
        let mut world = World::of(manifest);
        let app = other_certificate(&world, "app");
        world.other_certificates(1, &[("client.node.crt", &app)]);
        assert_eq!(world.plan().notes.len(), expected, "{manifest}");
    }
}

#[test]
fn ca_crt_does_not_lose_what_the_node_dials_with() {
    let mut world = World::converged();
    let old = Authority::create(KeyType::EcdsaP256, 86_400 * 365, NOW).unwrap();
    let user = ClientUser::new("app").unwrap();
    let by_old = old.issue_client(&user, KeyType::EcdsaP256, 86_400, NOW).unwrap().certificate_pem;
    let both = world.authority.bundle().to_pem() + &old.bundle().to_pem();
    let Fact::Ca(ca) = world.fact("store-1/certificate.ca") else { panic!() };
    ca.pem = both;
    assert_eq!(summary(&world.plan())[0], "store-1/certificate.ca update drift reload [certificates]");
    world.graph = graph(&with_map());
    world.other_certificates(1, &[("client.node.crt", &by_old)]);
    let plan = world.plan();
    let unknown = plan.unknown.iter().find(|unknown| unknown.reason.contains("client.node.crt"));
    assert!(unknown.is_some(), "{:?}", summary(&plan));
}

#[test]
fn a_private_key_in_a_file_of_certificates_is_told_with_the_file_and_the_host() {
    let mut world = World::converged();
    let label = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n";
    pair(&mut world, 1).certificate.as_mut().unwrap().pem.push_str(label);
    let Fact::Ca(ca) = world.fact("store-2/certificate.ca") else { panic!() };
    ca.pem.push_str(label);
    let plan = world.plan();
    let notes: Vec<&str> = plan.notes.iter().map(|note| note.text.as_str()).collect();
    for (file, host) in [("node.crt", "store-1"), ("ca.crt", "store-2")] {
        let words = format!("{file} on {host} holds a private key");
        assert!(notes.iter().any(|note| note.contains(&words)), "{notes:?}");
    }
    assert_eq!(notes.iter().filter(|note| note.contains("private key")).count(), 2, "{notes:?}");
}

/// The manifest with a map that makes the bearer of a pair by crdbctl another user than `node`.
fn with_other_user() -> String {
    let with_map =
        MANIFEST.replacen("  version:", "  flags: {cert-principal-map: \"node:other\"}\n  version:", 1);
    assert_ne!(with_map, MANIFEST);
    with_map
}

#[test]
fn a_pair_that_fails_only_as_a_clients_is_unknown_while_the_files_beside_it_are() {
    let mut world = World::of(&with_other_user());
    for number in 1..=3 {
        world.other_certificates(number, &[]);
    }
    assert_eq!(reason(&world, 1), "its common name is node, not node");
    let unread = OtherCertificates::Unread { reason: "it cannot be listed".to_owned(), named: None };
    for (certificates, words) in
        [(unread, "it cannot be listed"), (OtherCertificates::NotAsked, "it was not asked for")]
    {
        world.reading(&crate::world::node(1)).footprint.certificates = certificates;
        let pair = crate::world::addr("store-1/certificate.node");
        let plan = world.plan();
        let unknown = plan.unknown.iter().find(|unknown| unknown.addr.as_ref() == Some(&pair));
        let unknown = unknown.unwrap_or_else(|| panic!("{:?}", summary(&plan)));
        assert!(unknown.reason.contains("client.node.crt") && unknown.reason.contains(words), "{unknown:?}");
        assert!(plan.changes.iter().all(|change| change.addr != pair), "{:?}", summary(&plan));
    }
    // What is wrong with it as a server's is known, and only that is a reason.
    world.now = NOW.plus(1_825 * 86_400);
    assert!(reason(&world, 1).starts_with("expires in"), "{}", reason(&world, 1));
    assert!(!reason(&world, 1).contains("common name"), "{}", reason(&world, 1));
    // With a file that nodes dial with it need not be a client's.
    world.now = NOW;
    let unread = OtherCertificate::Unread { reason: "it is not a regular file".to_owned() };
    let found = [("client.node.crt".to_owned(), unread)].into_iter().collect();
    world.reading(&crate::world::node(1)).footprint.certificates = OtherCertificates::Found(found);
    let plan = world.plan();
    assert!(plan.changes.iter().all(|change| change.addr.node() != Some(&crate::world::node(1))));
}

#[test]
fn ca_crt_keeps_what_a_file_may_need_that_was_not_read() {
    let mut world = World::converged();
    let old = Authority::create(KeyType::EcdsaP256, 86_400 * 365, NOW).unwrap();
    let both = world.authority.bundle().to_pem() + &old.bundle().to_pem();
    let Fact::Ca(ca) = world.fact("store-1/certificate.ca") else { panic!() };
    ca.pem = both;
    world.other_certificates(1, &[]);
    assert_eq!(summary(&world.plan())[0], "store-1/certificate.ca update drift reload [certificates]");
    let unread = || OtherCertificate::Unread { reason: "it is larger than 64 KiB".to_owned() };
    let found = [("client.node.crt".to_owned(), unread())].into_iter().collect();
    for certificates in [
        OtherCertificates::Found(found),
        OtherCertificates::Unread { reason: "it is larger than 64 KiB".to_owned(), named: None },
    ] {
        world.reading(&crate::world::node(1)).footprint.certificates = certificates;
        let plan = world.plan();
        let ca = crate::world::addr("store-1/certificate.ca");
        let unknown = plan.unknown.iter().find(|unknown| unknown.addr.as_ref() == Some(&ca));
        assert!(unknown.is_some_and(|it| it.reason.contains("larger than 64 KiB")), "{:?}", summary(&plan));
    }
    // Where clients are verified by ca-client.crt, ca.crt verifies none.
    let found = [("client.node.crt", unread()), ("ca-client.crt", unread())];
    let found = found.into_iter().map(|(name, file)| (name.to_owned(), file)).collect();
    world.reading(&crate::world::node(1)).footprint.certificates = OtherCertificates::Found(found);
    assert_eq!(summary(&world.plan())[0], "store-1/certificate.ca update drift reload [certificates]");
}

#[test]
fn what_others_refuse_is_told_while_the_nodes_own_pair_is_made_or_renewed() {
    let mut world = World::converged();
    let app = other_certificate(&world, "app");
    world.other_certificates(2, &[("client.node.crt", &app)]);
    let told = |world: &World| {
        let pair = Some(crate::world::addr("store-2/certificate.node"));
        let notes = world.plan().notes.into_iter().filter(|note| note.addr == pair);
        let texts: Vec<String> = notes.map(|note| note.text).collect();
        assert!(texts.len() == 1 && texts[0].contains("its common name is app, not node"), "{texts:?}");
    };
    told(&world);
    world.graph = graph(&format!("{MANIFEST}certificates: {{extra_names: [lb.example.com]}}\n"));
    assert_eq!(reason(&world, 2), "does not cover lb.example.com");
    told(&world);
    world.set("store-2/certificate.node", crdbctl_model::Observed::Absent);
    told(&world);
}

#[test]
fn authorities_of_clients_that_lack_the_one_that_issues_are_told() {
    let mut world = World::converged();
    let notes = |world: &World| {
        world.expect(&[]);
        world.plan().notes.into_iter().map(|note| note.text).collect::<Vec<_>>()
    };
    let own = world.authority.bundle().to_pem();
    let other = Authority::create(KeyType::EcdsaP256, 86_400 * 365, NOW).unwrap().bundle().to_pem();
    world.other_certificates(2, &[("ca-client.crt", &(other.clone() + &own))]);
    assert_eq!(notes(&world), Vec::<String>::new());
    world.other_certificates(2, &[("ca-client.crt", &other)]);
    let told = notes(&world);
    assert!(told.len() == 1 && told[0].starts_with("ca-client.crt lacks"), "{told:?}");
    world.other_certificates(2, &[("ca-client.crt", "nothing")]);
    let told = notes(&world);
    assert!(
        told.len() == 1 && told[0].contains("ca-client.crt") && told[0].contains("not known"),
        "{told:?}"
    );
}
