//! What the manifest no longer has on nodes that stay: what crdbctl made of it goes, last, and nothing else does.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Action, AllowFrom, CaFact, Cause, Change, Digest, Divergence, Dropped, Fact, FileKind, HostPath,
    LinkFact, Listing, Mark, Observed, PathFact, Plan, Removal, ResourceKind, Selection, UnitFact, UserFact,
};

use crate::removal::{deleted, said};
use crate::world::{MANIFEST, World, addr, graph, node, present, stopped, summary, unknown};

fn path(text: &str) -> HostPath {
    HostPath::new(text).unwrap()
}

impl World {
    /// Changes the manifest: what is dropped stands as it was, and what is new is not there yet.
    fn change(&mut self, from: &str, to: &str) {
        let before = self.graph.clone();
        self.graph = graph(&MANIFEST.replacen(from, to, 1));
        for name in self.graph.nodes.keys().cloned().collect::<Vec<_>>() {
            let old = self.reading(&name).resources.clone();
            let listings = self.reading(&name).footprint.listings.clone();
            for dropped in self.dropped(&name) {
                let was = before.of_node(&name).find(|resource| resource.addr.local() == dropped.key);
                let found = was.and_then(|resource| old.get(&resource.addr)).cloned();
                self.set(&dropped.addr.to_string(), found.unwrap_or(Observed::Absent));
                if dropped.is_data() {
                    self.reading(&name).footprint.stores.insert(dropped.paths[0].clone(), true);
                }
            }
            self.reading(&name).footprint.listings = listings;
            for resource in self.graph.of_node(&name).cloned().collect::<Vec<_>>() {
                let is_new = before
                    .resources
                    .get(&resource.addr)
                    .is_none_or(|old| old.desired.paths() != resource.desired.paths());
                if is_new && resource.addr.kind != ResourceKind::Service {
                    self.set(&resource.addr.to_string(), Observed::Absent);
                } else if is_new && !old.contains_key(&resource.addr) {
                    let mut gone = stopped("not-found", "");
                    gone.store_used = Some(true);
                    self.set(&resource.addr.to_string(), present(Fact::Service(gone)));
                }
            }
        }
    }

    pub(crate) fn of_change(from: &str, to: &str) -> Self {
        let mut world = Self::converged();
        for number in 1..=3 {
            world.list(number);
        }
        world.change(from, to);
        world
    }
}

const NODES: &str = "nodes:\n";

fn install(what: &str) -> String {
    format!("install: {{{what}}}\nnodes:\n")
}

fn firewall(what: &str) -> String {
    format!("firewall: {what}\nnodes:\n")
}

fn of<'a>(plan: &'a Plan, text: &str) -> &'a Change {
    plan.changes.iter().find(|change| change.addr == addr(text)).unwrap_or_else(|| {
        panic!("no {text} in {:#?}\n{}", summary(plan), said(plan));
    })
}

#[test]
fn without_a_firewall_its_rules_and_profile_go_and_nothing_else_is_done() {
    let world = World::of_change(NODES, &firewall("none"));
    let plan = world.plan();
    let expected: Vec<String> = (1..=3)
        .flat_map(|number| {
            [
                format!(
                    "store-{number}/firewall.ufw@CockroachDB delete surplus [allow CockroachDB from any]"
                ),
                format!("store-{number}/file.ufw-profile delete surplus [path]"),
            ]
        })
        .collect();
    assert_eq!(
        summary(&plan).into_iter().collect::<BTreeSet<_>>(),
        expected.into_iter().collect::<BTreeSet<_>>()
    );
    let file = of(&plan, "store-2/file.ufw-profile");
    assert_eq!(file.reason.as_deref(), Some("no longer in the manifest"));
    assert!(
        file.depends_on.contains(&addr("store-2/firewall.ufw@CockroachDB")),
        "ufw knows rules by profile"
    );
    let at = |text: &str| plan.changes.iter().position(|change| change.addr == addr(text)).unwrap();
    assert!(at("store-2/firewall.ufw@CockroachDB") < at("store-2/file.ufw-profile"));
    assert!(plan.rollout.is_empty() && plan.is_complete());
    assert_eq!(said(&plan), "");
    // Once they are gone there is nothing to do, and nothing to say.
    let mut world = world;
    world.without_dropped();
    world.expect(&[]);
}

#[test]
fn a_narrowed_firewall_loses_the_rules_that_crdbctl_added_and_no_others() {
    let mut world = World::of_change(NODES, &firewall("{ufw: {allow_from: [10.0.0.0/8]}}"));
    let rules = |from: &[&str]| {
        from.iter()
            .map(|from| format!("allow tcp 26257,8080 0.0.0.0/0 any {from} CockroachDB - in"))
            .collect::<Vec<_>>()
    };
    for number in 1..=3 {
        for name in
            [format!("store-{number}/firewall.ufw"), format!("store-{number}/firewall.ufw@CockroachDB")]
        {
            // 192.168.1.0/24 was let in by hand, and so was ssh.
            let mut all = rules(&["0.0.0.0/0", "::/0", "192.168.1.0/24"]);
            all.push("allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in".to_owned());
            let fact = crdbctl_model::FirewallFact { enabled: false, ipv6: true, rules: all };
            world.set(&name, present(Fact::Firewall(fact)));
        }
    }
    let plan = world.plan();
    let change = of(&plan, "store-1/firewall.ufw@CockroachDB");
    assert_eq!(
        change.removal,
        Some(Removal::Firewall { profile: "CockroachDB".to_owned(), allow_from: vec![AllowFrom::Any] })
    );
    assert!(change.depends_on.contains(&addr("store-1/firewall.ufw")), "the new rule comes first");
    assert_eq!(of(&plan, "store-1/firewall.ufw").cause, Cause::Manifest);
    // A rule that was there before crdbctl came is not its own.
    for number in 1..=3 {
        world.recorded(number, "firewall.ufw").mark = None;
        world.recorded(number, "firewall.ufw").created = false;
    }
    assert!(world.plan().changes.iter().all(|change| change.action != Action::Delete));
    assert_eq!(said(&world.plan()), "");
}

