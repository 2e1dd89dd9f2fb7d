use std::collections::BTreeMap;

use crdbctl_model::{
    Action, AttributeDiff, Basis, Cause, Change, ClusterName, Digest, Fact, Footprint, HostFact, Impact,
    NodeName, NodeObservation, Note, Observations, Observed, Plan, Reading, Record, ResourceAddr,
    RolloutStep, SettingFact, Timestamp, Unreadable, UnreadableKind, Verdict,
};

use super::document::parse;
use super::{SavedOptions, SavedPlan, Seen, staleness, text};

const THEN: Timestamp = Timestamp::from_unix(1_796_379_300);

fn addr(text: &str) -> ResourceAddr {
    text.parse().unwrap()
}

fn node(number: u8) -> NodeName {
    NodeName::new(format!("store-{number}")).unwrap()
}

fn found(value: &str) -> Observed {
    Observed::Present(Box::new(Fact::Setting(SettingFact { value: value.to_owned() })))
}

fn reading(number: u8) -> Reading {
    let host = HostFact {
        machine: "x86_64".to_owned(),
        kernel: "6.1".to_owned(),
        os: "debian 12".to_owned(),
        hostname: node(number).to_string(),
        machine_id: Some(Digest::of([number])),
        clock: THEN,
        clock_millis: 0,
    };
    let resources = ["file.ufw-profile", "link.data"]
        .map(|name| (addr(&format!("store-{number}/{name}")), found("as it was")));
    Reading {
        room: None,
        host,
        resources: resources.into_iter().collect(),
        drop_ins: Vec::new(),
        record: None,
        start_blockers: Vec::new(),
        footprint: Footprint::default(),
        digest: Digest::of([number]),
    }
}

fn observations() -> Observations {
    let nodes = [1, 2].map(|number| (node(number), NodeObservation::Read(Box::new(reading(number)))));
    Observations {
        format_version: Observations::FORMAT_VERSION,
        taken_at: THEN,
        cluster: BTreeMap::from([
            (addr("cluster/setting.a"), found("1")),
            (addr("cluster/setting.b"), found("1")),
        ]),
        nodes: nodes.into_iter().collect(),
    }
}

fn change(at: &str) -> Change {
    Change {
        addr: addr(at),
        action: Action::Update,
        cause: Cause::Drift,
        reason: None,
        attributes: vec![AttributeDiff::words("mode", Some("0666"), Some("0644"))],
        unchanged: 2,
        impact: Impact::None,
        depends_on: Default::default(),
        desired: None,
        removal: None,
        before: None,
        bytes: 0,
    }
}

fn plan() -> Plan {
    let changes = vec![
        change("cluster/setting.a"),
        change("store-1/file.ufw-profile"),
        change("store-2/file.ufw-profile"),
    ];
    Plan {
        format_version: Plan::FORMAT_VERSION,
        cluster: ClusterName::new("store").unwrap(),
        basis: Basis {
            manifest: Digest::of("manifest"),
            cluster: observations().cluster_digest(),
            nodes: [1, 2].map(|number| (node(number), Digest::of([number]))).into_iter().collect(),
        },
        rollout: [1, 2]
            .map(|number| RolloutStep {
                node: node(number),
                batch: usize::from(number),
                impact: Impact::Restart,
                because: vec![addr(&format!("store-{number}/file.ufw-profile"))],
            })
            .to_vec(),
        compared: changes.iter().map(|change| (change.addr.clone(), Verdict::Differs)).collect(),
        pace: crdbctl_model::Pace::default(),
        part: crdbctl_model::Part::default(),
        left_out: Vec::new(),
        changes,
        transfers: Vec::new(),
        unknown: Vec::new(),
        notes: Vec::new(),
    }
}

