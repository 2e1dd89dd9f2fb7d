//! Parts of a plan that somebody selected: what is left out, what is refused, and what such a part rests on.

use crdbctl_model::{
    Fact, Impact, LeftOutWhy, Observed, Plan, ResourceAddr, ResourceKind, Selection, Verdict,
};
use crdbctl_planner::{PlanOptions, SelectionError, look_at, select};

use crate::cluster::{MANUAL, moved_to};
use crate::world::{MANIFEST, World, addr, graph, node, summary, unknown};

fn selection(nodes: &[usize], targets: &[&str]) -> Selection {
    Selection {
        nodes: nodes.iter().map(|number| node(*number)).collect(),
        targets: targets.iter().map(|target| target.parse().unwrap()).collect(),
    }
}

impl World {
    fn select(&self, selection: &Selection) -> Result<Plan, SelectionError> {
        let options = PlanOptions {
            now: self.now,
            skip_unknown: self.skip_unknown,
            delete_data: self.delete_data,
            shard: None,
        };
        select(self.plan(), selection, &self.graph, &self.observations, &options)
    }

    #[track_caller]
    fn part(&self, nodes: &[usize], targets: &[&str]) -> Plan {
        let selection = selection(nodes, targets);
        let part = self.select(&selection).unwrap_or_else(|error| panic!("{error}"));
        is_truthful(&self.plan(), &part, &selection);
        part
    }

    /// Why a selection is refused, with what to do.
    #[track_caller]
    fn refusal(&self, nodes: &[usize], targets: &[&str]) -> String {
        let error = self.select(&selection(nodes, targets)).map(|plan| summary(&plan)).unwrap_err();
        format!("{error}\n{}", error.remedy().unwrap_or_default())
    }

    /// Every node has another file in its place, and shall be started otherwise.
    fn diverged() -> Self {
        let mut world = Self::converged();
        world.manifest("  version: v24.1.0\n", "  version: v24.1.0\n  flags: {cache: \".35\"}\n");
        for number in 1..=3 {
            world.set(&format!("store-{number}/file.ufw-profile"), Observed::Absent);
        }
        world
    }
}

/// What holds of every part: each change of the whole is in it or told to be left out, none is in another way than in the whole, and
/// nothing that it rests on is left out.
#[track_caller]
fn is_truthful(whole: &Plan, part: &Plan, selection: &Selection) {
    let mut addrs: Vec<&ResourceAddr> =
        part.changes.iter().map(|it| &it.addr).chain(part.left_out.iter().map(|it| &it.addr)).collect();
    let mut all: Vec<&ResourceAddr> = whole.changes.iter().map(|it| &it.addr).collect();
    addrs.sort();
    all.sort();
    assert_eq!(addrs, all);
    for change in &part.changes {
        assert!(selection.contains(&change.addr), "{}", change.addr);
        let mut same = change.clone();
        let in_whole = whole.changes.iter().find(|it| it.addr == change.addr).unwrap();
        // Of what is cluster-wide, the whole plan says more than must be.
        if change.addr.node().is_none() {
            same.depends_on.clone_from(&in_whole.depends_on);
        }
        assert_eq!(&same, in_whole);
        for before in &change.depends_on {
            assert!(part.changes.iter().any(|it| it.addr == *before), "{} needs {before}", change.addr);
        }
    }
    for left in &part.left_out {
        assert!(!selection.contains(&left.addr), "{} was selected", left.addr);
        assert_eq!((&left.why, left.attributes.len()), (&LeftOutWhy::Selection, 0));
        assert_eq!(part.compared.get(&left.addr), Some(&Verdict::PutOff), "{}", left.addr);
    }
    let told = part.rollout.iter().flat_map(|step| &step.because);
    assert!(told.clone().all(|addr| part.changes.iter().any(|it| it.addr == *addr)));
    let disrupting = part.changes.iter().filter(|change| change.impact > Impact::None);
    assert!(disrupting.map(|change| &change.addr).all(|addr| told.clone().any(|it| it == addr)));
    let batches: Vec<usize> = part.rollout.iter().map(|step| step.batch).collect();
    assert!(batches.is_empty() || batches[0] == 1, "the first batch of the part is its first: {batches:?}");
    assert!(part.transfers.iter().all(|it| selection.contains(&it.addr)));
    assert_eq!(&part.part.selection, selection);
}

fn notes(plan: &Plan) -> String {
    plan.notes.iter().map(|note| note.text.clone() + "\n").collect()
}

