use crdbctl_model::{
    DesiredFirewall, FileKind, FirewallFact, Footprint, HostFact, Mode, PathFact, Timestamp, begun_rule,
};
use crdbctl_spec::{Inputs, lower, parse, placeholder_archives};

use super::*;

fn graph(more: &str) -> ResourceGraph {
    let manifest = format!(
        "apiVersion: crdbctl/v1\nkind: Cluster\nname: store\ncockroach: {{version: v24.1.0}}\n{more}\nnodes:\n  \
         - {{name: store-1, address: 198.0.2.1}}\n"
    );
    let manifest =
        parse(&manifest, "cluster.yaml", &Inputs::none()).unwrap_or_else(|found| panic!("{found}"));
    lower(&manifest, &placeholder_archives()).unwrap()
}

fn node() -> NodeName {
    NodeName::new("store-1").unwrap()
}

/// What an apply of `graph` recorded.
fn recorded(graph: &ResourceGraph) -> BTreeMap<String, RecordedResource> {
    let entry = |desired: &Desired| RecordedResource {
        desired: Digest::of_json(desired),
        created: true,
        applied_at: Timestamp::from_unix(0),
        paths: desired.paths(),
        mark: Mark::of(desired),
    };
    graph.of_node(&node()).map(|resource| (resource.addr.local(), entry(&resource.desired))).collect()
}

fn reading(graph: &ResourceGraph, resources: &BTreeMap<String, RecordedResource>) -> Reading {
    let host = HostFact {
        machine: "x86_64".to_owned(),
        kernel: String::new(),
        os: String::new(),
        hostname: String::new(),
        machine_id: None,
        clock: Timestamp::from_unix(0),
        clock_millis: 0,
    };
    let record = Record {
        archive: None,
        format_version: Record::FORMAT_VERSION,
        cluster: graph.cluster.clone(),
        applied_by: String::new(),
        manifest: graph.manifest,
        run: String::new(),
        store_mount: None,
        initialised: true,
        forced_gate: None,
        resources: resources.clone(),
    };
    Reading {
        room: None,
        host,
        resources: BTreeMap::new(),
        drop_ins: Vec::new(),
        record: Some(record),
        start_blockers: Vec::new(),
        footprint: Footprint::default(),
        digest: Digest::of(""),
    }
}

fn present(fact: Fact) -> Observed {
    Observed::Present(Box::new(fact))
}

fn directory() -> Observed {
    let (owner, group) = ("root".to_owned(), "root".to_owned());
    present(Fact::Directory(PathFact { kind: FileKind::Directory, owner, group, mode: Mode::new(0o750) }))
}

fn at(text: &str) -> ResourceAddr {
    format!("store-1/{text}").parse().unwrap()
}

fn keys(resources: &BTreeMap<String, RecordedResource>, with: &str) -> Vec<String> {
    resources.keys().filter(|key| key.starts_with(with)).cloned().collect()
}

/// Notes of steps stay as long as the record does not tell of what they made.
#[test]
fn a_note_stays_while_its_resource_is_not_as_desired() {
    let now = graph("firewall: none");
    let mut reading = reading(&now, &BTreeMap::new());
    let note = |local: &str| crdbctl_model::StepNote {
        local: local.to_owned(),
        run: "r1".to_owned(),
        desired: None,
        paths: Vec::new(),
        mark: None,
        access: None,
    };
    reading.footprint.noted = ["directory.root", "link.data", "file.old", "file.gone"].map(note).into();
    let seen = Observations {
        format_version: Observations::FORMAT_VERSION,
        taken_at: Timestamp::from_unix(0),
        cluster: BTreeMap::new(),
        nodes: BTreeMap::new(),
    };
    let options = crdbctl_planner::PlanOptions {
        now: Timestamp::from_unix(0),
        skip_unknown: false,
        delete_data: false,
        shard: None,
    };
    let mut left = crdbctl_planner::plan(&now, &seen, &options);
    left.compared = [(at("directory.root"), Verdict::Same), (at("link.data"), Verdict::Differs)].into();
    left.unknown.clear();
    let mut record = reading.record.clone().unwrap();
    let root = now.resources[&at("directory.root")].desired.clone();
    record.resources.insert(
        "file.old".to_owned(),
        RecordedResource {
            desired: Digest::of_json(&root),
            created: true,
            applied_at: Timestamp::from_unix(0),
            paths: Vec::new(),
            mark: None,
        },
    );
    let kept = still_noted(&now, &node(), &reading, &record, &left);
    let kept: Vec<&str> = kept.into_iter().map(|note| note.local.as_str()).collect();
    assert_eq!(kept, ["link.data", "file.old"]);
    let lines = keep_notes(&[&note("link.data")]).unwrap();
    assert!(lines.starts_with("(put \"$state/$cluster.steps\" root root 0600 "), "{lines}");
    assert!(keep_notes(&[]).unwrap().starts_with("rm -f -- "));
}

