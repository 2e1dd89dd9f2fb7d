//! Every kind: nothing to do, to create, drifted, changed in the manifest, unknown.

use crdbctl_model::{
    Action, Cause, Digest, DropInFact, Fact, FileFact, FileKind, Impact, Observed, PublicKey,
};

use crate::world::{NOW, World, addr, graph, issued_elsewhere, node, path, summary, unknown};

#[test]
fn nodes_as_desired_have_an_empty_plan() {
    let plan = World::converged().plan();
    assert_eq!(summary(&plan), Vec::<String>::new());
    assert!(plan.is_empty() && plan.is_complete() && plan.notes.is_empty(), "{:?}", plan.notes);
    assert_eq!(plan.compared.len(), World::converged().graph.resources.len());
}

#[test]
fn bare_nodes_get_everything_in_the_order_of_what_rests_on_what() {
    let world = World::bare();
    let plan = world.plan();
    assert!(plan.rollout.is_empty() && plan.is_complete(), "{:?}", summary(&plan));
    // Who belongs to the cluster, and its version, follow from its initialisation.
    assert_eq!(plan.changes.len() + 2, world.graph.resources.len());
    for change in &plan.changes {
        let expected = if change.addr.to_string().contains("firewall") {
            (Action::Update, Cause::Differs)
        } else if change.addr.to_string().contains("service") {
            (Action::Create, Cause::Differs)
        } else {
            (Action::Create, Cause::Missing)
        };
        assert_eq!((change.action, change.cause), expected, "{}", change.addr);
        assert_eq!(change.impact, Impact::None, "{}", change.addr);
    }
    let at = |text: &str| plan.changes.iter().position(|change| change.addr == addr(text)).unwrap();
    for change in &plan.changes {
        for dependency in &change.depends_on {
            assert!(at(&dependency.to_string()) < at(&change.addr.to_string()), "{}", change.addr);
        }
    }
    for (before, after) in [
        ("cluster/authority.ca", "store-1/certificate.node"),
        ("store-1/user.cockroach", "store-1/directory.certs"),
        ("store-2/certificate.node", "store-2/service.cockroach"),
        ("store-3/service.cockroach", "cluster/init.store"),
    ] {
        assert!(at(before) < at(after), "{before} before {after}");
    }
    assert_eq!(plan.transfers.len(), 3);
}

type Alter = fn(&mut World);

