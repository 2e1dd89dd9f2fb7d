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

#[cfg(test)]
mod tests {
    use crdbctl_model::{Action, Outcome, RunSummary};

    use super::*;

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