#[test]
fn what_is_left_at_an_old_place_keeps_an_entry_and_what_is_gone_loses_it() {
    let before = recorded(&graph(""));
    let now = graph("install: {root: /srv/crdb}");
    let mut reading = reading(&now, &before);
    for dropped in Dropped::on(&now, &node(), reading.record.as_ref(), &BTreeMap::new()) {
        reading.resources.insert(dropped.addr, Observed::Absent);
    }
    reading.resources.insert(at("directory.root@opt+cockroach"), directory());
    // Whether it is there is not known: it is remembered.
    reading.resources.insert(
        at("link.data@opt+cockroach+data"),
        Observed::Unknown { reason: "Input/output error".to_owned() },
    );
    let mut resources = before.clone();
    keep_dropped(&now, &node(), &reading, &BTreeSet::new(), &mut resources);
    assert_eq!(keys(&resources, "directory.root"), ["directory.root", "directory.root@opt+cockroach"]);
    assert_eq!(keys(&resources, "link.data"), ["link.data", "link.data@opt+cockroach+data"]);
    assert_eq!(keys(&resources, "link.cockroach"), ["link.cockroach"]);
    assert_eq!(resources["directory.root@opt+cockroach"], before["directory.root"]);
    // A new place that is not reached yet has not taken the entry.
    let root = at("directory.root");
    let mut resources = before.clone();
    keep_dropped(&now, &node(), &reading, &BTreeSet::from([&root]), &mut resources);
    assert_eq!(keys(&resources, "directory.root"), ["directory.root"]);
    // The next apply finds it by its old place, and forgets it when it is gone.
    let mut later = recorded(&now);
    later.insert("directory.root@opt+cockroach".to_owned(), before["directory.root"].clone());
    for observed in [directory(), Observed::Absent] {
        let is_there = observed != Observed::Absent;
        let mut reading = self::reading(&now, &later);
        reading.resources.insert(at("directory.root@opt+cockroach"), observed);
        let mut resources = later.clone();
        keep_dropped(&now, &node(), &reading, &BTreeSet::new(), &mut resources);
        assert_eq!(resources.contains_key("directory.root@opt+cockroach"), is_there);
    }
}

#[test]
fn what_something_else_of_the_manifest_stands_at_now_is_forgotten() {
    let before = recorded(&graph("service: {unit_path: /opt/cockroach/cockroach.service}"));
    let now = graph("");
    let mut reading = reading(&now, &before);
    reading.resources.insert(at("unit.cockroach@opt+cockroach+cockroach.service"), Observed::Absent);
    let mut resources = before;
    keep_dropped(&now, &node(), &reading, &BTreeSet::new(), &mut resources);
    assert_eq!(keys(&resources, "link.unit"), Vec::<String>::new());
    assert_eq!(keys(&resources, "unit."), ["unit.cockroach"]);
}

fn firewall(graph: &ResourceGraph) -> DesiredFirewall {
    match &graph.resources[&at("firewall.ufw")].desired {
        Desired::Firewall(desired) => desired.clone(),
        other => panic!("{other:?}"),
    }
}

fn rules(from: &[&str]) -> FirewallFact {
    let rule = |from: &&str| format!("allow tcp 26257,8080 0.0.0.0/0 any {from} CockroachDB - in");
    FirewallFact { enabled: false, ipv6: true, rules: from.iter().map(rule).collect() }
}

