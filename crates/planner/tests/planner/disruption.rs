//! What restarts or reloads a node, which change says so, and in which order nodes go.

use crdbctl_model::{Digest, Fact, HealthFact, HealthWay, Impact, Pace, Verdict};

use crate::world::{MANIFEST, World, addr, graph, node, summary};

#[test]
fn changed_flags_restart_through_the_unit_and_are_told_once() {
    let mut world = World::converged();
    world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  flags: {cache: \".35\"}\n");
    world.expect(&[
        "store-1/unit.cockroach update manifest restart [content]",
        "store-2/unit.cockroach update manifest restart [content]",
        "store-3/unit.cockroach update manifest restart [content]",
        "roll store-1 restart",
        "roll store-2 restart",
        "roll store-3 restart",
    ]);
    let plan = world.plan();
    let content = plan.changes[0].attributes.iter().find(|attribute| attribute.name == "content").unwrap();
    assert_eq!(content.remark.as_deref(), Some("restarts cockroach on store-1"));
    assert_eq!(plan.counts().restart, 3);
}

#[test]
fn the_least_time_counts_the_looks_at_the_ranges_where_every_node_is_ready() {
    let mut world = World::converged();
    world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  flags: {cache: \".35\"}\n");
    let plan = world.plan();
    assert_eq!(plan.pace, Pace { settle: 60, ranges_pause: Some(22) });
    assert_eq!(plan.least_seconds(), Some(4 * 22 + 2 * 60));
    // Where one is not ready, the gates may have nothing to look at.
    world.service(2).health = HealthFact::NotReady("draining".to_owned());
    assert_eq!(world.plan().pace.ranges_pause, None);
    assert_eq!(world.plan().least_seconds(), Some(2 * 60));
}

#[test]
fn one_nodes_flags_restart_that_node_alone() {
    let mut world = World::converged();
    world.manifest("address: 198.0.2.158}", "address: 198.0.2.158, flags: {cache: \".35\"}}");
    world.expect(&["store-2/unit.cockroach update manifest restart [content]", "roll store-2 restart"]);
}

#[test]
fn a_changed_join_list_restarts_nothing() {
    let mut world = World::converged();
    world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  join: [store-1, store-2]\n");
    let plan = world.plan();
    assert_eq!(plan.changes.len(), 3);
    assert!(plan.rollout.is_empty(), "{:?}", plan.rollout);
    assert!(plan.changes.iter().all(|change| change.impact == Impact::None));
}

#[test]
fn a_changed_variable_restarts_through_the_unit() {
    let mut world = World::converged();
    world.manifest("COCKROACH_X: \"1\"", "COCKROACH_X: \"2\"");
    assert_eq!(world.plan().counts().restart, 3);
    assert!(world.plan().changes.iter().all(|change| change.addr.to_string().contains("unit")));
}

#[test]
fn a_variable_that_the_manifest_lost_restarts_and_one_added_by_hand_does_not() {
    let mut world = World::converged();
    world.manifest("  environment: {COCKROACH_X: \"1\"}\n", "");
    // The probe tells only of variables that the manifest has.
    for number in 1..=3 {
        world.process(number).environment.remove("COCKROACH_X");
    }
    let plan = world.plan();
    assert_eq!(plan.counts().restart, 3, "{:?}", crate::world::summary(&plan));
    // Whoever applies something else of the node must not record the service as done: the variable would never go.
    assert_eq!(plan.compared[&addr("store-1/service.cockroach")], Verdict::Carried);

    let mut world = World::converged();
    if let Fact::Unit(unit) = world.fact("store-2/unit.cockroach") {
        let text = unit.file.content.clone().unwrap().replace("[Service]", "[Service]\nEnvironment=MINE=1");
        unit.file.digest = Some(Digest::of(&text));
        unit.file.content = Some(text);
    }
    world.expect(&["store-2/unit.cockroach update drift [content]"]);
}