fn basis(plan: &Plan) -> Vec<&str> {
    plan.basis.nodes.keys().map(crdbctl_model::NodeName::as_str).collect()
}

#[test]
fn everything_selected_is_the_whole_plan() {
    let world = World::diverged();
    assert_eq!(world.select(&Selection::default()).unwrap(), world.plan());
    let all = world.part(&[], &["*/*"]);
    assert_eq!((all.changes, all.rollout), (world.plan().changes, world.plan().rollout));
    assert_eq!(all.basis, world.plan().basis);
}

#[test]
fn one_node_of_three_is_disrupted_alone_and_the_others_are_told() {
    let world = World::diverged();
    for part in [world.part(&[2], &[]), world.part(&[], &["store-2/*"]), world.part(&[2], &["*/*"])] {
        assert_eq!(
            summary(&part),
            [
                "store-2/file.ufw-profile create drift",
                "store-2/unit.cockroach update manifest restart [content]",
                "roll store-2 restart"
            ]
        );
        assert_eq!((part.left_out.len(), part.rollout[0].batch), (4, 1));
        assert_eq!(basis(&part), ["store-2"]);
        assert!(part.compared.keys().all(|addr| addr.node() == Some(&node(2))
            || matches!(addr.kind, ResourceKind::File | ResourceKind::Unit)));
    }
    let files = world.part(&[], &["*/file.*"]);
    assert_eq!((files.changes.len(), files.rollout.len(), basis(&files).len()), (3, 0, 3));
}

#[test]
fn the_causes_of_what_is_left_out_are_those_of_the_whole_plan() {
    let part = World::diverged().part(&[2], &[]);
    let left: Vec<String> = part.left_out.iter().map(|it| format!("{} {:?}", it.addr, it.cause)).collect();
    assert_eq!(
        left,
        [
            "store-1/file.ufw-profile Drift",
            "store-1/unit.cockroach Manifest",
            "store-3/file.ufw-profile Drift",
            "store-3/unit.cockroach Manifest"
        ]
    );
}

#[test]
fn what_means_nothing_is_refused() {
    let world = World::diverged();
    let refused = world.select(&selection(&[7], &[])).unwrap_err();
    assert_eq!(refused.to_string(), "store-7 is no node of the cluster store");
    assert_eq!(refused.remedy().as_deref(), Some("its nodes are store-1, store-2, store-3"));
    let target = |nodes: &[usize], target: &str| {
        world.select(&selection(nodes, &["*/unit.*", target])).unwrap_err().to_string()
    };
    assert_eq!(
        target(&[], "store-2/unti.*"),
        "--target 'store-2/unti.*' means no resource of the cluster store"
    );
    // Both restrict: what is on another node is nothing on this one, and an empty plan would say that all is well.
    assert_eq!(target(&[1, 3], "store-2/*"), "--target 'store-2/*' means no resource of store-1, store-3");
    // What is as it shall be is something.
    assert!(world.part(&[], &["store-2/link.data"]).is_empty());
}

#[test]
fn a_file_that_only_the_host_has_can_be_selected() {
    let mut world = World::converged();
    let of_host = crdbctl_model::DropInFact {
        path: "/etc/systemd/system/cockroach.service.d/10-x.conf".to_owned(),
        file: match world.fact("store-1/unit.cockroach").clone() {
            Fact::Unit(unit) => unit.file,
            other => panic!("{other:?}"),
        },
    };
    world.reading(&node(1)).drop_ins.push(of_host);
    let part = world.part(&[], &["store-1/drop-in.*"]);
    assert_eq!(part.changes.len(), 1, "{:?}", summary(&part));
}

#[test]
fn a_node_of_a_new_cluster_needs_the_authority_and_the_message_says_what_to_write() {
    let world = World::bare();
    let refusal = world.refusal(&[1], &[]);
    assert!(refusal.contains("\nstore-1/certificate.ca needs cluster/authority.ca\n"), "{refusal}");
    assert!(!refusal.contains("store-2"), "{refusal}");
    assert!(
        refusal.ends_with(
            "\n--node leaves that out; write instead --target 'store-1/*' --target cluster/authority.ca"
        ),
        "{refusal}"
    );
    // Somebody who only looks is told what differs there, whatever it rests on.
    let options = PlanOptions { now: world.now, skip_unknown: false, delete_data: false, shard: None };
    let look =
        |nodes| look_at(world.plan(), &selection(nodes, &[]), &world.graph, &world.observations, &options);
    let seen = look(&[1]).unwrap();
    assert!(seen.changes.iter().all(|it| it.addr.node() == Some(&node(1))) && seen.changes.len() > 10);
    assert!(look(&[7]).is_err());
    let part = world.part(&[], &["store-1/*", "cluster/authority.ca"]);
    assert!(part.changes.iter().any(|change| change.addr == addr("store-1/service.cockroach")));
    // An authority is made when no node has another one: that is so of all of them.
    assert_eq!(basis(&part).len(), 3);
    let client = world.refusal(&[], &["cluster/certificate.*"]);
    assert!(client.ends_with("\nadd --target cluster/authority.ca"), "{client}");
}