#[test]
fn each_drift_is_one_change_of_the_right_resource() {
    let cases: &[(&str, Alter, &[&str])] = &[
        (
            "group deleted",
            |w| w.set("store-2/group.cockroach", Observed::Absent),
            &["store-2/group.cockroach create drift"],
        ),
        (
            "shell",
            |w| user(w).shell = "/bin/bash".to_owned(),
            &["store-2/user.cockroach update drift [shell]"],
        ),
        ("another shell without login", |w| user(w).shell = "/bin/false".to_owned(), &[]),
        (
            "primary group",
            |w| user(w).group = "staff".to_owned(),
            &["store-2/user.cockroach update drift [group]"],
        ),
        ("home", |w| user(w).home = "/elsewhere".to_owned(), &[]),
        (
            "binary tampered with",
            |w| package(w).files.get_mut("cockroach").unwrap().digest = Some(Digest::of("x")),
            &[
                "store-2/package.cockroach-v24.1.0.linux-amd64 replace drift [cockroach]",
                "store-2/service.cockroach update drift restart [binary]",
                "roll store-2 restart",
            ],
        ),
        (
            "binary deleted",
            |w| drop(package(w).files.remove("cockroach")),
            &["store-2/package.cockroach-v24.1.0.linux-amd64 replace drift [cockroach]"],
        ),
        (
            "binary writable",
            |w| package(w).files.get_mut("cockroach").unwrap().path.mode = mode(0o777),
            &["store-2/package.cockroach-v24.1.0.linux-amd64 update drift [cockroach mode]"],
        ),
        (
            "package owner",
            |w| package(w).path.owner = "cockroach".to_owned(),
            &["store-2/package.cockroach-v24.1.0.linux-amd64 update drift [owner]"],
        ),
        (
            "set-group-ID on a directory",
            |w| directory(w).mode = mode(0o2750),
            &["store-2/directory.certs update drift [mode]"],
        ),
        (
            "directory owner",
            |w| directory(w).owner = "root".to_owned(),
            &["store-2/directory.certs update drift [owner]"],
        ),
        ("directory is a link", |w| directory(w).kind = FileKind::Link, &["unknown store-2/directory.certs"]),
        (
            "link elsewhere",
            |w| link(w, "data").target = Some("/tmp".to_owned()),
            &["store-2/link.data update drift [target]"],
        ),
        (
            "link is a file",
            |w| {
                link(w, "cockroach").path.kind = FileKind::Regular;
                link(w, "cockroach").target = None;
            },
            &["store-2/link.cockroach replace drift [type, target]"],
        ),
        (
            "link is a directory",
            |w| {
                link(w, "data").path.kind = FileKind::Directory;
                link(w, "data").target = None;
            },
            &["unknown store-2/link.data"],
        ),
        (
            "ca.crt of another authority",
            |w| ca(w).pem = issued_elsewhere(-100),
            &["store-2/certificate.ca update drift reload [certificates]", "roll store-2 reload"],
        ),
        ("ca.crt mode", |w| ca(w).path.mode = mode(0o666), &["store-2/certificate.ca update drift [mode]"]),
        (
            "ca.crt deleted under a running node",
            |w| w.set("store-2/certificate.ca", Observed::Absent),
            &["store-2/certificate.ca create drift reload", "roll store-2 reload"],
        ),
        (
            "node.key deleted",
            |w| certificate(w).key = None,
            &["store-2/certificate.node replace drift reload [names, key, not_after]", "roll store-2 reload"],
        ),
        (
            "node.crt deleted",
            |w| certificate(w).certificate = None,
            &["store-2/certificate.node replace drift reload [names, key, not_after]", "roll store-2 reload"],
        ),
        (
            "both deleted under a running node",
            |w| w.set("store-2/certificate.node", Observed::Absent),
            &["store-2/certificate.node create drift reload", "roll store-2 reload"],
        ),
        (
            "both deleted and the node stopped",
            |w| {
                w.set("store-2/certificate.node", Observed::Absent);
                stop(w);
            },
            &["store-2/certificate.node create drift", "store-2/service.cockroach update drift [active]"],
        ),
        (
            "node.crt of another node",
            |w| {
                let other = w.fact("store-1/certificate.node").clone();
                *w.fact("store-2/certificate.node") = other;
            },
            &["store-2/certificate.node replace drift reload [names, key, not_after]", "roll store-2 reload"],
        ),
        (
            "node.key is no key",
            |w| {
                certificate(w).key.as_mut().unwrap().public = PublicKey::NotAKey("it is empty".to_owned());
            },
            &["store-2/certificate.node replace drift reload [names, key, not_after]", "roll store-2 reload"],
        ),
        (
            "node.key cannot be judged",
            |w| {
                certificate(w).key.as_mut().unwrap().public = PublicKey::Unknown("no openssl".to_owned());
            },
            &["unknown store-2/certificate.node"],
        ),
        (
            "node.crt is a link",
            |w| {
                let file = certificate(w).certificate.as_mut().unwrap();
                file.path.kind = FileKind::Link;
                file.pem.clear();
            },
            &["unknown store-2/certificate.node"],
        ),
        (
            "node.key open to the group",
            |w| certificate(w).key.as_mut().unwrap().path.mode = mode(0o640),
            &["store-2/certificate.node update drift [node.key mode]"],
        ),
        (
            "node.key closed more tightly",
            |w| certificate(w).key.as_mut().unwrap().path.mode = mode(0o400),
            &[],
        ),
        (
            "profile mode",
            |w| file(w).path.mode = mode(0o666),
            &["store-2/file.ufw-profile update drift [mode]"],
        ),
        (
            "profile content",
            |w| alter(file(w), |text| text + "# mine\n"),
            &["store-2/file.ufw-profile update drift [content]"],
        ),
        (
            "profile is a link",
            |w| file(w).path.kind = FileKind::Link,
            &["store-2/file.ufw-profile replace drift [type, content]"],
        ),
        (
            "profile is a directory",
            |w| file(w).path.kind = FileKind::Directory,
            &["unknown store-2/file.ufw-profile"],
        ),
        (
            "rule deleted",
            |w| rules(w).clear(),
            &["store-2/firewall.ufw update drift [allow CockroachDB from any]"],
        ),
        (
            "rule for IPv6 deleted",
            |w| drop(rules(w).pop()),
            &["store-2/firewall.ufw update drift [allow CockroachDB from any]"],
        ),
        (
            "rule turned round",
            |w| {
                for rule in rules(w) {
                    *rule = rule.replace("allow", "deny");
                }
            },
            &["store-2/firewall.ufw update drift [allow CockroachDB from any]"],
        ),
        (
            "a rule of somebody else",
            |w| rules(w).push("deny tcp 22 0.0.0.0/0 any 0.0.0.0/0 in".to_owned()),
            &[],
        ),
        (
            "unit content without effect on the process",
            |w| alter(unit(w), |text| text.replace("TimeoutStopSec=300", "TimeoutStopSec=5")),
            &["store-2/unit.cockroach update drift [content]"],
        ),
        (
            "unit deleted under a running node",
            |w| w.set("store-2/unit.cockroach", Observed::Absent),
            &["store-2/unit.cockroach create drift"],
        ),
        (
            "a drop-in",
            |w| w.reading(&node(2)).drop_ins.push(drop_in("/etc/systemd/system/cockroach.service.d/x.conf")),
            &["store-2/drop-in.x.conf delete drift [path, content]"],
        ),
        ("service stopped", stop, &["store-2/service.cockroach update drift [active]"]),
        (
            "service crash-looping",
            |w| {
                stop(w);
                w.service(2).active_state = "activating".to_owned();
                w.service(2).sub_state = "auto-restart".to_owned();
            },
            &["store-2/service.cockroach update drift [active]"],
        ),
        (
            "service disabled",
            |w| w.service(2).unit_file_state = "disabled".to_owned(),
            &["store-2/service.cockroach update drift [enabled]"],
        ),
        (
            "unit not loaded anew",
            |w| w.service(2).need_daemon_reload = true,
            &["store-2/service.cockroach update drift [loaded unit]"],
        ),
        (
            "unit not loaded anew and drifted",
            |w| {
                w.service(2).need_daemon_reload = true;
                alter(unit(w), |text| text + "# mine\n");
            },
            &["store-2/unit.cockroach update drift [content]"],
        ),
        (
            "client's certificate deleted",
            |w| w.set("cluster/certificate.client.root", Observed::Absent),
            &["cluster/certificate.client.root create missing"],
        ),
        (
            "init not done",
            |w| w.set("cluster/init.store", Observed::Absent),
            &["cluster/init.store create missing"],
        ),
    ];
    for (what, alter, expected) in cases {
        let mut world = World::converged();
        alter(&mut world);
        assert_eq!(summary(&world.plan()), *expected, "{what}");
    }
}