#[test]
fn a_profile_of_another_name_takes_the_rules_of_the_old_one_away() {
    let mut world = World::of_change(NODES, &firewall("{ufw: {profile: DB}}"));
    for number in 1..=3 {
        let name = format!("store-{number}/firewall.ufw");
        let found = world.fact(&format!("{name}@CockroachDB")).clone();
        world.set(&name, present(found));
    }
    let plan = world.plan();
    let change = of(&plan, "store-3/firewall.ufw@CockroachDB");
    assert!(matches!(&change.removal, Some(Removal::Firewall { profile, .. }) if profile == "CockroachDB"));
    assert!(change.depends_on.contains(&addr("store-3/firewall.ufw")));
}

#[test]
fn a_moved_instance_directory_is_emptied_and_goes_when_its_node_has_changed_over() {
    let mut world = World::of_change(NODES, &install("root: /srv/crdb"));
    let plan = world.plan();
    let gone = deleted(&plan, 2);
    assert_eq!(
        gone.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from([
            "certificate.ca@opt+cockroach+certs+ca.crt",
            "certificate.node@opt+cockroach+certs+node.crt",
            "directory.certs@opt+cockroach+certs",
            "directory.root@opt+cockroach",
            "link.cockroach@opt+cockroach+cockroach",
            "link.data@opt+cockroach+data",
        ])
    );
    assert_eq!(gone.last().map(String::as_str), Some("directory.root@opt+cockroach"));
    let unit = addr("store-2/unit.cockroach");
    assert_eq!(of(&plan, "store-2/unit.cockroach").impact, crdbctl_model::Impact::Restart);
    for change in plan.changes.iter().filter(|change| change.action == Action::Delete) {
        let node = change.addr.node().unwrap();
        assert!(
            change.depends_on.iter().any(|before| before.node() == Some(node) && before.kind == unit.kind)
        );
        assert_eq!(change.cause, Cause::Surplus);
        assert!(
            change
                .reason
                .as_deref()
                .unwrap()
                .starts_with("no longer in the manifest, which has it at /srv/crdb")
        );
    }
    let last = plan
        .changes
        .iter()
        .rposition(|change| change.action != Action::Delete && change.addr.node().is_some());
    let first = plan.changes.iter().position(|change| change.action == Action::Delete);
    assert!(last < first, "removals come last: {:#?}", summary(&plan));
    // What others put there keeps its directory, and nothing of theirs is named for removal.
    world.entries(2, "/opt/cockroach/certs").insert("client.app.key".to_owned(), FileKind::Regular);
    let plan = world.plan();
    let gone = deleted(&plan, 2);
    assert!(!gone.iter().any(|local| local.starts_with("directory.")), "{gone:?}");
    let notes = said(&plan);
    assert!(notes.contains("/opt/cockroach/certs still holds client.app.key"), "{notes}");
    assert!(notes.contains("/opt/cockroach still holds certs"), "{notes}");
    assert_eq!(deleted(&plan, 1).len(), 6);
}

#[test]
fn what_is_no_longer_as_it_was_made_stays_or_is_set_aside() {
    let mut world = World::of_change(NODES, &install("root: /srv/crdb"));
    let name = |local: &str| format!("store-1/{local}");
    if let Fact::Link(LinkFact { target, .. }) = world.fact(&name("link.data@opt+cockroach+data")) {
        *target = Some("/mnt/other".to_owned());
    }
    if let Fact::Ca(CaFact { pem, .. }) = world.fact(&name("certificate.ca@opt+cockroach+certs+ca.crt")) {
        pem.push_str("# mine\n");
    }
    if let Fact::Certificate(pair) = world.fact(&name("certificate.node@opt+cockroach+certs+node.crt")) {
        pair.key.as_mut().unwrap().made = false;
    }
    let plan = world.plan();
    let ca = of(&plan, "store-1/certificate.ca@opt+cockroach+certs+ca.crt");
    assert!(matches!(ca.removal, Some(Removal::Files { aside: true, .. })), "{ca:?}");
    assert!(
        ca.attributes[0].remark.as_deref().unwrap().contains("set aside below /var/lib/crdbctl/set-aside")
    );
    assert_eq!(
        deleted(&plan, 1),
        ["link.cockroach@opt+cockroach+cockroach", "certificate.ca@opt+cockroach+certs+ca.crt"]
    );
    let notes = said(&plan);
    assert!(notes.contains("/opt/cockroach/data leads to /mnt/other"), "{notes}");
    assert!(notes.contains("/opt/cockroach/certs/node.key was not made by crdbctl"), "{notes}");
}