#[test]
fn what_is_missing_is_found_over_any_number_of_changes() {
    let world = World::bare();
    // Through the directories above, which are selected by nobody.
    let refusal = world.refusal(&[], &["store-1/directory.certs"]);
    for missing in ["store-1/directory.root", "store-1/user.cockroach", "store-1/group.cockroach"] {
        assert!(refusal.contains(missing), "no {missing} in {refusal}");
    }
    // What the message says to add is enough.
    let add = match world.select(&selection(&[], &["cluster/init.store"])).unwrap_err() {
        SelectionError::BreaksOrder { add, instead: false, .. } => add,
        other => panic!("{other:?}"),
    };
    let add: Vec<String> = add
        .iter()
        .map(|option| option.trim_start_matches("--target ").trim_matches('\'').to_owned())
        .chain(["cluster/init.store".to_owned()])
        .collect();
    let add: Vec<&str> = add.iter().map(String::as_str).collect();
    assert!(!world.part(&[], &add).is_empty(), "{add:?}");
}

#[test]
fn a_canary_gets_the_new_version_and_the_finalisation_waits() {
    let world = moved_to("v24.3.0", "");
    let part = world.part(&[1], &[]);
    assert_eq!(part.counts().restart, 1);
    assert_eq!(part.rollout[0].node, node(1));
    assert!(part.left_out.iter().any(|left| left.addr == addr("cluster/version.store")));
    let transfers: Vec<String> = part.transfers.iter().map(|it| it.node.to_string()).collect();
    assert_eq!(transfers, ["store-1"]);
    // The version of the cluster never goes before a node's.
    let refusal = world.refusal(&[], &["store-1/*", "cluster/version.*"]);
    assert!(refusal.contains("cluster/version.store needs store-2/"), "{refusal}");
    let link = world.refusal(&[], &["store-1/link.cockroach"]);
    assert!(link.contains("store-1/link.cockroach needs store-1/package.cockroach-v24.3.0"), "{link}");
}

#[test]
fn no_node_of_another_series_before_the_hold() {
    let world = moved_to("v24.3.0", MANUAL);
    let refusal = world.refusal(&[1], &[]);
    assert!(refusal.contains("store-1/link.cockroach needs cluster/version.store"), "{refusal}");
    let part = world.part(&[], &["store-1/*", "cluster/version.store"]);
    assert_eq!((part.counts().restart, &part.changes[0].addr), (1, &addr("cluster/version.store")));
    // Putting bytes in place beforehand needs no hold.
    assert_eq!(world.part(&[], &["*/package.*"]).changes.len(), 3);
    // The hold alone is set before anything.
    assert_eq!(world.part(&[], &["cluster/version.*"]).changes.len(), 1);
}

#[test]
fn a_restart_with_a_half_of_what_differs_says_so() {
    let world = World::of_change("  version: v24.1.0\n", "  version: v24.1.1\n  flags: {cache: \".35\"}\n");
    // The link to the version that runs stays, and the package behind it: the new one may be missing.
    let part = world.part(&[], &["store-1/unit.*"]);
    assert_eq!(part.counts().restart, 1);
    let notes = notes(&part);
    assert!(
        notes.contains("store-1 is restarted without store-1/link.cockroach, left out: it is restarted again when that is applied"),
        "{notes}"
    );
    // The process is not what it shall be after that: nobody may believe that it is.
    let service = part.compared.get(&addr("store-1/service.cockroach"));
    assert_ne!(service, Some(&Verdict::Same));
    // Nothing is said of nodes that are not restarted, and nothing where all is selected.
    assert!(
        !notes.contains("store-2 is restarted") && !self::notes(&world.part(&[1], &[])).contains("without")
    );
    // By hand, the program itself stood where the link shall be. And nothing starts by way of the link for people.
    let mut other = world;
    let Fact::Link(link) = other.fact("store-1/link.cockroach") else { panic!() };
    link.target = None;
    link.path.kind = crdbctl_model::FileKind::Regular;
    other.set("store-1/link.data", Observed::Absent);
    assert_eq!(other.part(&[], &["store-1/unit.*"]).counts().restart, 1);
    // Somebody removed the version that runs: what the link leads to is gone, and the node would not come back.
    other.process(1).exe_deleted = true;
    assert!(other.refusal(&[], &["store-1/unit.*"]).contains("needs store-1/package.cockroach-v24.1.1"));
}