#[test]
fn what_the_record_knows_decides_the_cause() {
    let mut world = World::converged();
    alter(file_of(&mut world, 1), |text| text + "# mine\n");
    world.expect(&["store-1/file.ufw-profile update drift [content]"]);
    world.reading(&node(1)).record.as_mut().unwrap().resources.get_mut("file.ufw-profile").unwrap().desired =
        Digest::of("an older manifest");
    world.expect(&["store-1/file.ufw-profile update manifestanddrift [content]"]);
    world.reading(&node(1)).record = None;
    world.expect(&["store-1/file.ufw-profile update differs [content]"]);
    world.set("store-1/file.ufw-profile", Observed::Absent);
    world.expect(&["store-1/file.ufw-profile create missing"]);
}

#[test]
fn a_certificate_near_its_end_says_so_and_is_reloaded() {
    let mut world = World::converged();
    world.now = NOW.plus(1_825 * 86_400);
    let plan = world.plan();
    let node_certificates: Vec<_> =
        plan.changes.iter().filter(|change| change.addr.to_string().ends_with("certificate.node")).collect();
    assert_eq!(node_certificates.len(), 3, "{:?}", summary(&plan));
    for change in node_certificates {
        assert_eq!((change.cause, change.action), (Cause::Expiry, Action::Replace));
        assert_eq!(change.impact, Impact::Reload);
    }
    assert!(plan.rollout.iter().all(|step| step.impact == Impact::Reload));
}