#[test]
fn a_moved_unit_goes_unless_the_manifest_has_something_at_its_place() {
    // The link takes the place of the unit's file, which is kept beside it.
    let to = "service: {unit_path: /opt/cockroach/cockroach.service}\nnodes:\n";
    let world = World::of_change(NODES, to);
    assert_eq!(deleted(&world.plan(), 1), Vec::<String>::new());
    // Back from the instance directory: the file there goes, set aside when it was edited.
    let manifest = MANIFEST.replacen(NODES, to, 1);
    for edited in [false, true] {
        let mut world = World::of(&manifest);
        world.change(NODES, NODES);
        let dropped = "store-1/unit.cockroach@opt+cockroach+cockroach.service";
        if edited && let Fact::Unit(UnitFact { file }) = world.fact(dropped) {
            file.digest = Some(Digest::of("edited"));
        }
        let plan = world.plan();
        let unit = of(&plan, dropped);
        assert!(matches!(&unit.removal, Some(Removal::Files { aside, .. }) if *aside == edited), "{unit:?}");
        assert!(
            !deleted(&plan, 1).iter().any(|local| local.starts_with("link.unit")),
            "the unit is there now"
        );
    }
}

#[test]
fn data_are_never_removed_and_no_node_starts_with_an_empty_store() {
    let moved = install("data: /srv/data");
    let mut world = World::of_change(NODES, &moved);
    world.delete_data = true;
    let plan = world.plan();
    let unknown = |plan: &Plan| -> Vec<(String, String, String)> {
        let line = |it: &crdbctl_model::UnknownResource| {
            (it.addr.as_ref().unwrap().to_string(), it.reason.clone(), it.hint.clone())
        };
        plan.unknown.iter().map(line).collect()
    };
    // It runs, with the store below a link: switching that would give it two halves of a store.
    for number in 1..=3 {
        let (at, reason, hint) = unknown(&plan)[number - 1].clone();
        assert_eq!(at, format!("store-{number}/service.cockroach"));
        assert!(
            reason.contains("runs with its data in /var/lib/cockroach, and the manifest has /srv/data"),
            "{reason}"
        );
        assert!(
            hint.contains("install: {data: /var/lib/cockroach}") && hint.contains("move the data"),
            "{hint}"
        );
    }
    assert!(deleted(&plan, 1).is_empty());
    let notes = said(&plan);
    assert!(
        notes.contains("/var/lib/cockroach was the directory of data and is left, WITH ALL DATA"),
        "{notes}"
    );
    world.skip_unknown = true;
    assert!(world.plan().changes.iter().all(|change| change.addr.node().is_none()), "nodes are left alone");
    world.skip_unknown = false;
    // Stopped, with nothing moved: it would join as a new node.
    let service = |used: Option<bool>| {
        let mut service = stopped("loaded", "enabled");
        service.store_used = used;
        present(Fact::Service(service))
    };
    for used in [None, Some(false)] {
        world.set("store-1/service.cockroach", service(used));
        let found = unknown(&world.plan());
        assert!(found[0].1.contains("the data of this node are in /var/lib/cockroach"), "{found:?}");
        assert!(found[0].1.contains("which is empty: it would join as a new node"), "{found:?}");
    }
    // The data were moved: the node starts with them, and the empty directory goes.
    world.set("store-1/service.cockroach", service(Some(true)));
    world.reading(&node(1)).footprint.stores.insert(path("/var/lib/cockroach"), false);
    let plan = world.plan();
    assert!(unknown(&plan).iter().all(|(at, ..)| !at.starts_with("store-1/")));
    assert_eq!(deleted(&plan, 1), ["directory.data@var+lib+cockroach"]);
    // Whether there were any is not known: that is no leave to begin anew.
    world.reading(&node(1)).footprint.stores.clear();
    world.set("store-1/directory.data@var+lib+cockroach", crate::world::unknown());
    world.set("store-1/service.cockroach", service(None));
    assert!(unknown(&world.plan()).iter().any(|(at, ..)| at == "store-1/service.cockroach"));
}

/// A later account of the same number could read what was left in it.
#[test]
fn an_account_stays_while_a_directory_belongs_to_it_that_crdbctl_did_not_make() {
    let mut world = World::of_change(NODES, &install("data: /srv/data, user: db, group: db"));
    let mut idle = stopped("loaded", "enabled");
    idle.store_used = Some(true);
    world.set("store-1/service.cockroach", present(Fact::Service(idle)));
    let accounts = |world: &World| -> Vec<String> {
        deleted(&world.plan(), 1).into_iter().filter(|local| !local.starts_with("directory.")).collect()
    };
    world.recorded(1, "directory.data").created = false;
    assert!(accounts(&world).is_empty(), "{:?}", accounts(&world));
    assert!(
        said(&world.plan()).contains("/var/lib/cockroach belongs to it, and stays"),
        "{}",
        said(&world.plan())
    );
    // Where it is gone, nothing keeps them.
    world.set("store-1/directory.data@var+lib+cockroach", Observed::Absent);
    assert_eq!(accounts(&world), ["user.cockroach", "group.cockroach"]);
}

