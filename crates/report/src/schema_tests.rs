//! What machines are promised (`specs/*.schema.json`), against what is written.

use crdbctl_model::{
    Action, Digest, Event, HostPath, NodeName, NodeOutcome, Outcome, Phase, RunSummary, ShardContext,
    Timestamp,
};
use serde_json::{Value, json};

use crate::corpus::{corpus, scattered};
use crate::{event_json, render_json};

pub(crate) fn schema(name: &str) -> Value {
    let path = format!("{}/../../specs/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Returns the schema with every object closed: readers must take what they do not know, and we must describe what
/// we write.
pub(crate) fn closed(mut schema: Value) -> Value {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                members.values_mut().for_each(close);
                let is_object = members.get("type") == Some(&json!("object"));
                if is_object && members.contains_key("properties") && !members.contains_key("oneOf") {
                    members.insert("additionalProperties".to_owned(), json!(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    if schema.get("oneOf").is_some() {
        schema["unevaluatedProperties"] = json!(false);
    }
    schema
}

pub(crate) fn faults(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(schema).unwrap();
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn schemas_are_schemas() {
    for name in ["plan.v1.schema.json", "events.v1.schema.json", "run-log.v1.schema.json"] {
        let schema = schema(name);
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
    }
}

#[test]
fn every_plan_is_as_its_schema_says_and_all_of_it_is_described() {
    let schema = closed(schema("plan.v1.schema.json"));
    let plans = corpus().into_iter().chain([("scattered", scattered(3))]);
    for (name, plan) in plans {
        let document = serde_json::from_str(&render_json(&plan)).unwrap();
        assert_eq!(faults(&schema, &document), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn plans_of_shards_and_joined_ones_are_as_the_schema_says() {
    let schema = closed(schema("plan.v1.schema.json"));
    let mut plan = corpus()["contract"].clone();
    let node = |text: &str| NodeName::new(text).unwrap();
    let context = ShardContext {
        taken_at: Timestamp::from_unix(1_800_000_000),
        nodes: [(node("store-1"), 1), (node("store-2"), 2)].into(),
        machines: [(node("store-1"), Digest::of("a machine"))].into(),
        gone: [(node("store-2"), "n2".to_owned())].into(),
        forgotten: [(node("store-2"), "n2".to_owned())].into(),
        unserved: [node("store-1")].into(),
        idle: [(node("store-1"), HostPath::new("/var/lib/cockroach").unwrap())].into(),
    };
    plan.part.shard = Some("1/2".parse().unwrap());
    plan.part.context = Some(Box::new(context));
    let of_shard: Value = serde_json::from_str(&render_json(&plan)).unwrap();
    (plan.part.shard, plan.part.context, plan.part.joined) = (None, None, Some(2));
    let joined: Value = serde_json::from_str(&render_json(&plan)).unwrap();
    for document in [of_shard, joined] {
        assert_eq!(faults(&schema, &document), Vec::<String>::new());
        assert_eq!(document["applyable"], false, "what can only be shown is not offered to be applied");
    }
}

/// Makes something else of a plan.
type Spoil = fn(&mut Value);

#[test]
fn the_schema_of_plans_refuses_what_is_none() {
    let schema = closed(schema("plan.v1.schema.json"));
    let whole: Value = serde_json::from_str(&render_json(&corpus()["contract"])).unwrap();
    let spoil: [(&str, Spoil); 9] = [
        ("another version", |plan| plan["format_version"] = json!(2)),
        ("no basis", |plan| drop(plan.as_object_mut().unwrap().remove("basis"))),
        ("another action", |plan| plan["changes"][0]["action"] = json!("destroy")),
        ("an address without node", |plan| plan["changes"][0]["addr"] = json!("unit.cockroach")),
        ("two shapes of a value", |plan| {
            plan["changes"][0]["attributes"][0]["after"] = json!({"word": "a", "text": "b"});
        }),
        ("a negative number", |plan| plan["summary"]["restart"] = json!(-1)),
        ("a verdict that is none", |plan| plan["compared"]["store-1/unit.cockroach"] = json!("fine")),
        ("a short digest", |plan| plan["basis"]["manifest"] = json!("abc")),
        ("something that nobody described", |plan| plan["changes"][0]["secret"] = json!(true)),
    ];
    assert_eq!(faults(&schema, &whole), Vec::<String>::new());
    for (what, spoil) in spoil {
        let mut plan = whole.clone();
        spoil(&mut plan);
        assert!(!faults(&schema, &plan).is_empty(), "{what}");
    }
}

#[test]
fn every_event_is_as_its_schema_says() {
    let schema = closed(schema("events.v1.schema.json"));
    let addr = || "store-1/unit.cockroach".parse().unwrap();
    let node = || NodeName::new("store-1").unwrap();
    let text = |text: &str| text.to_owned();
    let outcomes =
        [Outcome::Converged, Outcome::Failed(text("disk full")), Outcome::Skipped(text("interrupted"))];
    let changes = outcomes.iter().map(|outcome| (addr(), outcome.clone())).collect();
    let nodes =
        vec![NodeOutcome { node: None, changes: Vec::new() }, NodeOutcome { node: Some(node()), changes }];
    let mut events = vec![
        Event::Phase { node: None, phase: Phase::Locking },
        Event::Phase { node: None, phase: Phase::Comparing },
        Event::Phase { node: Some(node()), phase: Phase::Queued },
        Event::Phase { node: Some(node()), phase: Phase::Changing },
        Event::Phase { node: Some(node()), phase: Phase::Starting },
        Event::Phase { node: Some(node()), phase: Phase::Up },
        Event::Phase { node: None, phase: Phase::ReadingBack },
        Event::Started { addr: addr(), action: Action::Replace },
        Event::Sent { node: node(), addr: addr(), bytes: 1, total: 2 },
        Event::Waiting { node: node(), reason: text("not ready"), left_seconds: Some(570) },
        Event::Waiting { node: node(), reason: text("finalisation"), left_seconds: None },
        Event::Node { node: node(), what: text("restarting") },
        Event::Hook { node: node(), hook: text("before_node"), line: text("silenced") },
        Event::Done(RunSummary {
            nodes,
            failures: vec![text("a hook failed")],
            notes: vec![text("gates were skipped")],
            milliseconds: 5,
        }),
    ];
    events.extend(outcomes.map(|outcome| Event::Finished { addr: addr(), outcome, milliseconds: 12 }));
    let types = schema["oneOf"].as_array().unwrap().len();
    let mut seen = std::collections::BTreeSet::new();
    for event in events {
        let line = event_json("2026-11-26T12:00:00Z", &event);
        assert_eq!(faults(&schema, &line), Vec::<String>::new(), "{line}");
        seen.insert(line["type"].to_string());
    }
    assert_eq!(seen.len(), types, "the schema has a type that no event is of");
    for line in [
        json!({"format_version": 1, "time": "2026-11-26T12:00:00Z", "type": "other"}),
        json!({"format_version": 1, "time": "noon", "type": "node", "node": "store-1", "what": "ready"}),
        json!({"format_version": 1, "time": "2026-11-26T12:00:00Z", "type": "node", "node": "store-1"}),
    ] {
        assert!(!faults(&schema, &line).is_empty(), "{line}");
    }
}