#[test]
fn of_a_firewall_that_rule_is_its_own_which_was_not_there_before() {
    let graph = graph("firewall: {ufw: {allow_from: [10.0.0.0/8, 192.168.0.0/16]}}");
    let desired = firewall(&graph);
    let networks = |of: &[&str]| -> BTreeSet<AllowFrom> {
        of.iter().map(|network| AllowFrom::Network((*network).to_owned())).collect()
    };
    let change = |before: Option<FirewallFact>| Change {
        addr: at("firewall.ufw"),
        action: crdbctl_model::Action::Update,
        cause: crdbctl_model::Cause::Manifest,
        reason: None,
        attributes: Vec::new(),
        unchanged: 0,
        impact: crdbctl_model::Impact::None,
        depends_on: BTreeSet::new(),
        desired: Some(Desired::Firewall(desired.clone())),
        removal: None,
        before: before.map(Fact::Firewall),
        bytes: 0,
    };
    let entry = RecordedResource {
        desired: Digest::of_json(&Desired::Firewall(desired.clone())),
        created: true,
        applied_at: Timestamp::from_unix(0),
        paths: Vec::new(),
        mark: None,
    };
    let own = |before: Option<&RecordedResource>, change: Option<&Change>, begun: &[String]| {
        let mut reading = reading(&graph, &BTreeMap::new());
        reading.footprint.begun = begun.iter().map(|line| (line.clone(), Vec::new())).collect();
        let mut rules = own_rules("firewall.ufw", &desired, &entry, before, change, &reading);
        rules.remove("CockroachDB").unwrap_or_default()
    };
    // Somebody had let one network in before.
    let added = change(Some(rules(&["10.0.0.0/8"])));
    assert_eq!(own(None, Some(&added), &[]), networks(&["192.168.0.0/16"]));
    assert!(creates(&added));
    // It is noted before it is added, and what was there before is not.
    let issuer = crate::issue::Issuer::new(
        Err(crate::issue::IssueFailure("none".to_owned())),
        Timestamp::from_unix(0),
    );
    let body = crate::kinds::step(&added, &issuer).unwrap().unwrap().body;
    let begin = body.find("begin 'firewall.ufw:CockroachDB:192.168.0.0/16'");
    let add = body.find("ufw 'allow'");
    assert!(
        begin.is_some() && begin < add && !body.contains("begin 'firewall.ufw:CockroachDB:10."),
        "{body}"
    );
    // What it found was not told: nothing is known to be its own.
    assert_eq!(own(None, Some(&change(None)), &[]), networks(&[]));
    // The ports of a rule that others added are mended, which does not make it its own.
    let mended = change(Some(rules(&["10.0.0.0/8", "192.168.0.0/16"])));
    assert!(own(None, Some(&mended), &[]).is_empty() && !creates(&mended));
    // An apply that was interrupted had noted what it began.
    let begun = begun_rule("firewall.ufw", "CockroachDB", &AllowFrom::Network("10.0.0.0/8".to_owned()));
    assert_eq!(own(None, None, &[begun]), networks(&["10.0.0.0/8"]));
    // A record of before there were marks tells of all, while they are the same, and of none when they are not.
    assert_eq!(own(Some(&entry), None, &[]), desired.allow_from);
    let older = RecordedResource { desired: Digest::of("other"), ..entry.clone() };
    assert!(own(Some(&older), None, &[]).is_empty());
    // What was known stays known, though the manifest no longer has it.
    let mark = Mark::Rules([("CockroachDB".to_owned(), networks(&["172.16.0.0/12"]))].into());
    let marked = RecordedResource { mark: Some(mark), ..older };
    assert_eq!(own(Some(&marked), Some(&added), &[]), networks(&["172.16.0.0/12", "192.168.0.0/16"]));
}

#[test]
fn rules_that_are_gone_are_forgotten_and_the_rest_is_kept() {
    let before = recorded(&graph("firewall: {ufw: {allow_from: [10.0.0.0/8, 192.168.0.0/16]}}"));
    let now = graph("firewall: none");
    let mut reading = reading(&now, &before);
    reading.resources.insert(at("file.ufw-profile"), Observed::Absent);
    let left = |reading: &Reading| {
        let mut resources = before.clone();
        keep_dropped(&now, &node(), reading, &BTreeSet::new(), &mut resources);
        resources.get("firewall.ufw").and_then(|entry| entry.mark.clone())
    };
    let addr = at("firewall.ufw@CockroachDB");
    reading.resources.insert(addr.clone(), present(Fact::Firewall(rules(&["10.0.0.0/8", "1.2.3.4"]))));
    let ten = BTreeSet::from([AllowFrom::Network("10.0.0.0/8".to_owned())]);
    assert_eq!(left(&reading), Some(Mark::Rules([("CockroachDB".to_owned(), ten)].into())));
    reading.resources.insert(addr.clone(), present(Fact::Firewall(rules(&[]))));
    assert_eq!(left(&reading), None);
    // Not read is not gone.
    reading.resources.insert(addr, Observed::Unknown { reason: "Permission denied".to_owned() });
    assert_eq!(left(&reading), before["firewall.ufw"].mark);
}