#[test]
fn an_account_stays_while_a_directory_belongs_to_it_that_leads_to_what_the_manifest_has() {
    let mut world = World::of_change(NODES, &install("root: /opt/cockroach/v2, user: db, group: db"));
    let mut idle = stopped("loaded", "enabled");
    idle.store_used = Some(true);
    world.set("store-1/service.cockroach", present(Fact::Service(idle)));
    let Fact::Directory(data) = world.fact("store-1/directory.data") else { panic!() };
    (data.owner, data.group) = ("db".to_owned(), "db".to_owned());
    let plan = world.plan();
    assert!(!deleted(&plan, 1).iter().any(|local| local.starts_with("user.") || local.starts_with("group.")));
    assert!(said(&plan).contains("/opt/cockroach belongs to it, and stays"), "{}", said(&plan));
}

/// `/opt` is a link to `/srv/opt`, and the manifest names the one place after the other.
#[test]
fn what_the_manifest_has_under_another_name_is_not_removed_under_its_old_one() {
    let mut world = World::of_change(NODES, &install("root: /srv/opt/cockroach"));
    let removed = deleted(&world.plan(), 1);
    assert!(removed.contains(&"directory.root@opt+cockroach".to_owned()), "{removed:?}");
    let places = world.dropped(&node(1)).into_iter().flat_map(|dropped| dropped.paths);
    let places: Vec<HostPath> = places.filter(|place| place.as_str().starts_with("/opt/cockroach")).collect();
    assert!(places.len() > 4, "{places:?}");
    let real = |place: &HostPath| (place.clone(), path(&format!("/srv{place}")));
    world.reading(&node(1)).footprint.places = places.iter().map(real).collect();
    let removed = deleted(&world.plan(), 1);
    assert!(!removed.iter().any(|local| local.contains("@opt+cockroach")), "{removed:?}");
    // A node that leaves is rid of it, by whatever name.
    world.retire(&[1]);
    let removed = deleted(&world.plan(), 1);
    assert!(removed.contains(&"directory.root@opt+cockroach".to_owned()), "{removed:?}");
}

#[test]
fn a_host_without_a_record_whose_data_are_elsewhere_is_not_given_an_empty_store() {
    let mut world = World::converged();
    world.reading(&node(1)).record = None;
    if let Fact::Link(link) = world.fact("store-1/link.data") {
        link.target = Some("/mnt/disk".to_owned());
    }
    // Its process goes by the link, as old scripts had it.
    for word in &mut world.process(1).argv {
        *word = word.replace("--store=/var/lib/cockroach", "--store=/opt/cockroach/data");
    }
    let plan = world.plan();
    let unknown: Vec<&str> = plan.unknown.iter().map(|it| it.reason.as_str()).collect();
    assert!(unknown[0].contains("runs with its data in /mnt/disk"), "{unknown:?}");
    let mut gone = stopped("loaded", "enabled");
    gone.store_used = Some(false);
    world.set("store-1/service.cockroach", present(Fact::Service(gone)));
    let plan = world.plan();
    assert!(plan.unknown[0].reason.contains("/opt/cockroach/data leads to /mnt/disk"), "{:?}", plan.unknown);
}

#[test]
fn a_renamed_service_is_never_started_beside_the_one_that_runs() {
    let mut world = World::of_change(NODES, "service: {name: db}\nnodes:\n");
    let plan = world.plan();
    let refused = plan.unknown.iter().find(|it| it.addr == Some(addr("store-2/service.db"))).unwrap();
    assert!(refused.reason.contains("CockroachDB runs as cockroach.service"), "{refused:?}");
    assert!(refused.hint.contains("systemctl disable --now cockroach.service"), "{refused:?}");
    assert!(!deleted(&plan, 2).iter().any(|local| local.starts_with("service")));
    // Stopped by hand, and not known to be: that is no leave either.
    world.set("store-2/service.cockroach", unknown());
    assert!(world.plan().unknown.iter().any(|it| it.addr == Some(addr("store-2/service.db"))));
    // Stopped and disabled by hand: the new one starts, and the old unit goes after that.
    world.set("store-2/service.cockroach", present(Fact::Service(stopped("loaded", "disabled"))));
    let plan = world.plan();
    assert!(plan.unknown.iter().all(|it| it.node != Some(node(2))), "{:?}", plan.unknown);
    assert_eq!(deleted(&plan, 2), ["unit.cockroach"]);
    assert!(of(&plan, "store-2/unit.cockroach").depends_on.contains(&addr("store-2/service.db")));
    // Stopped and still enabled, it would start with the host: that goes too, before its unit.
    world.set("store-2/service.cockroach", present(Fact::Service(stopped("loaded", "enabled"))));
    let plan = world.plan();
    assert_eq!(deleted(&plan, 2), ["service.cockroach", "unit.cockroach"]);
}