#[test]
fn an_upgrade_is_carried_by_the_link_and_sends_a_package_to_each_node() {
    let mut world = World::converged();
    world.manifest("version: v24.1.0", "version: v24.1.1");
    for number in 1..=3 {
        let new = format!("store-{number}/package.cockroach-v24.1.1.linux-amd64");
        world.set(&new, crdbctl_model::Observed::Absent);
        // The probe hashes what runs when it is not the wanted file.
        world.process(number).exe_digest = Some(Digest::of("the old program"));
    }
    let plan = world.plan();
    let of_node_2: Vec<String> = crate::world::summary(&plan)
        .into_iter()
        .filter(|line| line.contains("store-2") && !line.contains("unit"))
        .collect();
    assert_eq!(
        of_node_2,
        [
            "store-2/package.cockroach-v24.1.1.linux-amd64 create missing",
            "store-2/link.cockroach update manifest restart [target]",
            "roll store-2 restart",
        ]
    );
    assert_eq!(plan.transfers.len(), 3);
    let link = plan.changes.iter().find(|c| c.addr.to_string() == "store-2/link.cockroach").unwrap();
    assert!(link.depends_on.iter().any(|addr| addr.to_string().contains("package")), "{:?}", link.depends_on);
}

#[test]
fn another_link_does_not_explain_another_program() {
    let mut world = World::converged();
    world.process(2).exe_digest = Some(Digest::of("x"));
    if let Fact::Link(link) = world.fact("store-2/link.data") {
        link.target = Some("/tmp".to_owned());
    }
    world.expect(&[
        "store-2/link.data update drift [target]",
        "store-2/service.cockroach update drift restart [binary]",
        "roll store-2 restart",
    ]);
}

#[test]
fn a_process_that_differs_by_itself_is_a_change_of_the_service() {
    let mut world = World::converged();
    world.process(2).argv.push("--max-sql-memory=.11".to_owned());
    world.expect(&[
        "store-2/service.cockroach update drift restart [flags.max-sql-memory]",
        "roll store-2 restart",
    ]);

    let mut world = World::converged();
    world.service(2).store_used = Some(false);
    world.process(2).user = "root".to_owned();
    world.process(2).environment.clear();
    world.process(2).nofile = Some(1024);
    world.expect(&[
        "store-2/service.cockroach update drift restart [user, environment.COCKROACH_X, limits.nofile]",
        "roll store-2 restart",
    ]);
    world.process(2).nofile_ceiling = Some(1024);
    world.process(2).user = "cockroach".to_owned();
    world.process(2).environment.insert("COCKROACH_X".to_owned(), "1".to_owned());
    world.expect(&[]);
}

/// A manifest whose service user is another one than the nodes were made for.
fn another_user() -> World {
    let mut world = World::converged();
    world.graph = graph(&(MANIFEST.to_owned() + "install: {user: roach}\n"));
    for number in 1..=3 {
        world.set(&format!("store-{number}/user.roach"), crdbctl_model::Observed::Absent);
    }
    world
}

#[test]
fn another_user_never_takes_directories_from_under_a_process() {
    let world = another_user();
    let plan = world.plan();
    let told: Vec<String> =
        plan.unknown.iter().filter_map(|it| Some(it.addr.as_ref()?.to_string())).collect();
    assert_eq!(
        told,
        ["store-1/service.cockroach", "store-2/service.cockroach", "store-3/service.cockroach"],
        "{:?}",
        crate::world::summary(&plan)
    );
    assert!(
        plan.unknown[0].reason.contains("runs as cockroach and shall run as roach"),
        "{:?}",
        plan.unknown
    );
    assert!(plan.unknown[0].hint.contains("`install: {user: cockroach}`"), "{:?}", plan.unknown);
    let mut skipping = another_user();
    skipping.skip_unknown = true;
    assert!(skipping.plan().changes.is_empty(), "{:?}", crate::world::summary(&skipping.plan()));

    // Without data, the directories change hands where the node is restarted, and nowhere else.
    let mut world = another_user();
    for number in 1..=3 {
        world.service(number).store_used = Some(false);
    }
    let plan = world.plan();
    assert!(plan.is_complete(), "{:?}", crate::world::summary(&plan));
    let directories: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| change.addr.kind == crdbctl_model::ResourceKind::Directory)
        .collect();
    assert_eq!(directories.len(), 9);
    assert!(directories.iter().all(|change| change.impact == Impact::Restart), "{directories:?}");
    assert_eq!(plan.rollout.len(), 3);
    // A directory that somebody else took from the process that has it comes back without a restart.
    let mut world = World::converged();
    if let Fact::Directory(directory) = world.fact("store-2/directory.certs") {
        directory.owner = "root".to_owned();
    }
    world.expect(&["store-2/directory.certs update drift [owner]"]);
}