#[test]
fn nothing_unread_is_ever_changed_whatever_its_kind() {
    let template = World::converged();
    for resource in template.graph.resources.values() {
        let mut world = World::converged();
        world.set(&resource.addr.to_string(), unknown());
        let plan = world.plan();
        assert!(plan.changes.is_empty(), "{}: {:?}", resource.addr, summary(&plan));
        assert!(
            plan.unknown.iter().any(|unknown| unknown.addr.as_ref() == Some(&resource.addr)),
            "{}: {:?}",
            resource.addr,
            summary(&plan)
        );
        assert!(!plan.is_complete());
    }
}

#[test]
fn an_observation_of_another_kind_or_none_at_all_is_unknown() {
    let mut world = World::converged();
    let link = world.fact("store-1/link.data").clone();
    *world.fact("store-1/unit.cockroach") = link;
    world.expect(&["unknown store-1/unit.cockroach"]);
    world.reading(&node(1)).resources.remove(&addr("store-1/unit.cockroach"));
    world.expect(&["unknown store-1/unit.cockroach"]);
}

#[test]
fn drop_ins_of_one_name_are_two_changes_and_kept_ones_are_none() {
    let mut world = World::converged();
    let paths =
        ["/etc/systemd/system/cockroach.service.d/x.conf", "/run/systemd/system/cockroach.service.d/x.conf"];
    world.reading(&node(1)).drop_ins.extend(paths.map(drop_in));
    assert_eq!(world.plan().changes.len(), 2, "{:?}", summary(&world.plan()));
    world.graph = graph(&format!("{}service: {{drop_ins: keep}}\n", crate::world::MANIFEST));
    let plan = world.plan();
    assert!(plan.changes.is_empty(), "{:?}", summary(&plan));
    assert_eq!(plan.notes.len(), 2);
}

#[test]
fn equal_inputs_give_equal_plans() {
    let text = || summary(&World::bare().plan());
    assert_eq!(text(), text());
    let world = World::bare();
    assert_eq!(world.plan(), world.plan());
}

fn mode(bits: u32) -> crdbctl_model::Mode {
    crdbctl_model::Mode::new(bits)
}

fn stop(world: &mut World) {
    let service = world.service(2);
    *service = crate::world::stopped("loaded", "enabled");
}

fn alter(file: &mut FileFact, by: fn(String) -> String) {
    let text = by(file.content.clone().unwrap());
    file.digest = Some(Digest::of(&text));
    file.content = Some(text);
}

fn drop_in(at: &str) -> DropInFact {
    let text = "[Service]\nNice=5\n";
    DropInFact {
        path: at.to_owned(),
        file: FileFact {
            path: path(FileKind::Regular, "root", "root", 0o644),
            digest: Some(Digest::of(text)),
            content: Some(text.to_owned()),
        },
    }
}

macro_rules! fact {
    ($name:ident, $kind:ident, $fact:ty, $addr:literal) => {
        fn $name(world: &mut World) -> &mut $fact {
            match world.fact($addr) {
                Fact::$kind(fact) => fact,
                other => panic!("{other:?}"),
            }
        }
    };
}