#[test]
fn an_account_stays_while_anything_goes_by_it() {
    let mut world = World::of_change(NODES, &install("create_user: false"));
    let plan = world.plan();
    assert_eq!(summary(&plan), Vec::<String>::new());
    let notes = said(&plan);
    assert!(
        notes.contains("store-1/user.cockroach: stays: the manifest no longer makes cockroach"),
        "{notes}"
    );
    assert!(notes.contains("store-1/group.cockroach: stays"), "{notes}");
    // Nothing goes by it any more: it goes after all that belonged to it.
    world.graph = graph(&MANIFEST.replacen(NODES, &install("user: db, group: db"), 1));
    world.record_only(1);
    let user =
        UserFact { uid: 9, group: "cockroach".to_owned(), home: "/".to_owned(), shell: "/".to_owned() };
    world.set("store-1/user.cockroach", present(Fact::User(user)));
    world.set("store-1/group.cockroach", present(Fact::Group(crdbctl_model::GroupFact { gid: 9 })));
    let plan = world.plan();
    assert_eq!(deleted(&plan, 1), ["user.cockroach", "group.cockroach"]);
    let group = of(&plan, "store-1/group.cockroach");
    assert!(group.depends_on.contains(&addr("store-1/user.cockroach")));
}

impl World {
    /// Has a node be as the graph says, with the record of before.
    fn record_only(&mut self, number: usize) {
        for resource in self.graph.of_node(&node(number)).cloned().collect::<Vec<_>>() {
            let fact = self.as_desired(&resource);
            self.set(&resource.addr.to_string(), present(fact));
        }
    }
}

#[test]
fn packages_in_an_old_place_go_and_those_that_run_there_stay() {
    let mut world = World::of_change(NODES, &install("packages: /srv/packages"));
    let old = "/opt/cockroach-v24.1.0.linux-amd64";
    let list = |world: &mut World, number: usize| {
        let listing = [("cockroach".to_owned(), FileKind::Regular)].into();
        let footprint = &mut world.reading(&node(number)).footprint;
        footprint.listings.insert(path(old), Listing::Entries(listing));
        footprint.listings.insert(path("/srv/packages"), Listing::Entries(BTreeMap::new()));
    };
    for number in 1..=3 {
        list(&mut world, number);
        let fact = crate::world::path(FileKind::Directory, "root", "root", 0o755);
        let name =
            format!("store-{number}/package.cockroach-v24.1.0.linux-amd64@opt+cockroach-v24.1.0.linux-amd64");
        world.set(&name, present(Fact::Directory(fact)));
    }
    world.reading(&node(2)).footprint.packages_in_use.insert(old.to_owned());
    let plan = world.plan();
    let package = ["package.cockroach-v24.1.0.linux-amd64@opt+cockroach-v24.1.0.linux-amd64"];
    assert_eq!(deleted(&plan, 1), package);
    assert_eq!(deleted(&plan, 2), Vec::<String>::new());
    let change = of(&plan, &format!("store-1/{}", package[0]));
    assert!(change.depends_on.contains(&addr("store-1/link.cockroach")), "it is switched first");
    // A node that leaves is rid of it too, and nothing else is said of it.
    world.retire(&[1]);
    list(&mut world, 1);
    let plan = world.plan();
    assert!(deleted(&plan, 1).contains(&package[0].to_owned()), "{:?} {}", deleted(&plan, 1), said(&plan));
    assert!(!said(&plan).contains("store-1/package."), "{}", said(&plan));
}

#[test]
fn a_record_that_was_tampered_with_removes_nothing_that_is_not_of_crdbctls_form() {
    let mut world = World::converged();
    let places = [
        ("directory.root", "/"),
        ("directory.old", "/etc"),
        ("directory.certs", "/etc/ssl"),
        ("file.passwd", "/etc/passwd"),
        ("file.ufw-profile", "/etc/ssh/sshd_config"),
        ("unit.cockroach", "/etc/systemd/system/ssh.service"),
        ("link.unit", "/etc/resolv.conf"),
        ("certificate.ca", "/etc/ssl/certs/ca-certificates.crt"),
        ("package.cockroach-v9", "/usr"),
        ("record.other", "/var/lib/crdbctl/other.json"),
        ("nonsense", "/etc/shadow"),
        ("setting.x", "/etc/hosts"),
    ];
    let entry = |place: &str| crdbctl_model::RecordedResource {
        desired: Digest::of("x"),
        created: true,
        applied_at: crate::world::NOW,
        paths: vec![path(place)],
        mark: None,
    };
    let record = world.reading(&node(1)).record.as_mut().unwrap();
    record.resources.extend(places.map(|(key, place)| (key.to_owned(), entry(place))));
    for dropped in world.dropped(&node(1)) {
        let directory = crate::world::path(FileKind::Directory, "root", "root", 0o755);
        let file = crdbctl_model::FileFact {
            path: crate::world::path(FileKind::Regular, "root", "root", 0o644),
            digest: None,
            content: None,
        };
        let fact = match dropped.addr.kind {
            ResourceKind::File => Fact::File(file),
            ResourceKind::Unit => Fact::Unit(UnitFact { file }),
            ResourceKind::Certificate => {
                Fact::Ca(CaFact { path: file.path, pem: String::new(), has_key: false })
            }
            ResourceKind::Link => Fact::Link(LinkFact {
                path: crate::world::path(FileKind::Link, "root", "root", 0o777),
                target: Some("/opt/cockroach".to_owned()),
                digest: None,
            }),
            _ => Fact::Directory(directory),
        };
        world.set(&dropped.addr.to_string(), present(fact));
        for place in &dropped.paths {
            let empty = Listing::Entries(BTreeMap::new());
            world.reading(&node(1)).footprint.listings.insert(place.clone(), empty);
        }
    }
    let plan = world.plan();
    assert_eq!(deleted(&plan, 1), Vec::<String>::new());
    assert!(said(&plan).contains("the record names a place where crdbctl puts no such thing: /etc/passwd"));
    // Where the manifest has something now, nothing is said either.
    let mut world = World::converged();
    let record = world.reading(&node(1)).record.as_mut().unwrap();
    record.resources.insert("unit.other".to_owned(), entry("/etc/systemd/system/cockroach.service"));
    record.resources.insert("link.data@x".to_owned(), entry("/opt/cockroach/data"));
    for dropped in world.dropped(&node(1)) {
        world.set(&dropped.addr.to_string(), unknown());
    }
    world.expect(&[]);
}