#[test]
fn data_of_another_user_are_not_taken_by_their_directory_alone() {
    let mut world = another_user();
    for number in 1..=3 {
        let service = world.service(number);
        (service.process, service.active_state) = (None, "inactive".to_owned());
    }
    let plan = world.plan();
    assert_eq!(plan.unknown.len(), 3, "{:?}", crate::world::summary(&plan));
    assert!(
        plan.unknown[0].hint.contains("chown -R roach:cockroach /var/lib/cockroach"),
        "{:?}",
        plan.unknown
    );
    // Somebody has done so.
    for number in 1..=3 {
        if let Fact::Directory(directory) = world.fact(&format!("store-{number}/directory.data")) {
            directory.owner = "roach".to_owned();
        }
    }
    assert!(world.plan().is_complete());
}

#[test]
fn a_deleted_program_with_the_right_content_still_runs_the_right_one() {
    let mut world = World::converged();
    let wanted = match &world.graph.resources[&crate::world::addr("store-2/service.cockroach")].desired {
        crdbctl_model::Desired::Service(service) => service.binary_digest.unwrap(),
        other => panic!("{other:?}"),
    };
    world.process(2).exe_deleted = true;
    world.process(2).exe_digest = Some(wanted);
    world.expect(&[]);
    world.process(2).exe_digest = None;
    world.expect(&["store-2/service.cockroach update drift restart [binary]", "roll store-2 restart"]);
}

#[test]
fn a_package_alone_restarts_through_the_service() {
    let package = "store-2/package.cockroach-v24.1.0.linux-amd64";
    let spoil = |world: &mut World| {
        let Fact::Package(found) = world.fact(package) else { panic!("no package") };
        found.files.get_mut("cockroach").unwrap().digest = Some(Digest::of("published before"));
    };
    // The same version with another sha256: what runs is the file that the package has.
    let mut world = World::converged();
    spoil(&mut world);
    let lines = [
        "store-2/package.cockroach-v24.1.0.linux-amd64 replace drift [cockroach]",
        "store-2/service.cockroach update drift restart [binary]",
        "roll store-2 restart",
    ];
    world.expect(&lines);
    // And while a program runs that was deleted.
    world.process(2).exe_deleted = true;
    world.process(2).exe_digest = Some(Digest::of("another one"));
    world.expect(&lines);
}

#[test]
fn what_an_interrupted_apply_left_is_done_and_says_why() {
    let mut world = World::converged();
    world.service(2).pending = Some("restart".to_owned());
    world.service(3).pending = Some("reload".to_owned());
    world.expect(&[
        "store-2/service.cockroach update unfinished restart [pending]",
        "store-3/service.cockroach update unfinished reload [pending]",
        "roll store-2 restart",
        "roll store-3 reload",
    ]);
    // A node that is started anyway has nothing to be restarted for.
    world.service(2).process = None;
    world.service(2).active_state = "inactive".to_owned();
    world.service(3).pending = None;
    world.expect(&["store-2/service.cockroach update drift [active]"]);
}

#[test]
fn a_node_goes_once_with_its_greatest_impact() {
    let mut world = World::converged();
    world.set("store-2/certificate.node", crdbctl_model::Observed::Absent);
    world.process(2).argv.push("--max-sql-memory=.11".to_owned());
    let plan = world.plan();
    assert_eq!(plan.rollout.len(), 1);
    assert_eq!((plan.rollout[0].impact, plan.rollout[0].because.len()), (Impact::Restart, 2));
    assert_eq!(plan.rollout[0].node, node(2));
}

#[test]
fn drop_ins_go_before_the_service_that_rests_on_them() {
    let mut world = World::converged();
    let text = "[Service]\nExecStart=\nExecStart=/bin/false\n";
    let file = crdbctl_model::FileFact {
        path: crate::world::path(crdbctl_model::FileKind::Regular, "root", "root", 0o644),
        digest: Some(Digest::of(text)),
        content: Some(text.to_owned()),
    };
    let path = "/etc/systemd/system/cockroach.service.d/x.conf".to_owned();
    world.reading(&node(2)).drop_ins.push(crdbctl_model::DropInFact { path, file });
    world.process(2).argv = vec!["/bin/false".to_owned()];
    let plan = world.plan();
    let names: Vec<String> = plan.changes.iter().map(|change| change.addr.to_string()).collect();
    assert_eq!(names, ["store-2/drop-in.x.conf", "store-2/service.cockroach"]);
    assert!(plan.changes[1].depends_on.contains(&plan.changes[0].addr));
}