#[test]
fn a_restart_over_a_file_that_somebody_edited_says_so() {
    let mut world = World::converged();
    world.manifest("  version: v24.1.0\n", "  version: v24.1.1\n");
    let Fact::Unit(unit) = world.fact("store-2/unit.cockroach") else { panic!() };
    unit.file.content =
        unit.file.content.as_ref().map(|text| text.replace("TimeoutStopSec=300", "TimeoutStopSec=3"));
    unit.file.digest = unit.file.content.as_ref().map(crdbctl_model::Digest::of);
    let part = world.part(&[], &["store-2/link.*", "store-2/package.*"]);
    let notes = notes(&part);
    assert!(
        notes.contains("store-2 is restarted with store-2/unit.cockroach as found on the host"),
        "{notes}"
    );
}

#[test]
fn settings_need_nothing_of_nodes_that_stand() {
    let mut world = World::converged();
    world.manifest(
        "  version: v24.1.0\n",
        "  version: v24.1.0\n  settings: {server.time_until_store_dead: 6m}\n",
    );
    world.set("cluster/setting.server.time_until_store_dead", Observed::Absent);
    world.set("store-1/file.ufw-profile", Observed::Absent);
    let part = world.part(&[], &["cluster/setting.*"]);
    assert_eq!((part.changes.len(), part.left_out.len(), basis(&part).len()), (1, 1, 0));
    // On the way to another series the setting may be one of the new one.
    world.manifest(
        "  version: v24.1.0\n",
        "  version: v24.3.0\n  settings: {server.time_until_store_dead: 6m}\n",
    );
    let refusal = world.refusal(&[], &["cluster/setting.*"]);
    assert!(refusal.contains("cluster/setting.server.time_until_store_dead needs "), "{refusal}");
    // A cluster that is none yet has no settings.
    let mut bare = World::bare();
    bare.manifest(
        "  version: v24.1.0\n",
        "  version: v24.1.0\n  settings: {server.time_until_store_dead: 6m}\n",
    );
    bare.set("cluster/setting.server.time_until_store_dead", Observed::Absent);
    assert!(bare.refusal(&[], &["cluster/setting.*"]).contains("cluster/init.store"));
}

#[test]
fn a_node_that_leaves_is_not_cleared_before_it_has_left() {
    let four = format!("{MANIFEST}  - {{name: store-4, address: 198.0.2.172}}\n");
    let mut world = World::of(&four);
    world.list(3);
    world.graph = graph(&four.replace("198.0.2.171}", "198.0.2.171, state: decommissioned}"));
    assert!(world.plan().counts().stop == 1, "{:?}", summary(&world.plan()));
    let refusal = world.refusal(&[3], &[]);
    assert!(refusal.contains("store-3/service.cockroach needs cluster/members.store"), "{refusal}");
    assert!(
        refusal.ends_with("write instead --target 'store-3/*' --target cluster/members.store"),
        "{refusal}"
    );
    let part = world.part(&[], &["store-3/*", "cluster/members.store"]);
    assert_eq!(part.counts().stop, 1);
    // Files of a node that runs are not taken off under it.
    let under = world.refusal(&[], &["cluster/members.store", "store-3/directory.certs"]);
    assert!(under.contains("store-3/service.cockroach"), "{under}");
    // To leave without being cleared is allowed: the rest is in the next plan.
    assert_eq!(world.part(&[], &["cluster/members.*"]).counts().stop, 0);
}

#[test]
fn a_certificate_by_a_new_authority_needs_that_every_node_trusts_it() {
    let mut world = World::converged();
    world.new_authority();
    // One that cannot wait: it works no more as it is.
    world.set("store-1/certificate.node", Observed::Absent);
    let refusal = world.refusal(&[1], &[]);
    assert!(
        refusal.contains("store-1/certificate.node needs store-2/certificate.ca, store-3/certificate.ca"),
        "{refusal}"
    );
    let part = world.part(&[], &["*/certificate.ca", "store-1/certificate.node"]);
    assert_eq!(part.changes.len(), 4, "{:?}", summary(&part));
    // To trust it can be given to one after the other.
    assert_eq!(world.part(&[2], &[]).changes.len(), 1);
}