#[test]
fn what_it_did_not_make_is_neither_removed_nor_spoken_of() {
    let mut world = World::converged();
    for entry in world.reading(&node(1)).record.as_mut().unwrap().resources.values_mut() {
        entry.created = false;
    }
    for number in 1..=3 {
        world.list(number);
    }
    world.change(NODES, &install("root: /srv/crdb"));
    let plan = world.plan();
    assert_eq!(deleted(&plan, 1), Vec::<String>::new());
    assert!(!said(&plan).contains("store-1"), "{}", said(&plan));
    assert_eq!(deleted(&plan, 2).len(), 6);
}

#[test]
fn an_older_record_is_taken_with_more_care() {
    let mut world = World::of_change(NODES, &install("root: /srv/crdb"));
    for entry in world.reading(&node(1)).record.as_mut().unwrap().resources.values_mut() {
        entry.mark = None;
    }
    let plan = world.plan();
    // Links lead to what is crdbctl's own; what is in ca.crt nobody knows.
    let ca = of(&plan, "store-1/certificate.ca@opt+cockroach+certs+ca.crt");
    assert!(matches!(ca.removal, Some(Removal::Files { aside: true, .. })));
    assert_eq!(deleted(&plan, 1).len(), 6);
    if let Fact::Link(link) = world.fact("store-1/link.data@opt+cockroach+data") {
        link.target = Some("/mnt/other".to_owned());
    }
    assert!(!deleted(&world.plan(), 1).contains(&"link.data@opt+cockroach+data".to_owned()));
    // Which rules it added it does not tell.
    let mut world = World::of_change(NODES, &firewall("none"));
    world.recorded(1, "firewall.ufw").mark = None;
    let found = world.fact("store-1/firewall.ufw@CockroachDB").clone();
    world.set("store-1/firewall.ufw", present(found));
    let plan = world.plan();
    assert_eq!(deleted(&plan, 1), ["file.ufw-profile"]);
    assert!(said(&plan).contains("did not note which rules it added"), "{}", said(&plan));
}

#[test]
fn what_cannot_be_read_of_it_is_unknown() {
    let mut world = World::of_change(NODES, &firewall("none"));
    world.set("store-1/file.ufw-profile", unknown());
    let plan = world.plan();
    assert_eq!(plan.unknown.len(), 1);
    assert_eq!(plan.unknown[0].addr, Some(addr("store-1/file.ufw-profile")));
    assert_eq!(deleted(&plan, 1), ["firewall.ufw@CockroachDB"]);
    // What the answer does not speak of is not known either.
    world.reading(&node(1)).resources.remove(&addr("store-1/file.ufw-profile"));
    assert_eq!(world.plan().unknown.len(), 1);
    world.skip_unknown = true;
    assert_eq!(deleted(&world.plan(), 1), Vec::<String>::new());
}

#[test]
fn what_was_begun_and_dropped_before_it_was_recorded_goes_too() {
    let mut world = World::of_change(NODES, &firewall("none"));
    let name = node(1);
    let record = world.reading(&name).record.as_mut().unwrap();
    record.resources.remove("firewall.ufw");
    record.resources.remove("file.ufw-profile");
    world.reading(&name).footprint.begun = [
        ("file.ufw-profile".to_owned(), vec![path("/etc/ufw/applications.d/cockroach")]),
        ("firewall.ufw".to_owned(), Vec::new()),
        ("firewall.ufw:CockroachDB:any".to_owned(), Vec::new()),
    ]
    .into();
    let plan = world.plan();
    assert_eq!(deleted(&plan, 1), ["firewall.ufw@CockroachDB", "file.ufw-profile"]);
    // What was written is not known, so that it is kept.
    assert!(matches!(
        of(&plan, "store-1/file.ufw-profile").removal,
        Some(Removal::Files { aside: true, .. })
    ));
}