#[test]
fn a_stopped_node_with_changed_flags_is_started_and_not_rolled() {
    let mut world = World::converged();
    *world.service(2) = crate::world::stopped("loaded", "enabled");
    world.graph =
        graph(&MANIFEST.replace("address: 198.0.2.158}", "address: 198.0.2.158, flags: {cache: \".35\"}}"));
    world.expect(&[
        "store-2/unit.cockroach update manifest [content]",
        "store-2/service.cockroach update manifest [active]",
    ]);
}

/// A manifest of nodes `store-1`… with these localities, of which `most` may be down at once.
fn localities(most: usize, localities: &[&str]) -> World {
    let mut text = "apiVersion: crdbctl/v1\nkind: Cluster\nname: store\ncockroach:\n  version: v24.1.0\n  flags: {cache: \".30\"}\n".to_owned();
    text.push_str(&format!("rollout: {{max_unavailable: {most}}}\nnodes:\n"));
    for (index, locality) in localities.iter().enumerate() {
        let number = index + 1;
        text.push_str(&format!(
            "  - {{name: store-{number}, address: 198.0.2.{number}, locality: \"{locality}\"}}\n"
        ));
    }
    let mut world = World::of(&text);
    world.graph = graph(&text.replace("cache: \".30\"", "cache: \".35\""));
    world
}

/// The nodes as they go, those that go together joined by a plus sign.
fn batches(world: &World) -> Vec<String> {
    let rollout = world.plan().rollout;
    rollout
        .chunk_by(|one, next| one.batch == next.batch)
        .map(|batch| {
            batch
                .iter()
                .map(|step| step.node.as_str().trim_start_matches("store-"))
                .collect::<Vec<_>>()
                .join("+")
        })
        .collect()
}

