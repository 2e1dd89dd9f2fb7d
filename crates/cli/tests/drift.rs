//! `drift` without any host: from observations, and with hosts that do not answer.

mod common;

use common::fixture::Fixture;

#[test]
fn what_is_not_applied_is_told_and_ends_with_2() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    for (format, start) in [
        ("human", "crdbctl drift · store · from observed.json, taken 2026-12-04\n"),
        ("json", "{\n  \"format_version\": 1,"),
        ("markdown", "### crdbctl drift: `store`\n"),
        ("html", "<!DOCTYPE html>\n"),
        ("junit", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"crdbctl drift store\""),
    ] {
        let done = fixture.run(&format!("drift --observed {file} --format {format}"));
        assert_eq!((done.code, done.stderr.as_str()), (2, ""), "{format}");
        assert!(done.stdout.starts_with(start) && done.stdout.ends_with('\n'), "{format}: {}", done.stdout);
        assert!(done.stdout.contains("unit.cockroach"), "{format}");
    }
    let done = fixture.run(&format!("drift --observed {file}"));
    assert!(done.stdout.contains("Not applied: the manifest is ahead of the hosts\n"), "{done:?}");
    assert!(done.stdout.ends_with(" changes of the manifest are not applied.\n"), "{done:?}");
    assert!(!done.stdout.contains("will be") && !done.stdout.contains("Drift: "), "{done:?}");
}

#[test]
fn one_side_can_be_looked_at_alone() {
    let fixture = Fixture::new();
    let file = fixture.observe_bare_hosts();
    let drift = fixture.run(&format!("drift --observed {file} --only drift"));
    assert_eq!((drift.code, drift.stderr.as_str()), (0, ""), "{drift:?}");
    let last = drift.stdout.lines().last().unwrap();
    assert!(last.starts_with("No drift; ") && last.ends_with(" changes of the manifest left out."), "{last}");
    let change = fixture.run(&format!("drift --observed {file} --only change"));
    assert_eq!(change.code, 2, "{change:?}");
    let json = fixture.run(&format!("drift --observed {file} --only drift --format json"));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["exit_code"], &json["part"]["only"]), (&0.into(), &"drift".into()));
    let left_out = json["left_out"].as_array().unwrap();
    assert!(!left_out.is_empty() && left_out.iter().all(|left| left["why"] == "only"));
    assert_eq!(json["summary"]["create"], 0);
    assert_eq!(json["rollout"], serde_json::json!([]));
}

#[test]
fn hosts_that_do_not_answer_end_with_5() {
    let fixture = Fixture::new();
    for line in ["drift", "drift --only drift", "drift --only change"] {
        let done = fixture.run(line);
        assert_eq!(done.code, 5, "{line}: {done:?}");
        let last = done.stdout.lines().last().unwrap();
        assert!(
            last.starts_with("Incomplete: 3 nodes and 1 other thing could not be read; no "),
            "{line}: {last}"
        );
    }
    assert!(!fixture.path("keys").exists(), "nothing is made");
}

#[test]
fn what_is_mistyped_ends_with_64() {
    let fixture = Fixture::new();
    for line in ["drift --only both", "drift --format xml", "drift --yes", "drift cluster.yaml"] {
        let done = fixture.run(line);
        assert_eq!((done.code, done.stdout.as_str()), (64, ""), "{line}");
    }
}