#[test]
fn a_node_that_leaves_takes_with_it_what_was_dropped_before() {
    let mut world = World::of_change(NODES, &install("root: /srv/crdb"));
    world.retire(&[1, 2, 3]);
    for number in 1..=3 {
        let listings = &mut world.reading(&node(number)).footprint.listings;
        for directory in ["/srv/crdb", "/srv/crdb/certs"] {
            listings.insert(path(directory), Listing::Entries(BTreeMap::new()));
        }
        let names = |names: &[&str]| {
            Listing::Entries(names.iter().map(|name| ((*name).to_owned(), FileKind::Regular)).collect())
        };
        listings.insert(path("/opt/cockroach"), names(&["certs", "data", "cockroach"]));
        listings.insert(path("/opt/cockroach/certs"), names(&["ca.crt", "node.crt", "node.key"]));
    }
    world.delete_data = true;
    let plan = world.plan();
    let gone = deleted(&plan, 1);
    let at = |local: &str| {
        gone.iter().position(|found| found == local).unwrap_or_else(|| panic!("{local} in {gone:?}"))
    };
    assert_eq!(at("service.cockroach"), 0);
    assert!(at("directory.certs@opt+cockroach+certs") < at("directory.root@opt+cockroach"));
    assert_eq!(gone.last().map(String::as_str), Some("record.store"));
    // As long as the data of an earlier place are there, the record that knows of them stays.
    let mut world = World::of_change(NODES, &install("data: /srv/data"));
    world.retire(&[1, 2, 3]);
    world.delete_data = true;
    let plan = world.plan();
    assert!(!deleted(&plan, 1).contains(&"record.store".to_owned()));
    assert!(said(&plan).contains("/var/lib/cockroach was the directory of data and is left, WITH ALL DATA"));
}

/// Then, now and found: what a plan calls each, for every kind that has a content of its own to compare.
#[test]
fn every_change_says_truthfully_who_moved() {
    let touch = |world: &mut World, local: &str| match world.fact(&format!("store-1/{local}")) {
        Fact::Unit(UnitFact { file }) | Fact::File(file) => {
            file.digest = Some(Digest::of("by hand"));
            file.content = Some("by hand".to_owned());
        }
        Fact::Link(link) => link.target = Some("/by/hand".to_owned()),
        Fact::Directory(found) => found.mode = crdbctl_model::Mode::new(0o777),
        Fact::Firewall(found) => found.rules.clear(),
        Fact::User(user) => user.shell = "/bin/sh".to_owned(),
        Fact::Service(service) => service.unit_file_state = "disabled".to_owned(),
        other => panic!("{other:?}"),
    };
    let kinds = [
        "file.ufw-profile",
        "unit.cockroach",
        "link.cockroach",
        "directory.root",
        "firewall.ufw",
        "user.cockroach",
        "service.cockroach",
    ];
    for local in kinds {
        let cause = |world: &World| {
            let plan = world.plan();
            let change = of(&plan, &format!("store-1/{local}")).clone();
            (change.cause, change.reason)
        };
        // The same then and now, and changed on the host.
        let mut world = World::converged();
        touch(&mut world, local);
        assert_eq!(cause(&world), (Cause::Drift, None), "{local}");
        // Another thing then, and changed on the host since: known of what the record tells how it was written, and of modes.
        world.recorded(1, local).desired = Digest::of("what the manifest said before");
        let is_known = local.starts_with("directory.")
            || matches!(local, "file.ufw-profile" | "unit.cockroach" | "link.cockroach");
        let expected = if is_known { Cause::ManifestAndDrift } else { Cause::Manifest };
        assert_eq!(cause(&world).0, expected, "{local}");
        if let "file.ufw-profile" | "unit.cockroach" = local {
            let accesses: [fn(&mut PathFact); 3] = [
                |path| path.mode = crdbctl_model::Mode::new(0o666),
                |path| path.owner = "cockroach".to_owned(),
                |path| path.group = "cockroach".to_owned(),
            ];
            for change in accesses {
                let mut world = World::converged();
                world.recorded(1, local).desired = Digest::of("what the manifest said before");
                let (Fact::Unit(UnitFact { file }) | Fact::File(file)) =
                    world.fact(&format!("store-1/{local}"))
                else {
                    panic!("{local}")
                };
                change(&mut file.path);
                assert_eq!(cause(&world).0, Cause::ManifestAndDrift, "{local}");
            }
        }
        // Deleted on the host after it was applied.
        if !matches!(local, "service.cockroach" | "firewall.ufw") {
            let mut world = World::converged();
            world.set(&format!("store-1/{local}"), Observed::Absent);
            assert_eq!(cause(&world).0, Cause::Drift, "{local} was deleted by somebody");
            // Dropped, removed and now wanted again: it is not there, and nobody deleted it.
            world.reading(&node(1)).record.as_mut().unwrap().resources.remove(local);
            assert_eq!(cause(&world).0, Cause::Missing, "{local}");
            // The manifest had something else there, and it is gone.
            let mut world = World::converged();
            world.recorded(1, local).desired = Digest::of("what the manifest said before");
            world.set(&format!("store-1/{local}"), Observed::Absent);
            assert_eq!(cause(&world).0, Cause::Manifest, "{local}");
        }
        // No record, or one of before marks.
        let mut world = World::converged();
        touch(&mut world, local);
        world.recorded(1, local).mark = None;
        assert_eq!(cause(&world).0, Cause::Drift, "{local}");
        world.reading(&node(1)).record = None;
        // An account that crdbctl is not known to have created is kept as it is.
        if local == "user.cockroach" {
            assert!(world.plan().is_empty());
            continue;
        }
        assert_eq!(cause(&world).0, Cause::Differs, "{local}");
    }
    // Of what crdbctl wrote it is known what that was: changed in the manifest and on the host as well.
    for local in ["file.ufw-profile", "unit.cockroach", "link.data"] {
        let mut world = World::converged();
        world.recorded(1, local).desired = Digest::of("what the manifest said before");
        touch(&mut world, local);
        let plan = world.plan();
        let change = of(&plan, &format!("store-1/{local}"));
        assert_eq!((change.cause, change.reason.as_deref()), (Cause::ManifestAndDrift, None), "{local}");
        // Neither side hides the other.
        for side in [Divergence::Drift, Divergence::Change] {
            let part = crdbctl_planner::only(plan.clone(), side, &world.graph, &world.observations);
            assert_eq!(
                of(&part, &format!("store-1/{local}")).cause,
                Cause::ManifestAndDrift,
                "{local}: {side}"
            );
        }
        // What stands there is what was written before: the manifest alone has moved.
        let mut world = World::converged();
        let mark = match world.fact(&format!("store-1/{local}")) {
            Fact::Link(link) => {
                link.target = Some("/before".to_owned());
                Mark::Target(path("/before"))
            }
            Fact::Unit(UnitFact { file }) | Fact::File(file) => {
                file.digest = Some(Digest::of("before"));
                Mark::Content(Digest::of("before"))
            }
            other => panic!("{other:?}"),
        };
        let entry = world.recorded(1, local);
        entry.desired = Digest::of("what the manifest said before");
        entry.mark = Some(mark);
        let plan = world.plan();
        let change = of(&plan, &format!("store-1/{local}"));
        assert_eq!((change.cause, change.reason.as_deref()), (Cause::Manifest, None), "{local}");
    }
}