#[test]
fn what_cannot_be_read_outside_is_a_note_and_inside_is_unknown() {
    let mut world = World::diverged();
    world.unreadable(3);
    let part = world.part(&[2], &[]);
    assert!(part.is_complete() && part.changes.len() == 2, "{:?}", summary(&part));
    assert!(notes(&part).contains("store-3 is outside of the selection and could not be read: no route"));
    for part in [world.part(&[3], &[]), world.part(&[2, 3], &[]), world.part(&[], &["*/unit.*"])] {
        assert!(!part.is_complete() && !notes(&part).contains("outside"), "{:?}", summary(&part));
    }
    // As far as this: of a node of which something is unknown, nothing is changed.
    let mut world = World::diverged();
    world.set("store-2/service.cockroach", unknown());
    let part = world.part(&[], &["store-2/file.*"]);
    assert!(summary(&part).contains(&"unknown store-2/service.cockroach".to_owned()), "{:?}", summary(&part));
    assert!(world.part(&[1], &[]).is_complete());
    let mut skipping = world;
    skipping.skip_unknown = true;
    let part = skipping.part(&[], &["store-2/file.*"]);
    assert!(part.is_empty() && !part.is_complete());
}

#[test]
fn many_that_cannot_be_read_outside_are_counted() {
    let mut manifest = MANIFEST.to_owned();
    for number in 4..=12 {
        manifest.push_str(&format!("  - {{name: store-{number}, address: 198.0.2.{number}}}\n"));
    }
    let mut world = World::of(&manifest);
    (4..=12).for_each(|number| world.unreadable(number));
    let notes = notes(&world.part(&[1], &[]));
    assert!(notes.contains("4 more things outside of the selection could not be read"), "{notes}");
}

#[test]
fn a_selection_rests_on_what_would_hold_it_up() {
    // Whether an authority may be made hangs on every node.
    let mut world = World::bare();
    world.unreadable(3);
    let part = world.part(&[], &["store-1/*", "cluster/authority.ca"]);
    assert!(!part.is_complete(), "{:?}", summary(&part));
    assert!(!world.part(&[1], &[]).is_complete(), "its certificates cannot be told");
    // So does a setting that is told with a node that cannot be read.
    let mut world = World::converged();
    world.manifest(
        "  version: v24.1.0\n",
        "  version: v24.1.0\n  settings: {server.time_until_store_dead: 6m}\n",
    );
    world.unreadable(3);
    world.set("cluster/setting.server.time_until_store_dead", unknown());
    assert!(!world.part(&[], &["cluster/setting.*"]).is_complete());
    assert!(world.part(&[1], &[]).is_complete());
    // Whether a node may go to another series hangs on the version of the cluster.
    let mut world = moved_to("v24.3.0", MANUAL);
    world.set("cluster/version.store", unknown());
    let part = world.part(&[1], &[]);
    assert!(!part.is_complete(), "{:?}", summary(&part));
    world.skip_unknown = true;
    assert!(!world.part(&[1], &[]).changes.iter().any(|change| change.impact == Impact::Restart));
    // An authority that is unknown keeps certificates from being judged.
    let mut world = World::converged();
    world.set("cluster/authority.ca", unknown());
    assert!(!world.part(&[1], &[]).is_complete());
}

#[test]
fn packages_that_are_too_many_go_after_the_change_of_their_node() {
    let mut world = World::converged();
    world.retire(&[]);
    for (version, days) in [("v23.1.0", 900), ("v23.2.0", 500), ("v24.1.9", 100)] {
        world.older(2, version, days);
    }
    let old = "store-2/package.cockroach-v23.1.0.linux-amd64";
    assert_eq!(world.part(&[], &["store-2/package.*"]).changes.len(), 1);
    world.process(2).argv.push("--max-sql-memory=.11".to_owned());
    let refusal = world.refusal(&[], &["store-2/package.*"]);
    assert!(refusal.contains(&format!("{old} needs store-2/service.cockroach")), "{refusal}");
    assert_eq!(world.part(&[2], &[]).changes.len(), 2);
}

