//! Plans of shards and what joins them, from recorded observations and with hosts that do not answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::fixture::Fixture;
use serde_json::Value;

/// Writes the plans of these shards to `1-3.json` and so on, and returns the files' names.
fn shards(fixture: &Fixture, from: &str, shards: &[&str]) -> String {
    let files: Vec<String> = shards
        .iter()
        .map(|shard| {
            let done = fixture.run(&format!("drift {from} --shard {shard} --format json"));
            let file = format!("{}.json", shard.replace('/', "-"));
            std::fs::write(fixture.path(&file), done.stdout).unwrap();
            file
        })
        .collect();
    files.join(" ")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn addresses(plan: &Value) -> Vec<String> {
    let mut all: Vec<String> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| format!("{} {}", change["action"], change["addr"]))
        .collect();
    all.sort();
    all
}

#[test]
fn all_shards_joined_are_the_whole_in_every_form() {
    let fixture = Fixture::new();
    let from = format!("--observed {}", fixture.observe_bare_hosts());
    let whole = json(&fixture.run(&format!("drift {from} --format json")).stdout);
    let files = shards(&fixture, &from, &["1/2", "2/2"]);
    let done = fixture.run(&format!("show --merge {files} --format json"));
    assert_eq!((done.code, done.stderr.as_str()), (2, ""), "{done:?}");
    let joined = json(&done.stdout);
    assert_eq!(addresses(&joined), addresses(&whole));
    for member in ["summary", "compared", "unknown", "basis", "transfers", "complete", "exit_code"] {
        assert_eq!(joined[member], whole[member], "{member}");
    }
    assert_eq!((&whole["applyable"], &joined["applyable"]), (&true.into(), &false.into()));
    assert_eq!((&joined["part"]["joined"], &joined["part"]["shard"]), (&2.into(), &Value::Null));
    let first = json(&std::fs::read_to_string(fixture.path("1-2.json")).unwrap());
    assert_eq!((&first["part"]["shard"], &first["applyable"]), (&"1/2".into(), &false.into()));
    for format in ["human", "markdown", "html", "junit"] {
        let done = fixture.run(&format!("show --merge {files} --format {format}"));
        assert_eq!((done.code, done.stderr.as_str()), (2, ""), "{format}");
        for node in ["store-1", "store-2", "store-3"] {
            assert!(done.stdout.contains(node), "{format}: {node}");
        }
    }
    // The order of the files is no matter, and what is joined can be shown again.
    assert_eq!(fixture.run("show --merge 2-2.json 1-2.json --format json").stdout, done.stdout);
    std::fs::write(fixture.path("joined.json"), done.stdout).unwrap();
    let shown = fixture.run("show joined.json");
    assert_eq!(shown.code, 0);
    assert!(shown.stdout.contains("it cannot be applied"), "{}", shown.stdout);
    assert_eq!(fixture.run("show joined.json --drift").code, 2);
    let refused = fixture.run("apply joined.json --yes");
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("it is no saved plan"), "{refused:?}");
}

#[test]
fn a_missing_shard_is_never_clean() {
    let fixture = Fixture::new();
    let from = format!("--observed {}", fixture.observe_bare_hosts());
    let files = shards(&fixture, &from, &["2/3"]);
    let done = fixture.run(&format!("show --merge {files}"));
    assert_eq!(done.code, 5, "{done:?}");
    assert!(done.stdout.contains("it is in shard 3/3, which is missing"), "{}", done.stdout);
    assert!(
        done.stdout.contains("shard 1/3 is missing, and what is cluster-wide with it"),
        "{}",
        done.stdout
    );
    // Of a shard without nodes the same, for who knows why it is missing.
    let files = shards(&fixture, &from, &["1/4", "2/4", "3/4"]);
    assert_eq!(fixture.run(&format!("show --merge {files}")).code, 5);
    let empty = fixture.run(&format!("drift {from} --shard 4/4"));
    assert_eq!(empty.code, 0);
    assert!(empty.stdout.contains("no nodes in shard 4/4"), "{}", empty.stdout);
}

#[test]
fn what_cannot_be_joined_is_refused_with_every_file_that_is_wrong() {
    let fixture = Fixture::new();
    let from = format!("--observed {}", fixture.observe_bare_hosts());
    shards(&fixture, &from, &["1/3", "2/3", "2/4"]);
    std::fs::write(fixture.path("whole.json"), fixture.run(&format!("plan {from} --format json")).stdout)
        .unwrap();
    std::fs::write(fixture.path("empty.json"), "").unwrap();
    std::fs::write(fixture.path("cut.json"), "{\"format_version\": 1, \"changes\": [").unwrap();
    std::fs::write(fixture.path("new.json"), "{\"format_version\": 9}").unwrap();
    std::fs::copy(fixture.path("2-3.json"), fixture.path("again.json")).unwrap();
    let files = "1-3.json 2-3.json again.json 2-4.json whole.json empty.json cut.json new.json gone.json cluster.yaml";
    let done = fixture.run(&format!("show --merge {files} --format json"));
    assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done:?}");
    insta::assert_snapshot!(done.stderr);
}

#[test]
fn only_the_nodes_of_the_shard_are_connected_to() {
    let fixture = Fixture::new();
    let done = fixture.run("drift --shard 2/3 --format json");
    assert_eq!(done.code, 5, "{done:?}");
    let plan = json(&done.stdout);
    let told: Vec<&str> =
        plan["unknown"].as_array().unwrap().iter().map(|it| it["node"].as_str().unwrap_or("-")).collect();
    assert_eq!(told[0], "store-2", "{told:?}");
    assert!(!told.contains(&"store-1") && !told.contains(&"store-3"), "{told:?}");
    let human = fixture.run("drift --shard 2/3");
    assert!(
        human.stdout.starts_with("crdbctl drift · store · shard 2/3, 0 of 1 node probed in "),
        "{human:?}"
    );
}

#[test]
fn a_shard_is_only_ever_looked_at() {
    let fixture = Fixture::new();
    for line in [
        "apply --shard 1/2 --yes",
        "plan --shard 1/2",
        "drift --shard 3/2",
        "drift --shard 0/2",
        "show",
        "show saved.json --merge 1-2.json",
    ] {
        let done = fixture.run(line);
        assert_eq!((done.code, done.stdout.as_str()), (64, ""), "{line}: {done:?}");
    }
    assert!(fixture.run("drift --shard 3/2").stderr.contains("write I/N, for example 1/4"));
}