#[test]
fn moved_twice_before_it_was_cleared_both_places_are_known() {
    let mut world = World::of_change(NODES, &install("root: /srv/crdb"));
    let entry = crdbctl_model::RecordedResource {
        paths: vec![path("/opt/older")],
        ..world.recorded(1, "directory.root").clone()
    };
    world
        .reading(&node(1))
        .record
        .as_mut()
        .unwrap()
        .resources
        .insert("directory.root@opt+older".to_owned(), entry);
    let dropped: Vec<Dropped> = world.dropped(&node(1));
    let roots: Vec<String> = dropped
        .iter()
        .filter(|it| it.name() == "root" && it.addr.kind == ResourceKind::Directory)
        .map(|it| it.addr.local())
        .collect();
    assert_eq!(roots, ["directory.root@opt+cockroach", "directory.root@opt+older"]);
    // Back at the old place, it is the manifest's again.
    world.graph = graph(&MANIFEST.replacen(NODES, &install("root: /opt/older"), 1));
    world.record_only(1);
    for dropped in world.dropped(&node(1)) {
        world.set(&dropped.addr.to_string(), Observed::Absent);
    }
    assert!(deleted(&world.plan(), 1).is_empty());
}

/// Whoever looks at one side sees all of it, whatever is left out: only what is selected to be applied must be in order.
#[test]
fn a_removal_is_told_although_what_it_comes_after_is_left_out() {
    let mut world = World::of_change(NODES, &install("root: /srv/crdb"));
    // Somebody has changed something else on one of the nodes.
    if let Fact::File(file) = world.fact("store-1/file.ufw-profile") {
        file.path.mode = crdbctl_model::Mode::new(0o666);
    }
    let only =
        |divergence| crdbctl_planner::only(world.plan(), divergence, &world.graph, &world.observations);
    assert_eq!(deleted(&only(Divergence::Drift), 1), Vec::<String>::new());
    let change = only(Divergence::Change);
    for number in 1..=3 {
        assert_eq!(deleted(&change, number), deleted(&world.plan(), number));
        assert_eq!(deleted(&change, number).len(), 6);
    }
    assert!(change.left_out.iter().all(|left| left.addr == addr("store-1/file.ufw-profile")));
    // To apply them without what runs having moved over is refused.
    let targets = std::collections::BTreeSet::from(["store-1/directory.root@*".parse().unwrap()]);
    let selection = Selection { targets, ..Selection::default() };
    let options = crdbctl_planner::PlanOptions {
        now: world.observations.taken_at,
        skip_unknown: false,
        delete_data: false,
        shard: None,
    };
    crdbctl_planner::select(world.plan(), &selection, &world.graph, &world.observations, &options)
        .unwrap_err();
}

#[test]
fn a_unit_s_own_file_gives_way_to_the_link_and_an_edited_one_is_kept() {
    let mut world =
        World::of_change(NODES, "service: {unit_path: /opt/cockroach/cockroach.service}\nnodes:\n");
    let Some(Mark::Content(written)) = world.recorded(1, "unit.cockroach").mark.clone() else { panic!() };
    let way = |digest: Option<Digest>| {
        let path = crate::world::path(FileKind::Regular, "root", "root", 0o644);
        present(Fact::Link(LinkFact { path, target: None, digest }))
    };
    for (number, digest) in [(1, Some(written)), (2, Some(Digest::of("edited"))), (3, None)] {
        world.set(&format!("store-{number}/link.unit"), way(digest));
    }
    let plan = world.plan();
    let kept = |number: usize| {
        let remark = of(&plan, &format!("store-{number}/link.unit")).attributes[0].remark.clone();
        remark.is_some_and(|remark| remark.contains("is kept as /etc/systemd/system/cockroach.service.old"))
    };
    assert_eq!([kept(1), kept(2), kept(3)], [false, true, true]);
}