/// Every change of several plans is selected alone, and every node: each such part is true, or refused with what makes it one.
#[test]
fn each_change_alone_is_a_true_part_or_told_what_it_lacks() {
    let mut leaving = World::of(&format!("{MANIFEST}  - {{name: store-4, address: 198.0.2.172}}\n"));
    leaving.list(3);
    leaving.graph = graph(
        &format!("{MANIFEST}  - {{name: store-4, address: 198.0.2.172}}\n")
            .replace("198.0.2.171}", "198.0.2.171, state: decommissioned}"),
    );
    let mut rotating = World::converged();
    rotating.new_authority();
    rotating.set("store-1/certificate.node", Observed::Absent);
    let mut down = moved_to("v24.3.0", MANUAL);
    let service = down.service(2);
    (service.process, service.active_state) = (None, "inactive".to_owned());
    let upgrade = moved_to("v24.3.0", "");
    let (mut parts, mut refused) = (0, 0);
    for world in [World::bare(), World::diverged(), leaving, rotating, down, upgrade] {
        let mut all: Vec<Selection> =
            world.plan().changes.iter().map(|change| selection(&[], &[&change.addr.to_string()])).collect();
        all.extend((1..=3).map(|number| selection(&[number], &[])));
        for selected in all {
            match world.select(&selected) {
                Ok(part) => {
                    parts += 1;
                    is_truthful(&world.plan(), &part, &selected);
                }
                Err(SelectionError::BreaksOrder { add, instead, .. }) => {
                    refused += 1;
                    let mut then = if instead { Selection::default() } else { selected.clone() };
                    let target = |option: &String| {
                        option.strip_prefix("--target ").unwrap().trim_matches('\'').parse()
                    };
                    then.targets.extend(add.iter().map(|option| target(option).unwrap()));
                    let part =
                        world.select(&then).unwrap_or_else(|error| panic!("{selected}: {then}: {error}"));
                    is_truthful(&world.plan(), &part, &then);
                    let has = |addr: &ResourceAddr| part.changes.iter().any(|change| change.addr == *addr);
                    let mut wanted =
                        world.plan().changes.into_iter().filter(|it| selected.contains(&it.addr));
                    assert!(wanted.all(|change| has(&change.addr)), "{selected}: {then}");
                }
                Err(other) => panic!("{selected}: {other}"),
            }
        }
    }
    assert!(parts > 20 && refused > 50, "{parts} {refused}");
}

#[test]
fn no_node_is_restarted_onto_what_is_not_there_yet() {
    let world = World::of_change("nodes:\n", "install: {root: /srv/crdb}\nnodes:\n");
    let plan = world.plan();
    let unit = plan.changes.iter().find(|it| it.addr == addr("store-1/unit.cockroach")).unwrap();
    assert_eq!(unit.impact, Impact::Restart);
    let refusal = world.refusal(&[], &["*/unit.*"]);
    for missing in ["store-1/link.cockroach", "store-1/certificate.node", "store-1/directory.certs"] {
        assert!(refusal.contains(missing), "{missing}: {refusal}");
    }
    // A whole node has all of it.
    assert!(world.part(&[1], &[]).changes.iter().any(|it| it.impact == Impact::Restart));

    // The link stands and somebody removed what it leads to.
    let mut world = World::diverged();
    let package = "store-1/package.cockroach-v24.1.0.linux-amd64";
    world.set(package, Observed::Absent);
    let refusal = world.refusal(&[], &["store-1/unit.*"]);
    assert!(refusal.contains(package) && !refusal.contains("store-1/link"), "{refusal}");
}

#[test]
fn nothing_is_taken_off_a_node_before_its_restart_is_selected() {
    let mut world = World::converged();
    world.list(1);
    let text = MANIFEST.replace("  version: v24.1.0\n", "  version: v24.1.0\n  flags: {cache: \".35\"}\n");
    world.graph = graph(&text.replace("nodes:\n", "firewall: none\nnodes:\n"));
    let removed: Vec<String> =
        world.plan().changes.iter().filter(|it| it.removal.is_some()).map(|it| it.addr.to_string()).collect();
    assert!(removed.contains(&"store-1/file.ufw-profile".to_owned()), "{removed:?}");
    let refusal = world.refusal(&[], &["store-1/file.*"]);
    assert!(
        refusal.contains("store-1/file.ufw-profile needs ") && refusal.contains("store-1/unit.cockroach"),
        "{refusal}"
    );
    assert!(!world.part(&[1], &[]).is_empty());
}