fact!(user, User, crdbctl_model::UserFact, "store-2/user.cockroach");
fact!(package, Package, crdbctl_model::PackageFact, "store-2/package.cockroach-v24.1.0.linux-amd64");
fact!(directory, Directory, crdbctl_model::PathFact, "store-2/directory.certs");
fact!(ca, Ca, crdbctl_model::CaFact, "store-2/certificate.ca");
fact!(certificate, Certificate, crdbctl_model::NodeCertificateFact, "store-2/certificate.node");

fn file(world: &mut World) -> &mut FileFact {
    file_of(world, 2)
}

fn file_of(world: &mut World, number: usize) -> &mut FileFact {
    match world.fact(&format!("store-{number}/file.ufw-profile")) {
        Fact::File(file) => file,
        other => panic!("{other:?}"),
    }
}

fn unit(world: &mut World) -> &mut FileFact {
    match world.fact("store-2/unit.cockroach") {
        Fact::Unit(unit) => &mut unit.file,
        other => panic!("{other:?}"),
    }
}

fn link<'a>(world: &'a mut World, name: &str) -> &'a mut crdbctl_model::LinkFact {
    match world.fact(&format!("store-2/link.{name}")) {
        Fact::Link(link) => link,
        other => panic!("{other:?}"),
    }
}

fn rules(world: &mut World) -> &mut Vec<String> {
    match world.fact("store-2/firewall.ufw") {
        Fact::Firewall(firewall) => &mut firewall.rules,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_account_that_crdbctl_did_not_create_is_kept_and_what_differs_is_a_note() {
    let mut world = World::converged();
    let found = |w: &mut World| {
        let user = user(w);
        user.group = "dbs".to_owned();
        user.shell = "/bin/bash".to_owned();
        user.home = "/home/dbs".to_owned();
    };
    found(&mut world);
    // It was created by crdbctl: kept as it was created, and the plan names what usermod changes beside it.
    let plan = world.plan();
    let change = plan.changes.iter().find(|change| change.addr == addr("store-2/user.cockroach")).unwrap();
    let remark = change.attributes[0].remark.as_deref();
    assert_eq!(remark, Some("usermod also gives files of group dbs in /home/dbs this group"));
    // Somebody else created it.
    let record = world.reading(&node(2)).record.as_mut().unwrap();
    record.resources.get_mut("user.cockroach").unwrap().created = false;
    let expected = "was not created by crdbctl and is kept as it is: its primary group is dbs, its login shell is /bin/bash";
    let note = |plan: &crdbctl_model::Plan| {
        let of_user = |note: &&crdbctl_model::Note| note.addr == Some(addr("store-2/user.cockroach"));
        plan.notes.iter().find(of_user).map(|note| note.text.clone())
    };
    let plan = world.plan();
    assert!(plan.is_empty() && plan.is_complete(), "{:?}", plan.changes);
    assert_eq!(note(&plan).as_deref(), Some(expected));
    // Without any record, too.
    world.reading(&node(2)).record = None;
    assert_eq!(note(&world.plan()).as_deref(), Some(expected));
    assert!(world.plan().is_empty());
    // An interrupted apply noted that it was about to create it.
    world.reading(&node(2)).footprint.begun = [("user.cockroach".to_owned(), vec![])].into();
    world.expect(&["store-2/user.cockroach update differs [group, shell]"]);
    // One that is as crdbctl creates accounts is worth no word, whatever its home is.
    world.reading(&node(2)).footprint.begun.clear();
    user(&mut world).group = "cockroach".to_owned();
    user(&mut world).shell = "/usr/sbin/nologin".to_owned();
    assert_eq!(note(&world.plan()), None);
    // An empty shell is that of sh (passwd(5)).
    user(&mut world).shell = String::new();
    assert!(note(&world.plan()).unwrap().ends_with("its login shell is /bin/sh"));
}
