use crdbctl_model::Event;
use serde_json::{Value, json};

/// The version of the event lines' form.
const FORMAT_VERSION: u32 = 1;

/// Returns an event for machines, one object a line: `format_version`, `time` as given (RFC 3339),
/// `type` (`phase`, `started`, `finished`, `sent`, `waiting`, `node`, `hook`, `done`) and the event's own members.
///
/// # Panics
/// Never: an event serialises to a JSON object with one member.
pub fn event_json(time: &str, event: &Event) -> Value {
    let mut line = json!({ "format_version": FORMAT_VERSION, "time": time });
    let tagged = serde_json::to_value(event).expect("an event serialises to JSON");
    let members = line.as_object_mut().expect("the line is an object");
    for (kind, fields) in tagged.as_object().into_iter().flatten() {
        members.insert("type".to_owned(), json!(kind));
        members.extend(
            fields.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())),
        );
    }
    line
}

/// Returns the event that [`event_json`] wrote; `None` when it is of another form or of a type that this crdbctl does not
/// know, which readers leave out.
pub fn event_of_json(line: &Value) -> Option<Event> {
    let mut members = line.as_object()?.clone();
    if members.remove("format_version")?.as_u64() != Some(u64::from(FORMAT_VERSION)) {
        return None;
    }
    members.remove("time");
    let Value::String(kind) = members.remove("type")? else { return None };
    serde_json::from_value(json!({ kind: members })).ok()
}

#[cfg(test)]
mod tests {
    use crdbctl_model::{Action, Outcome, RunSummary};

    use super::*;

    #[test]
    fn events_are_read_as_they_were_written() {
        let addr = || "store-1/unit.cockroach".parse().unwrap();
        let summary = RunSummary {
            nodes: Vec::new(),
            failures: Vec::new(),
            notes: vec!["a note".to_owned()],
            milliseconds: 5,
        };
        for event in [
            Event::Started { addr: addr(), action: Action::Update },
            Event::Finished {
                addr: addr(),
                outcome: Outcome::Skipped("interrupted".to_owned()),
                milliseconds: 12,
            },
            Event::Done(summary),
        ] {
            assert_eq!(event_of_json(&event_json("t", &event)), Some(event));
        }
        for stranger in [
            json!({"format_version": 1, "time": "t", "type": "later", "what": "new"}),
            json!({"format_version": 2, "time": "t", "type": "done"}),
            json!({"format_version": 1, "time": "t", "type": "started", "addr": "no address", "action": "update"}),
            json!([]),
        ] {
            assert_eq!(event_of_json(&stranger), None, "{stranger}");
        }
    }

    #[test]
    fn every_line_says_its_version_time_and_type() {
        let addr = "store-1/unit.cockroach".parse().unwrap();
        let started = Event::Started { addr, action: Action::Update };
        insta::assert_snapshot!(event_json("2026-11-26T12:00:00Z", &started), @r#"{"action":"update","addr":"store-1/unit.cockroach","format_version":1,"time":"2026-11-26T12:00:00Z","type":"started"}"#);
        let addr = "store-1/unit.cockroach".parse().unwrap();
        let outcome = Outcome::Failed("disk full".to_owned());
        let finished = Event::Finished { addr, outcome, milliseconds: 12 };
        insta::assert_snapshot!(event_json("t", &finished), @r#"{"addr":"store-1/unit.cockroach","format_version":1,"milliseconds":12,"outcome":{"failed":"disk full"},"time":"t","type":"finished"}"#);
        let done = Event::Done(RunSummary {
            nodes: Vec::new(),
            failures: Vec::new(),
            notes: Vec::new(),
            milliseconds: 5,
        });
        insta::assert_snapshot!(event_json("t", &done), @r#"{"failures":[],"format_version":1,"milliseconds":5,"nodes":[],"notes":[],"time":"t","type":"done"}"#);
    }
}