#[test]
fn what_was_begun_and_dropped_stays_noted_until_it_is_gone() {
    let now = graph("firewall: none");
    let mut reading = reading(&now, &BTreeMap::new());
    let profile = HostPath::new("/etc/ufw/applications.d/cockroach").unwrap();
    let rule = begun_rule("firewall.ufw", "CockroachDB", &AllowFrom::Any);
    reading.footprint.begun =
        [("file.ufw-profile".to_owned(), vec![profile]), (rule.clone(), Vec::new())].into();
    let file = crdbctl_model::FileFact {
        path: PathFact {
            kind: FileKind::Regular,
            owner: "root".to_owned(),
            group: "root".to_owned(),
            mode: Mode::new(0o644),
        },
        digest: Some(Digest::of("x")),
        content: Some("x".to_owned()),
    };
    reading.resources.insert(at("file.ufw-profile"), present(Fact::File(file)));
    reading.resources.insert(at("firewall.ufw@CockroachDB"), present(Fact::Firewall(rules(&["0.0.0.0/0"]))));
    let record = reading.record.clone().unwrap();
    let lines = |reading: &Reading| -> Vec<String> {
        still_begun(&now, &node(), reading, &record).into_iter().map(|(local, _)| local.to_owned()).collect()
    };
    assert_eq!(lines(&reading), ["file.ufw-profile".to_owned(), rule]);
    reading.resources.insert(at("file.ufw-profile"), Observed::Absent);
    reading.resources.insert(at("firewall.ufw@CockroachDB"), present(Fact::Firewall(rules(&[]))));
    assert_eq!(lines(&reading), Vec::<String>::new());
}

/// The manifest was put back after an interrupted apply had begun a directory elsewhere.
#[test]
fn what_was_begun_elsewhere_is_not_noted_for_what_stands_at_the_manifest_s_place() {
    let now = graph("firewall: none");
    let mut reading = reading(&now, &BTreeMap::new());
    let typo = HostPath::new("/srv/typo").unwrap();
    reading.footprint.begun = [("directory.root".to_owned(), vec![typo])].into();
    reading.resources.insert(at("directory.root"), directory());
    let record = reading.record.clone().unwrap();
    let elsewhere = at("directory.root@srv+typo");
    let mut left = |found: Observed| {
        reading.resources.insert(elsewhere.clone(), found);
        still_begun(&now, &node(), &reading, &record).len()
    };
    assert_eq!((left(directory()), left(Observed::Absent)), (1, 0));
}

/// An apply was interrupted after the package of v1 had come, and the manifest went on to v2.
#[test]
fn a_package_that_was_begun_stays_noted_until_it_is_gone() {
    let now = graph("firewall: none");
    let mut reading = reading(&now, &BTreeMap::new());
    let record = reading.record.clone().unwrap();
    let wanted = now.of_node(&node()).find(|resource| resource.addr.kind == ResourceKind::Package).unwrap();
    let (local, mut paths) = (wanted.addr.local(), wanted.desired.paths());
    let older = now.packages.join("cockroach-v1").unwrap();
    let mut left = |local: &str, paths: &[HostPath], listing: Listing| {
        reading.footprint.begun = [(local.to_owned(), paths.to_vec())].into();
        reading.footprint.listings.insert(now.packages.clone(), listing);
        still_begun(&now, &node(), &reading, &record).len()
    };
    let entries = |name: &str| Listing::Entries([(name.to_owned(), FileKind::Directory)].into());
    let old = [older.clone(), older.join("cockroach").unwrap()];
    assert_eq!(left("package.cockroach-v1", &old, entries("cockroach-v1")), 1);
    assert_eq!(left("package.cockroach-v1", &old, Listing::Unknown { reason: "too much".to_owned() }), 1);
    assert_eq!(left("package.cockroach-v1", &old, entries("other")), 0);
    // The archive has changed since, and with it the files.
    paths.push(paths[0].join("more").unwrap());
    reading.resources.insert(wanted.addr.clone(), directory());
    reading.footprint.begun = [(local, paths)].into();
    assert_eq!(still_begun(&now, &node(), &reading, &record).len(), 1);
}