#[test]
fn nodes_of_one_locality_go_together_where_three_stand_beside_each_other() {
    let three = ["zone=a", "zone=b", "zone=c", "zone=a", "zone=b", "zone=c", "zone=a"];
    assert_eq!(batches(&localities(1, &three)), ["1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(batches(&localities(2, &three)), ["1+4", "2+5", "3+6", "7"]);
    assert_eq!(batches(&localities(3, &three)), ["1+4+7", "2+5", "3+6"]);

    // One of two zones holds two of three replicas.
    let two = ["zone=a", "zone=a", "zone=b", "zone=b", "zone=b"];
    let world = localities(2, &two);
    assert_eq!(batches(&world), ["1", "2", "3", "4", "5"]);
    assert!(
        world.plan().notes.iter().any(|note| note.text.contains("max_unavailable is 2")),
        "{:?}",
        world.plan().notes
    );

    // Data that is pinned to a region lies in its zones: those of other regions are no place to be.
    let regions = ["r=x,z=1", "r=x,z=1", "r=x,z=2", "r=y,z=3", "r=y,z=3", "r=y,z=4", "r=y,z=5"];
    assert_eq!(batches(&localities(2, &regions)), ["1", "2", "3", "4+5", "6", "7"]);
}

#[test]
fn a_batch_leaves_a_majority_of_every_kind_of_range() {
    // Five replicas of a system range: three of them in zone a, which has the only nodes left.
    let lopsided = ["zone=a", "zone=a", "zone=a", "zone=a", "zone=a", "zone=b", "zone=c"];
    assert_eq!(batches(&localities(3, &lopsided)), ["1+2", "3+4", "5", "6", "7"]);
    let wider = ["zone=a", "zone=a", "zone=a", "zone=a", "zone=b", "zone=b", "zone=c"];
    assert_eq!(batches(&localities(3, &wider)), ["1+2+3", "4", "5+6", "7"]);

    // All voters of a table that survives a zone's failure are in one region.
    let regions = ["region=x", "region=y", "region=z", "region=x", "region=y", "region=z", "region=x"];
    assert_eq!(batches(&localities(2, &regions)), ["1", "2", "3", "4", "5", "6", "7"]);

    // A zone that has nobody left is none.
    let mut world = localities(2, &["zone=a", "zone=a", "zone=b", "zone=b", "zone=b", "zone=c"]);
    assert_eq!(batches(&world), ["1+2", "3+4", "5", "6"]);
    world.graph.nodes.get_mut(&node(6)).unwrap().presence = crdbctl_model::Presence::Absent;
    let of_those_that_stay: Vec<String> = batches(&world).into_iter().filter(|batch| batch != "6").collect();
    assert_eq!(of_those_that_stay, ["1", "2", "3", "4", "5"]);
}

#[test]
fn batches_have_numbers_from_one_and_nodes_without_locality_go_alone() {
    let world = localities(2, &["zone=a", "zone=b", "zone=c", "zone=a", "zone=c"]);
    let numbers: Vec<usize> = world.plan().rollout.iter().map(|step| step.batch).collect();
    assert_eq!(numbers, [1, 1, 2, 3, 3]);
    let mut world = World::converged();
    world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  flags: {cache: \".35\"}\n");
    world.graph.rollout.max_unavailable = 2;
    assert_eq!(world.plan().rollout.iter().map(|step| step.batch).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_node_that_runs_and_does_not_serve_goes_first() {
    let mut world = World::converged();
    world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  flags: {cache: \".35\"}\n");
    let Fact::Service(service) = world.fact("store-3/service.cockroach") else { panic!("no service") };
    service.health = crdbctl_model::HealthFact::NotReady("shutting down".to_owned());
    let order: Vec<String> = world.plan().rollout.iter().map(|step| step.node.to_string()).collect();
    assert_eq!(order, ["store-3", "store-1", "store-2"]);
}

#[test]
fn a_cluster_of_one_node_is_told_that_it_will_be_down() {
    let mut world = localities(1, &["zone=a"]);
    let text = |world: &World| {
        world.plan().notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>().join("\n")
    };
    assert!(text(&world).contains("nothing answers"), "{}", text(&world));
    world.service(1).health = crdbctl_model::HealthFact::WaitingForInit;
    assert_eq!(text(&world), "", "a node that waits for init answers nobody anyway");
    assert!(text(&localities(1, &["zone=a", "zone=b"])).contains("two nodes"));
    assert_eq!(text(&localities(1, &["zone=a", "zone=b", "zone=c"])), "");
}

#[test]
fn hooks_are_told_when_a_node_is_disrupted() {
    let mut world = World::converged();
    world.graph.hooks.before_node = Some("./silence.sh".to_owned());
    assert!(world.plan().notes.is_empty());
    let Fact::Service(service) = world.fact("store-3/service.cockroach") else { panic!("no service") };
    service.pending = Some("reload".to_owned());
    assert_eq!(
        world.plan().notes[0].text,
        "hooks.before_node runs on this host before each reload of a node: ./silence.sh"
    );
}

#[test]
fn a_node_that_can_be_asked_in_no_way_is_unknown_before_anything_is_done_to_it() {
    let mut world = World::converged();
    world.service(1).health_way = HealthWay::ThroughSsh;
    let why = "neither curl nor openssl is on the host, and sshd on the host forwards no connection to it";
    world.service(2).health_way = HealthWay::None(why.to_owned());
    let plan = world.plan();
    assert!(plan.changes.is_empty() && plan.is_complete(), "{:?}", summary(&plan));
    let [note] = plan.notes.as_slice() else { panic!("{:?}", plan.notes) };
    assert!(note.text.contains(why) && note.text.contains("install curl or openssl"), "{}", note.text);
    // What is done without a restart is seen and done. A restart is refused.
    world.service(2).unit_file_state = "disabled".to_owned();
    let plan = world.plan();
    assert_eq!(plan.changes.len(), 1, "{:?}", summary(&plan));
    assert!(plan.is_complete(), "{:?}", summary(&plan));
    world.process(2).argv.push("--cache=.9".to_owned());
    let plan = world.plan();
    assert!(plan.changes.is_empty(), "{:?}", plan.changes);
    let [unknown] = plan.unknown.as_slice() else { panic!("{:?}", plan.unknown) };
    assert_eq!(unknown.addr.as_ref().unwrap().to_string(), "store-2/service.cockroach");
    assert!(unknown.reason.contains(why), "{}", unknown.reason);
    for part in ["install curl or openssl", "AllowTcpForwarding", ":8080"] {
        assert!(unknown.hint.contains(part), "{}", unknown.hint);
    }
}
