//! What is removed from nodes that leave, and what is not: nothing that crdbctl is not known to have made.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Action, Desired, Digest, Fact, FileKind, HostPath, Listing, Observed, Plan, PublicKey, Removal,
    ResourceKind,
};
use proptest::prelude::*;

use crate::world::{NOW, World, addr, node, present, stopped, summary, unknown};

fn path(text: &str) -> HostPath {
    HostPath::new(text).unwrap()
}

impl World {
    /// Makes nodes leave, and lists what is on them.
    pub(crate) fn retire(&mut self, numbers: &[usize]) {
        self.graph.retire(&numbers.iter().map(|number| node(*number)).collect());
        // What is not known to have left is not stopped: they have.
        if let Some(Observed::Present(fact)) =
            self.observations.cluster.get_mut(&addr("cluster/members.store"))
            && let Fact::Members(members) = fact.as_mut()
        {
            for number in numbers {
                members.members[number - 1].membership = crdbctl_model::MembershipFact::Decommissioned;
            }
        }
        for number in 1..=3 {
            self.list(number);
        }
    }

    /// Lists the packages and directories of a node as its resources say.
    pub(crate) fn list(&mut self, number: usize) {
        let name = node(number);
        let paths: Vec<(HostPath, FileKind)> = self
            .graph
            .of_node(&name)
            .filter(|resource| matches!(self.observations.of(&resource.addr), Observed::Present(_)))
            .flat_map(|resource| {
                let kind = |at: usize| match &resource.desired {
                    Desired::Directory(_) => FileKind::Directory,
                    Desired::Package(_) if at == 0 => FileKind::Directory,
                    Desired::Link(_) => FileKind::Link,
                    _ => FileKind::Regular,
                };
                let paths = resource.desired.paths().into_iter().enumerate();
                paths.map(move |(at, path)| (path, kind(at))).collect::<Vec<_>>()
            })
            .collect();
        let below = |directory: &str| {
            let below = |path: &HostPath| path.as_str().strip_prefix(directory).map(str::to_owned);
            paths.iter().filter_map(|(path, kind)| Some((below(path)?, *kind))).collect::<BTreeMap<_, _>>()
        };
        let packages =
            below("/opt/").into_iter().filter(|(name, _)| name.starts_with("cockroach-v")).collect();
        let direct = |directory: &str| {
            below(directory).into_iter().filter(|(name, _)| !name.contains('/')).collect::<BTreeMap<_, _>>()
        };
        let listings = [
            ("/opt", packages),
            ("/opt/cockroach", direct("/opt/cockroach/")),
            ("/opt/cockroach/certs", direct("/opt/cockroach/certs/")),
        ];
        let footprint = &mut self.reading(&name).footprint;
        footprint.listings =
            listings.map(|(directory, entries)| (path(directory), Listing::Entries(entries))).into();
    }