fn saved() -> SavedPlan {
    SavedPlan {
        format_version: SavedPlan::FORMAT_VERSION,
        crdbctl: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: THEN,
        origin: "2 nodes probed in 0.9s".to_owned(),
        options: SavedOptions { force_gates: [node(1)].into_iter().collect(), ..SavedOptions::default() },
        desired: BTreeMap::from([(addr("store-1/file.ufw-profile"), Digest::of("wanted"))]),
        observed: Seen::of(&observations()),
        plan: plan(),
    }
}

#[test]
fn a_saved_plan_reads_back_however_it_is_spaced() {
    let text = text(&saved()).unwrap();
    assert_eq!(parse(text.as_bytes()), Ok(saved()));
    let dense: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(parse(dense.to_string().as_bytes()), Ok(saved()));
}

#[test]
fn the_document_is_as_its_schema_says() {
    let schema = |name: &str| -> serde_json::Value {
        let path = format!("{}/../../specs/{name}", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let mut whole = schema("saved-plan.v1.schema.json");
    assert!(jsonschema::draft202012::meta::is_valid(&whole));
    // What the reference leads to, put in its place: nothing is fetched.
    assert_eq!(whole["properties"]["plan"]["$ref"], "plan.v1.schema.json");
    whole["properties"]["plan"] = serde_json::json!(true);
    let (whole, plan) = (
        jsonschema::draft202012::new(&whole).unwrap(),
        jsonschema::draft202012::new(&schema("plan.v1.schema.json")).unwrap(),
    );
    let mut document: serde_json::Value = serde_json::from_str(&text(&saved()).unwrap()).unwrap();
    assert!(
        whole.is_valid(&document),
        "{:?}",
        whole.iter_errors(&document).map(|it| it.to_string()).collect::<Vec<_>>()
    );
    let faults: Vec<String> = plan.iter_errors(&document["plan"]).map(|it| it.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    document["secret"] = serde_json::json!(1);
    assert!(!whole.is_valid(&document));
}

#[test]
fn what_is_no_saved_plan_or_was_edited_is_refused() {
    let whole = text(&saved()).unwrap();
    let refused = |text: &str| parse(text.as_bytes()).unwrap_err().0;
    for nothing in
        ["", "kind: Cluster", "[]", "{}", "null", r#"{"format_version": 1}"#, &whole[..whole.len() / 2]]
    {
        assert!(refused(nothing).contains("no saved plan"), "{nothing}");
    }
    let of_plan = crdbctl_report::render_json(&plan());
    assert!(refused(&of_plan).contains("no saved plan"), "what `plan --format json` prints is none");
    let other_form = whole.replacen("\n  \"format_version\": 1", "\n  \"format_version\": 2", 1);
    assert!(refused(&other_form).contains("form 2"), "{}", refused(&other_form));
    for (from, to) in [
        ("0644", "0640"),
        ("\"update\"", "\"delete\""),
        ("\"skip_unknown\": false", "\"skip_unknown\": true"),
        ("\"taken_at\": 1796379300", "\"taken_at\": 1796379301"),
        ("\"origin\": \"2", "\"origin\": \"3"),
        ("\"store-1\"\n", "\"store-2\"\n"),
        ("\"desired\": {", "\"another\": 1,\n  \"desired\": {"),
    ] {
        assert!(whole.contains(from), "{from} in {whole}");
        let edited = whole.replacen(from, to, 1);
        assert!(refused(&edited).contains("not as it was written"), "{from}");
    }
}

#[test]
fn nothing_moved_when_nothing_moved() {
    let mut now = observations();
    now.taken_at = THEN.plus(3600);
    for observation in now.nodes.values_mut() {
        let NodeObservation::Read(reading) = observation else { continue };
        // Another answer of the same content.
        reading.digest = Digest::of("another");
        reading.host.clock = THEN.plus(3600);
        reading.host.kernel = "6.2".to_owned();
    }
    assert_eq!(staleness::found(&saved(), &now), staleness::Moved::default());
    let mut plan = plan();
    plan.basis.nodes.insert(node(1), Digest::of("another"));
    plan.notes.push(Note { addr: None, text: "told otherwise".to_owned() });
    plan.changes[0].reason = Some("told otherwise".to_owned());
    plan.changes[0].attributes[0].before = None;
    assert_eq!(staleness::plans(&saved().plan, &plan), Vec::<String>::new());
}

/// Does something to what is found.
type Interfere = fn(&mut Observations);

fn on_first(observations: &mut Observations, with: impl FnOnce(&mut Reading)) {
    match observations.nodes.get_mut(&node(1)) {
        Some(NodeObservation::Read(reading)) => with(reading),
        _ => unreachable!("it was read"),
    }
}

#[test]
fn everything_that_is_found_otherwise_is_named() {
    let cases: [(&str, Interfere); 8] = [
        ("store-1/link.data changed since", |it| {
            on_first(it, |reading| {
                drop(reading.resources.insert(addr("store-1/link.data"), found("otherwise")))
            });
        }),
        ("store-1/link.data changed since", |it| {
            on_first(it, |reading| {
                drop(reading.resources.insert(addr("store-1/link.data"), Observed::Absent))
            });
        }),
        ("store-1 is another machine", |it| on_first(it, |reading| reading.host.machine_id = None)),
        ("store-1 was applied to since: by ann@bastion, run 7", |it| {
            on_first(it, |reading| {
                reading.record = Some(Record {
                    archive: None,
                    format_version: Record::FORMAT_VERSION,
                    cluster: ClusterName::new("store").unwrap(),
                    applied_by: "ann@bastion".to_owned(),
                    manifest: Digest::of("another"),
                    run: "7".to_owned(),
                    store_mount: None,
                    initialised: true,
                    forced_gate: None,
                    resources: BTreeMap::new(),
                });
            });
        }),
        ("store-1: packages, mounts or what an apply had begun changed since", |it| {
            on_first(it, |reading| drop(reading.footprint.begun.insert("link.data".to_owned(), Vec::new())));
        }),
        ("store-1: the drop-ins of the unit changed since", |it| {
            on_first(it, |reading| {
                reading.drop_ins.push(crdbctl_model::DropInFact {
                    path: "/etc/systemd/system/cockroach.service.d/x.conf".to_owned(),
                    file: crdbctl_model::FileFact {
                        path: crdbctl_model::PathFact {
                            kind: crdbctl_model::FileKind::Regular,
                            owner: "root".to_owned(),
                            group: "root".to_owned(),
                            mode: crdbctl_model::Mode::new(0o644),
                        },
                        digest: None,
                        content: None,
                    },
                });
            });
        }),
        ("cluster/setting.a changed since", |it| {
            drop(it.cluster.insert(addr("cluster/setting.a"), found("2")))
        }),
        ("cluster/setting.b changed since", |it| {
            drop(it.cluster.insert(addr("cluster/setting.b"), found("2")))
        }),
    ];
    for (words, interfere) in cases {
        let mut now = observations();
        interfere(&mut now);
        let moved = staleness::found(&saved(), &now);
        assert_eq!(moved.changed, [words.to_owned()]);
        assert!(moved.unread.is_empty(), "{words}");
    }
}

#[test]
fn what_cannot_be_read_again_is_no_change() {
    let unknown = || Observed::Unknown { reason: "sudo failed".to_owned() };
    let cases: [(&str, Interfere); 4] = [
        ("store-1: timed out", |it| {
            let why = Unreadable {
                kind: UnreadableKind::Unreachable,
                reason: "timed out".to_owned(),
                hint: String::new(),
            };
            it.nodes.insert(node(1), NodeObservation::Unreadable(why));
        }),
        ("store-1: it was not read", |it| drop(it.nodes.remove(&node(1)))),
        ("store-1/link.data cannot be read again", |it| {
            let unknown = Observed::Unknown { reason: "sudo failed".to_owned() };
            on_first(it, |reading| drop(reading.resources.insert(addr("store-1/link.data"), unknown)));
        }),
        ("cluster/setting.a cannot be read again", |it| {
            it.cluster.insert(addr("cluster/setting.a"), Observed::Unknown { reason: String::new() });
        }),
    ];
    for (words, interfere) in cases {
        let mut now = observations();
        interfere(&mut now);
        let moved = staleness::found(&saved(), &now);
        assert_eq!((moved.changed.len(), moved.unread), (0, vec![words.to_owned()]));
    }
    // Of what the plan leaves as it is, and of what could not be read then either, nothing is demanded.
    let mut now = observations();
    now.cluster.insert(addr("cluster/setting.b"), unknown());
    assert_eq!(staleness::found(&saved(), &now), staleness::Moved::default());
    let (mut then, mut now) = (observations(), observations());
    on_first(&mut then, |reading| drop(reading.resources.insert(addr("store-1/link.data"), unknown())));
    let plan = SavedPlan { observed: Seen::of(&then), ..saved() };
    assert_eq!(staleness::found(&plan, &then), staleness::Moved::default());
    on_first(&mut now, |reading| drop(reading.resources.insert(addr("store-1/link.data"), found("x"))));
    assert_eq!(staleness::found(&plan, &now), staleness::Moved::default());
}

#[test]
fn another_plan_is_not_the_saved_one() {
    /// Makes another plan.
    type Alter = fn(&mut Plan);
    let cases: [(&str, Alter); 11] = [
        ("store-1/file.ufw-profile need not be updated any more", |plan| drop(plan.changes.remove(1))),
        ("store-1/link.data would be updated now, which is not in the plan", |plan| {
            plan.changes.push(change("store-1/link.data"));
        }),
        ("store-1/file.ufw-profile would be changed in another way", |plan| {
            plan.changes[1].action = Action::Replace;
        }),
        ("store-1/file.ufw-profile would be changed in another way", |plan| {
            plan.changes[1].impact = Impact::Restart;
        }),
        ("store-1/file.ufw-profile would be changed in another way", |plan| {
            plan.changes[1].attributes[0].after = None;
        }),
        ("store-1/file.ufw-profile would be changed in another way", |plan| {
            plan.changes[1].attributes[0].impact = Impact::Reload;
        }),
        ("store-1/file.ufw-profile would be changed in another way", |plan| {
            plan.changes[1].depends_on.insert(addr("cluster/setting.a"));
        }),
        ("the nodes, or changes, would go in another order", |plan| plan.changes.swap(0, 1)),
        ("the nodes, or changes, would go in another order", |plan| plan.rollout.swap(0, 1)),
        ("other bytes would be sent", |plan| {
            plan.transfers.push(crdbctl_model::Transfer {
                node: node(1),
                addr: addr("store-1/package.x"),
                bytes: 1,
            });
        }),
        ("what can be read is not what could be read then", |plan| {
            plan.unknown.push(crdbctl_model::UnknownResource {
                node: Some(node(1)),
                addr: None,
                reason: String::new(),
                hint: String::new(),
            });
        }),
    ];
    for (words, alter) in cases {
        let mut now = plan();
        alter(&mut now);
        assert_eq!(staleness::plans(&plan(), &now), [words.to_owned()]);
    }
}

#[test]
fn what_has_come_due_is_told() {
    let mut now = plan();
    now.changes[0].reason = Some("expires in 3 days".to_owned());
    assert_eq!(staleness::come_due(&plan(), &now), Vec::<String>::new());
    let due = Change {
        action: Action::Replace,
        reason: Some("expires in 29 days".to_owned()),
        ..change("store-2/certificate.node")
    };
    now.changes.push(due);
    assert_eq!(
        staleness::come_due(&plan(), &now),
        ["store-2/certificate.node has come due to be replaced: expires in 29 days"]
    );
}