    pub(crate) fn entries(&mut self, number: usize, directory: &str) -> &mut BTreeMap<String, FileKind> {
        match self.reading(&node(number)).footprint.listings.get_mut(&path(directory)) {
            Some(Listing::Entries(entries)) => entries,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn recorded(&mut self, number: usize, local: &str) -> &mut crdbctl_model::RecordedResource {
        self.reading(&node(number)).record.as_mut().unwrap().resources.get_mut(local).unwrap()
    }

    /// An older package that crdbctl made, used last so many days ago.
    pub(crate) fn older(&mut self, number: usize, version: &str, days: i64) {
        let name = format!("cockroach-{version}.linux-amd64");
        let paths = vec![path(&format!("/opt/{name}")), path(&format!("/opt/{name}/cockroach"))];
        let entries = self.entries(number, "/opt");
        entries.insert(name.clone(), FileKind::Directory);
        entries.insert(format!("{name}/cockroach"), FileKind::Regular);
        let entry = crdbctl_model::RecordedResource {
            desired: Digest::of(version),
            created: true,
            applied_at: NOW.plus(-86_400 * days),
            paths,
            mark: None,
        };
        let record = self.reading(&node(number)).record.as_mut().unwrap();
        record.resources.insert(format!("package.{name}"), entry);
    }
}

/// The local addresses of what is deleted on a node, in order.
pub(crate) fn deleted(plan: &Plan, number: usize) -> Vec<String> {
    plan.changes
        .iter()
        .filter(|change| change.action == Action::Delete && change.addr.node() == Some(&node(number)))
        .map(|change| change.addr.local())
        .collect()
}

pub(crate) fn said(plan: &Plan) -> String {
    let line = |note: &crdbctl_model::Note| match &note.addr {
        Some(addr) => format!("{addr}: {}", note.text),
        None => note.text.clone(),
    };
    plan.notes.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_node_that_leaves_loses_all_that_was_made_in_the_reverse_order_but_its_data() {
    let mut world = World::converged();
    world.retire(&[3]);
    let plan = world.plan();
    assert_eq!(
        summary(&plan),
        [
            "store-3/service.cockroach delete surplus [active, enabled]",
            "store-3/link.cockroach delete surplus [path, target]",
            "store-3/link.data delete surplus [path, target]",
            "store-3/certificate.node delete surplus [certificate, key]",
            "store-3/certificate.ca delete surplus [path]",
            "store-3/directory.certs delete surplus [path]",
            "store-3/directory.root delete surplus [path]",
            "store-3/firewall.ufw delete surplus [allow CockroachDB from any]",
            "store-3/file.ufw-profile delete surplus [path]",
            "store-3/unit.cockroach delete surplus [path]",
            "store-3/package.cockroach-v24.1.0.linux-amd64 delete surplus [path]",
        ]
    );
    assert!(plan.rollout.is_empty() && plan.is_complete());
    assert_eq!((plan.counts().stop, plan.counts().restart, plan.counts().delete), (1, 0, 11));
    assert_eq!(
        said(&plan),
        "store-3/directory.data: stays: /var/lib/cockroach is left, with all data; --delete-data deletes it\n\
         store-3/user.cockroach: stays: /var/lib/cockroach belongs to it, and stays\n\
         store-3/group.cockroach: stays: /var/lib/cockroach belongs to it, and stays"
    );
    for change in &plan.changes {
        assert!(change.removal.is_some() && change.desired.is_none(), "{change:?}");
        let service = addr("store-3/service.cockroach");
        assert!(change.addr == service || change.depends_on.contains(&service), "{}", change.addr);
    }
}

#[test]
fn with_its_data_the_account_and_the_record_go_too() {
    let mut world = World::converged();
    world.retire(&[1, 2, 3]);
    world.delete_data = true;
    let plan = world.plan();
    for number in 1..=3 {
        let order = deleted(&plan, number);
        assert_eq!(order.first().map(String::as_str), Some("service.cockroach"));
        assert_eq!(order.last().map(String::as_str), Some("record.store"));
        let at = |local: &str| order.iter().position(|found| found == local).unwrap();
        assert!(at("directory.data") < at("user.cockroach") && at("user.cockroach") < at("group.cockroach"));
        assert_eq!(order.len(), 15, "{order:?}");
    }
    let record = plan.changes.iter().find(|change| change.addr == addr("store-2/record.store")).unwrap();
    assert_eq!(record.depends_on.len(), 14);
    assert_eq!(said(&plan), "");
    let data = plan.changes.iter().find(|change| change.addr == addr("store-2/directory.data")).unwrap();
    assert_eq!(data.removal, Some(Removal::Data { path: path("/var/lib/cockroach"), directory: true }));
    assert!(data.attributes[0].remark.as_deref().unwrap().contains("ALL DATA"));
}

#[test]
fn data_on_a_disk_of_its_own_is_emptied_and_the_mount_point_stays() {
    let emptied = Removal::Data { path: path("/var/lib/cockroach"), directory: false };
    let mut mounted = World::converged();
    mounted.retire(&[2]);
    mounted.reading(&node(2)).footprint.mount_points.insert(path("/var/lib/cockroach"));
    let mut older = World::converged();
    older.retire(&[2]);
    older.recorded(2, "directory.data").created = false;
    for mut world in [mounted, older] {
        assert!(!deleted(&world.plan(), 2).contains(&"directory.data".to_owned()));
        world.delete_data = true;
        let plan = world.plan();
        let data = plan.changes.iter().find(|change| change.addr == addr("store-2/directory.data")).unwrap();
        assert_eq!(data.removal.as_ref(), Some(&emptied));
        // It belongs to the account, so that stays.
        assert!(!deleted(&plan, 2).iter().any(|local| local.starts_with("user")), "{:?}", deleted(&plan, 2));
        // Once it is empty there is nothing more to do.
        world.service(2).store_used = Some(false);
        assert!(!deleted(&world.plan(), 2).contains(&"directory.data".to_owned()));
    }
}

#[test]
fn what_others_put_there_keeps_its_directory_and_the_owner() {
    let mut world = World::converged();
    world.retire(&[1]);
    world.delete_data = true;
    world.entries(1, "/opt/cockroach/certs").insert("client.root.key".to_owned(), FileKind::Regular);
    world.entries(1, "/opt").insert("cockroach-v24.1.0.linux-amd64/notes%0A".to_owned(), FileKind::Regular);
    let plan = world.plan();
    let order = deleted(&plan, 1);
    for stays in ["directory.certs", "directory.root", "user.cockroach", "group.cockroach", "record.store"] {
        assert!(!order.iter().any(|local| local == stays), "{stays} in {order:?}");
    }
    let package = plan.changes.iter().find(|change| change.addr.kind == ResourceKind::Package).unwrap();
    assert_eq!(
        package.removal,
        Some(Removal::Package {
            path: path("/opt/cockroach-v24.1.0.linux-amd64"),
            files: vec![path("/opt/cockroach-v24.1.0.linux-amd64/cockroach")],
            directory: false
        })
    );
    let notes = said(&plan);
    assert!(
        notes.contains("store-1/directory.certs: stays: /opt/cockroach/certs still holds client.root.key"),
        "{notes}"
    );
    assert!(notes.contains("store-1/directory.root: stays: /opt/cockroach still holds certs"), "{notes}");
    // What an interrupted apply left half made is swept away, and keeps nothing.
    let mut world = World::converged();
    world.retire(&[1]);
    world.entries(1, "/opt/cockroach").insert(".crdbctl.abcdefgh".to_owned(), FileKind::Directory);
    assert!(deleted(&world.plan(), 1).contains(&"directory.root".to_owned()));
}

#[test]
fn what_is_no_longer_what_was_made_stays_or_is_set_aside() {
    let mut world = World::converged();
    world.retire(&[1]);
    if let Fact::Certificate(pair) = world.fact("store-1/certificate.node") {
        let key = pair.key.as_mut().unwrap();
        (key.made, key.public) = (false, PublicKey::Spki(Digest::of("another")));
    }
    if let Fact::Link(link) = world.fact("store-1/link.data") {
        (link.path.kind, link.target) = (FileKind::Directory, None);
    }
    if let Fact::Unit(unit) = world.fact("store-1/unit.cockroach") {
        unit.file.digest = Some(Digest::of("edited"));
    }
    let plan = world.plan();
    let order = deleted(&plan, 1);
    assert!(!order.iter().any(|local| local == "certificate.node" || local == "link.data"), "{order:?}");
    assert!(!order.iter().any(|local| local.starts_with("directory")), "{order:?}");
    let unit = plan.changes.iter().find(|change| change.addr.kind == ResourceKind::Unit).unwrap();
    assert!(matches!(&unit.removal, Some(Removal::Files { aside: true, .. })), "{unit:?}");
    assert!(unit.attributes[0].remark.as_deref().unwrap().contains("set aside"));
}

#[test]
fn a_host_without_a_record_is_left_alone_even_while_it_runs() {
    let mut world = World::converged();
    world.retire(&[1, 2, 3]);
    world.delete_data = true;
    for number in 1..=3 {
        world.reading(&node(number)).record = None;
    }
    let plan = world.plan();
    assert_eq!(summary(&plan), Vec::<String>::new());
    let notes = said(&plan);
    assert!(notes.contains("store-2/service.cockroach: runs and is left alone"), "{notes}");
    assert!(
        notes.contains("what crdbctl did not make stays: ") && notes.contains("user.cockroach"),
        "{notes}"
    );
    // What an interrupted first apply noted that it began is its own.
    world.reading(&node(2)).footprint.begun =
        [("link.data".to_owned(), vec![path("/opt/cockroach/data")]), ("directory.root".to_owned(), vec![])]
            .into();
    assert_eq!(deleted(&world.plan(), 2), ["link.data", "record.store"]);
}

#[test]
fn an_adopted_service_is_stopped_and_its_unit_stays() {
    let mut world = World::converged();
    world.retire(&[1]);
    for entry in world.reading(&node(1)).record.as_mut().unwrap().resources.values_mut() {
        entry.created = false;
    }
    let plan = world.plan();
    assert_eq!(deleted(&plan, 1), ["service.cockroach"]);
    assert!(
        said(&plan).contains("unit.cockroach (/etc/systemd/system/cockroach.service)"),
        "{}",
        said(&plan)
    );
}

#[test]
fn a_second_time_there_is_nothing_to_do() {
    let mut world = World::bare();
    world.retire(&[1, 2, 3]);
    assert_eq!(summary(&world.plan()), Vec::<String>::new());
    // The data stayed, and with it the account and the record that knows of both.
    let mut world = World::converged();
    for resource in world.graph.resources.values().cloned().collect::<Vec<_>>() {
        let name = resource.addr.to_string();
        match resource.addr.kind {
            _ if resource.addr.node().is_none() => {}
            ResourceKind::Service => {
                let mut gone = stopped("not-found", "");
                gone.store_used = Some(true);
                world.set(&name, present(Fact::Service(gone)));
            }
            ResourceKind::Firewall => {
                if let Fact::Firewall(firewall) = world.fact(&name) {
                    firewall.rules.clear();
                }
            }
            ResourceKind::User | ResourceKind::Group => {}
            ResourceKind::Directory if name.ends_with(".data") => {}
            _ => world.set(&name, Observed::Absent),
        }
    }
    world.retire(&[1, 2, 3]);
    assert_eq!(summary(&world.plan()), Vec::<String>::new());
    world.delete_data = true;
    let rest = ["directory.data", "user.cockroach", "group.cockroach", "record.store"];
    assert_eq!(deleted(&world.plan(), 2), rest);
}

#[test]
fn what_cannot_be_read_of_ours_is_unknown_and_of_others_is_nobodys_business() {
    let mut world = World::converged();
    world.retire(&[1]);
    world.set("store-1/link.data", unknown());
    let listings = &mut world.reading(&node(1)).footprint.listings;
    listings.insert(path("/opt"), Listing::Unknown { reason: "it holds too much".to_owned() });
    let plan = world.plan();
    let unknown: Vec<String> =
        plan.unknown.iter().map(|unknown| unknown.addr.as_ref().unwrap().local()).collect();
    assert_eq!(unknown, ["link.data", "package.cockroach-v24.1.0.linux-amd64"]);
    assert!(!deleted(&plan, 1).contains(&"directory.root".to_owned()));
    assert!(!deleted(&plan, 1).contains(&"record.store".to_owned()));
    world.skip_unknown = true;
    assert!(world.plan().is_empty());
    world.reading(&node(1)).record = None;
    assert!(world.plan().is_complete());
}

#[test]
fn packages_beyond_those_kept_go_after_the_change_of_their_node() {
    let mut world = World::converged();
    world.retire(&[]);
    for (version, days) in [("v23.1.0", 900), ("v23.2.0", 500), ("v24.1.9", 100), ("v22.2.0", 1000)] {
        world.older(2, version, days);
    }
    let package = |version: &str| format!("package.cockroach-{version}.linux-amd64");
    // The two that were used last stay, whatever their versions are.
    assert_eq!(deleted(&world.plan(), 2), [package("v22.2.0"), package("v23.1.0")]);
    let reason = world.plan().changes[0].reason.clone();
    assert_eq!(reason.as_deref(), Some("beyond the 2 older packages that install.keep_packages keeps"));
    // One that a process runs is kept, and counts.
    world.reading(&node(2)).footprint.packages_in_use.insert("cockroach-v22.2.0.linux-amd64".to_owned());
    assert_eq!(deleted(&world.plan(), 2), [package("v23.1.0"), package("v23.2.0")]);
    // During an upgrade, the version that still runs is one of them, and nothing goes before the change.
    world.process(2).argv.push("--max-sql-memory=.11".to_owned());
    let plan = world.plan();
    let service = addr("store-2/service.cockroach");
    for change in plan.changes.iter().filter(|change| change.removal.is_some()) {
        assert!(change.depends_on.contains(&service), "{change:?}");
    }
    // Those that crdbctl did not make, or that are not plain directories any more, stay.
    world.recorded(2, &package("v23.1.0")).created = false;
    world.entries(2, "/opt").insert("cockroach-v23.2.0.linux-amd64".to_owned(), FileKind::Link);
    assert_eq!(deleted(&world.plan(), 2), Vec::<String>::new());
}

#[test]
fn an_upgrade_keeps_the_version_to_go_back_to() {
    let mut world = World::converged();
    world.manifest("version: v24.1.0", "version: v24.1.1");
    for number in 1..=3 {
        let new = format!("store-{number}/package.cockroach-v24.1.1.linux-amd64");
        world.set(&new, Observed::Absent);
        world.process(number).exe_digest = Some(Digest::of("the old program"));
        world.process(number).exe = "/opt/cockroach-v24.1.0.linux-amd64/cockroach".to_owned();
    }
    world.graph.keep_packages = 1;
    world.retire(&[]);
    world.older(1, "v24.1.0", 0);
    world.older(1, "v23.2.0", 300);
    let gone = ["package.cockroach-v23.2.0.linux-amd64"];
    assert_eq!(deleted(&world.plan(), 1), gone);
    // Once v24.1.1 runs, v24.1.0 is the one that was used last.
    world.process(1).exe_digest = None;
    world.process(1).exe = "/opt/cockroach-v24.1.1.linux-amd64/cockroach".to_owned();
    if let Fact::Link(link) = world.fact("store-1/link.cockroach") {
        link.target = Some("/opt/cockroach-v24.1.1.linux-amd64/cockroach".to_owned());
    }
    assert_eq!(deleted(&world.plan(), 1), gone);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is on the hosts and in their records: what is removed was made by crdbctl, no directory goes with
    /// anything in it that stays, and no data without being asked.
    #[test]
    fn nothing_is_removed_that_is_not_ours(
        seed in prop::collection::vec(any::<(bool, bool, u8)>(), 48),
        delete_data in any::<bool>(),
        leaving in prop::sample::subsequence(vec![1_usize, 2, 3], 0..=3),
        foreign in prop::collection::vec((1_usize..=3, 0_usize..3, "[a-z]{1,3}"), 0..6),
        mounted in any::<bool>(),
        recordless in any::<bool>(),
    ) {
        let mut world = World::converged();
        world.delete_data = delete_data;
        let resources: Vec<_> = world.graph.resources.values().filter(|r| r.addr.node().is_some()).cloned().collect();
        let mut ours = BTreeSet::new();
        let mut managed = BTreeSet::new();
        for (resource, (created, there, kind)) in resources.iter().zip(seed) {
            let number = (1..=3).find(|number| resource.addr.node() == Some(&node(*number))).unwrap();
            let record = world.reading(&node(number)).record.as_mut().unwrap();
            let entry = record.resources.get_mut(&resource.addr.local()).unwrap();
            entry.created = created;
            if kind % 7 == 0 {
                entry.paths = vec![path("/elsewhere")];
            }
            if kind % 5 == 0 {
                record.resources.remove(&resource.addr.local());
            } else if kind % 7 != 0 {
                managed.insert(resource.addr.clone());
                if created {
                    ours.insert(resource.addr.clone());
                }
            }
            if !there && !matches!(resource.desired, Desired::Service(_) | Desired::Firewall(_)) {
                world.set(&resource.addr.to_string(), Observed::Absent);
            }
        }
        world.retire(&leaving);
        world.without_dropped();
        for (number, directory, name) in &foreign {
            let directory = ["/opt/cockroach", "/opt/cockroach/certs", "/opt"][*directory];
            let name = if directory == "/opt" { format!("cockroach-v24.1.0.linux-amd64/{name}") } else { name.clone() };
            world.entries(*number, directory).insert(name, FileKind::Regular);
        }
        if mounted {
            for number in 1..=3 {
                world.reading(&node(number)).footprint.mount_points.insert(path("/opt/cockroach"));
            }
        }
        if recordless {
            world.reading(&node(2)).record = None;
        }
        let plan = world.plan();
        for change in plan.changes.iter().filter(|change| change.action == Action::Delete) {
            let number = (1..=3).find(|number| change.addr.node() == Some(&node(*number))).unwrap();
            prop_assert!(leaving.contains(&number), "{} stays", change.addr);
            prop_assert!(!(recordless && number == 2), "{} is not recorded", change.addr);
            let removed: BTreeSet<HostPath> = plan
                .changes
                .iter()
                .filter(|other| other.addr.node() == change.addr.node())
                .flat_map(|other| match &other.removal {
                    Some(Removal::Files { paths, .. }) => paths.clone(),
                    Some(Removal::Link { path, .. } | Removal::Directory { path }) => vec![path.clone()],
                    Some(Removal::Data { path, directory: true }) => vec![path.clone()],
                    _ => Vec::new(),
                })
                .collect();
            match change.removal.as_ref().unwrap() {
                Removal::Record => {
                    let left = ours.iter().filter(|addr| addr.node() == change.addr.node()).filter(|addr| {
                        matches!(world.observations.of(addr), Observed::Present(_))
                            && !plan.changes.iter().any(|other| other.addr == **addr)
                    });
                    let left: Vec<_> = left.filter(|addr| addr.kind != ResourceKind::Service).collect();
                    prop_assert!(left.is_empty(), "the record goes, and {left:?} stays");
                }
                Removal::Service { .. } => prop_assert!(managed.contains(&change.addr), "{}", change.addr),
                Removal::Data { directory, .. } => {
                    prop_assert!(delete_data);
                    prop_assert!(managed.contains(&change.addr), "{}", change.addr);
                    prop_assert!(!directory || ours.contains(&change.addr), "{}", change.addr);
                }
                Removal::Directory { path } => {
                    prop_assert!(ours.contains(&change.addr), "{}", change.addr);
                    prop_assert!(!mounted || path.as_str() != "/opt/cockroach");
                    let entries = world.entries(number, path.as_str());
                    for name in entries.keys() {
                        prop_assert!(removed.contains(&path.join(name).unwrap()), "{path} holds {name}");
                    }
                }
                Removal::Package { path, files, directory } => {
                    prop_assert!(ours.contains(&change.addr), "{}", change.addr);
                    let recorded = world.recorded(number, &change.addr.local()).paths.clone();
                    prop_assert!(files.iter().all(|file| recorded.contains(file)));
                    let inside = format!("{}/", path.file_name());
                    let foreign = world.entries(number, "/opt").keys().any(|entry| {
                        entry.starts_with(&inside) && !files.iter().any(|file| file.as_str() == format!("/opt/{entry}"))
                    });
                    prop_assert_eq!(*directory, !foreign);
                }
                Removal::Files { .. } | Removal::Link { .. } | Removal::Firewall { .. } | Removal::Group { .. } => {
                    prop_assert!(ours.contains(&change.addr), "{}", change.addr);
                }
                Removal::User { name } => {
                    prop_assert!(ours.contains(&change.addr), "{}", change.addr);
                    for resource in world.graph.of_node(&node(number)) {
                        if let (Desired::Directory(directory), Observed::Present(_)) =
                            (&resource.desired, world.observations.of(&resource.addr))
                        {
                            prop_assert!(directory.owner != *name || removed.contains(&directory.path));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_cluster_is_not_destroyed_around_a_node_that_could_not_be_read() {
    let mut world = World::converged();
    world.retire(&[1, 2, 3]);
    assert_eq!(world.plan().unknown.len(), 0, "{:?}", world.plan().unknown);
    world.unreadable(3);
    let plan = world.plan();
    let [unknown] = plan.unknown.as_slice() else { panic!("{:?}", plan.unknown) };
    assert_eq!(unknown.node, Some(node(3)));
    assert!(plan.changes.iter().all(|change| change.addr.node() != Some(&node(3))));
    // Asked for: the rest is destroyed, and what is left over stays in the plan.
    world.skip_unknown = true;
    let plan = world.plan();
    assert!(plan.changes.iter().any(|change| change.addr.node() == Some(&node(1))));
    assert_eq!(plan.unknown.len(), 1);
}
