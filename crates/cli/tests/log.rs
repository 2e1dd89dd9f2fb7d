//! Logs of runs, without any host.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;

use common::fixture::Fixture;
use common::run;
use serde_json::{Value, json};

/// The directory of the logs, as a run makes it.
fn runs(fixture: &Fixture) -> PathBuf {
    let path = fixture.path("state/crdbctl/runs");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).unwrap();
    path
}

/// Writes a log, whole or without its end, and returns its file.
fn write(fixture: &Fixture, id: &str, cluster: &str, exit_code: Option<u8>) -> PathBuf {
    let time = "2026-12-04T10:15:00.007+01:00";
    let mut lines = vec![json!({
        "format_version": 1, "time": time, "type": "run", "run": id, "crdbctl": "0.1.0", "command": "apply",
        "arguments": ["apply", "--yes"], "cluster": cluster,
        "manifest": {"path": "/srv/cluster.yaml", "digest": "0".repeat(64)}, "by": "ann@bastion", "changes": 1,
    })];
    lines.push(json!({"format_version": 1, "time": time, "type": "event", "event": {
        "format_version": 1, "time": time, "type": "node", "node": "store-1", "what": "restarting",
    }}));
    if let Some(exit_code) = exit_code {
        let summary = json!({
            "nodes": [{"node": "store-1", "changes": [["store-1/unit.cockroach", "converged"]]}],
            "failures": [], "notes": [], "milliseconds": 900,
        });
        lines.push(json!({"format_version": 1, "time": time, "type": "end", "exit_code": exit_code,
            "milliseconds": 1000, "summary": summary, "node_milliseconds": {"store-1": 700}}));
    }
    let file = runs(fixture).join(format!("{id}.jsonl"));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, text).unwrap();
    file
}

const FIRST: &str = "20261203-101500-1a2b3c4d";
const SECOND: &str = "20261204-101500-1a2b3c4d";

#[test]
fn runs_are_listed_newest_first_without_a_manifest_and_what_is_none_is_named() {
    let fixture = Fixture::new();
    std::fs::remove_file(fixture.path("cluster.yaml")).unwrap();
    let none = fixture.run("log");
    assert_eq!((none.code, none.stdout.as_str()), (0, "No runs.\n"), "{none:?}");
    assert!(!fixture.path("state").exists(), "looking makes nothing");
    write(&fixture, FIRST, "store", Some(0));
    write(&fixture, SECOND, "other", None);
    std::fs::write(runs(&fixture).join("20261205-101500-1a2b3c4d.jsonl"), "no JSON\n").unwrap();
    std::fs::write(runs(&fixture).join("notes.txt"), "mine\n").unwrap();
    let all = fixture.run("log");
    let lines: Vec<&str> = all.stdout.lines().collect();
    assert_eq!((all.code, lines.len()), (0, 5), "{all:?}");
    assert!(lines[1].starts_with(SECOND) && lines[1].contains("cut off"), "{all:?}");
    assert!(lines[2].starts_with(FIRST) && lines[2].contains("done (0)"), "{all:?}");
    assert!(lines[3].contains("notes.txt") && lines[4].contains("20261205"), "{all:?}");
    let ids = |line: &str| {
        let listed: Value = serde_json::from_str(&fixture.run(line).stdout).unwrap();
        let runs = listed["runs"].as_array().unwrap().clone();
        runs.iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("log --format json"), [SECOND, FIRST]);
    assert_eq!(ids("log --format json --limit 1"), [SECOND]);
    assert_eq!(ids("log --format json --cluster store --limit 1"), [FIRST]);
    assert_eq!(fixture.run("log --limit 0").code, 64);
}

#[test]
fn one_run_is_shown_by_the_beginning_of_its_id_and_a_stranger_has_neighbours() {
    let fixture = Fixture::new();
    let file = write(&fixture, FIRST, "store", Some(0));
    write(&fixture, SECOND, "other", None);
    let shown = fixture.run("log 20261203");
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""), "{shown:?}");
    let told = "10:15:00  store-1: restarting\n\nApplied. 1 change on 1 node in 0.9s.\nEnded: done (0).\n";
    assert!(shown.stdout.ends_with(told), "{shown:?}");
    assert!(fixture.run("log latest").stdout.contains(&format!("Run       {SECOND}\n")));
    assert!(fixture.run("log latest --cluster store").stdout.contains(FIRST));
    let raw = fixture.run(&format!("log {FIRST} --format json"));
    assert_eq!(raw.stdout, std::fs::read_to_string(file).unwrap());
    let unknown = fixture.run("log 20261204-101501");
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.stderr.contains(&format!("hint: the nearest are {SECOND}, {FIRST}")), "{unknown:?}");
    let several = fixture.run("log 2026");
    assert!(several.code == 1 && several.stderr.contains("the beginning of 2 runs"), "{several:?}");
    for outside in ["../../../cluster.yaml", "latest --cluster nobody"] {
        assert_eq!(fixture.run(&format!("log {outside}")).code, 1, "{outside}");
    }
}

#[test]
fn a_cluster_and_an_id_are_not_taken_together() {
    let fixture = Fixture::new();
    write(&fixture, FIRST, "store", Some(0));
    write(&fixture, SECOND, "other", Some(0));
    for line in [format!("log {SECOND} --cluster store"), "log 2026 --cluster store".to_owned()] {
        let done = fixture.run(&line);
        assert_eq!((done.code, done.stdout.as_str()), (64, ""), "{line}: {done:?}");
        assert!(done.stderr.contains("--cluster cannot be used with the id"), "{done:?}");
    }
    let latest = fixture.run("log latest --cluster store");
    assert!(latest.code == 0 && latest.stdout.contains(FIRST), "{latest:?}");
}

#[test]
fn a_run_that_is_going_is_told_from_one_that_was_cut_off_by_its_lock() {
    let fixture = Fixture::new();
    let file = write(&fixture, FIRST, "store", None);
    let held = std::fs::File::open(&file).unwrap();
    held.lock().unwrap();
    assert!(fixture.run("log").stdout.contains("still going"));
    assert!(
        fixture.run("log latest").stdout.ends_with("Still going. The last of it so far is of 10:15:00.\n")
    );
    drop(held);
    let text = std::fs::read_to_string(&file).unwrap();
    // The last line came half.
    std::fs::write(&file, &text[..text.len() - 9]).unwrap();
    let shown = fixture.run("log latest");
    assert!(shown.code == 0 && shown.stdout.contains("Cut off. The log ends at 10:15:00"), "{shown:?}");
    let told = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("it was killed, interrupted twice, or its host went down."), "{shown:?}");
}

/// Applies where no host can be reached: root's certificate on this host is made, and the rest left alone.
fn apply(fixture: &Fixture, environment: &[(&str, &str)]) -> common::Done {
    let keys = fixture.path("keys");
    if !keys.exists() {
        std::fs::DirBuilder::new().mode(0o700).create(&keys).unwrap();
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args([
                "-keyout",
                "ca.key",
                "-out",
                "ca.crt",
                "-days",
                "3650",
                "-subj",
                "/O=Cockroach/CN=Cockroach CA",
            ])
            .args(["-addext", "keyUsage=critical,keyCertSign,digitalSignature"])
            .current_dir(&keys)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        std::fs::set_permissions(keys.join("ca.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut command = fixture.command("apply --yes --skip-unknown");
    command.envs(environment.iter().copied());
    run(&mut command)
}

#[test]
fn a_run_is_logged_for_its_user_alone_and_by_the_specification() {
    let fixture = Fixture::new();
    let done = apply(&fixture, &[]);
    assert_eq!(done.code, 5, "{done:?}");
    let id = done.stdout.lines().last().unwrap().strip_prefix("Log of this run: crdbctl log ").unwrap();
    let file = runs(&fixture).join(format!("{id}.jsonl"));
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(file.clone()), mode(runs(&fixture))), (0o600, 0o700));
    let text = std::fs::read_to_string(&file).unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs/run-log.v1.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        assert!(jsonschema::is_valid(&schema, line), "{line}");
    }
    assert_eq!(lines[0]["arguments"], json!(["apply", "--yes", "--skip-unknown"]));
    assert_eq!(lines[0]["manifest"]["digest"], lines[1]["plan"]["basis"]["manifest"]);
    let manifest = fixture.path("cluster.yaml").canonicalize().unwrap();
    assert_eq!(lines[0]["manifest"]["path"], manifest.to_str().unwrap());
    assert_eq!(lines.last().unwrap()["exit_code"], 5);
    // What was told then is told again.
    let shown = fixture.run(&format!("log {id}")).stdout;
    for line in done.stderr.lines().filter(|line| line.contains("cluster/")) {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    assert!(shown.ends_with("Ended: done but for the unknown (5).\n"), "{shown}");
    assert!(
        apply(&fixture, &[]).stdout.contains("No changes") && fixture.run("log").stdout.lines().count() == 2
    );
}

#[test]
fn a_log_that_cannot_be_written_is_one_warning_and_changes_nothing_else() {
    type Prepare = fn(&Fixture);
    let cases: [(&str, Prepare); 3] = [
        ("others may write to it", |fixture| {
            let open = std::fs::Permissions::from_mode(0o777);
            std::fs::set_permissions(runs(fixture), open).unwrap();
        }),
        ("link", |fixture| {
            std::fs::create_dir_all(fixture.path("state/crdbctl")).unwrap();
            std::fs::create_dir(fixture.path("elsewhere")).unwrap();
            std::os::unix::fs::symlink(fixture.path("elsewhere"), fixture.path("state/crdbctl/runs"))
                .unwrap();
        }),
        ("state", |fixture| std::fs::write(fixture.path("state"), "a file").unwrap()),
    ];
    for (why, prepare) in cases {
        let fixture = Fixture::new();
        std::fs::create_dir(fixture.path("home")).unwrap();
        prepare(&fixture);
        let done = apply(&fixture, &[("HOME", "/nonexistent")]);
        assert_eq!(done.code, 5, "{why}: {done:?}");
        let warnings: Vec<&str> = done.stderr.lines().filter(|line| line.contains("warning:")).collect();
        assert!(warnings.len() == 1 && warnings[0].contains(why), "{why}: {done:?}");
        assert!(done.stdout.contains("Applied. 1 change"), "{why}: {done:?}");
        assert!(!done.stdout.contains("crdbctl log"), "{why}: there is none: {done:?}");
        assert!(
            !fixture.path("elsewhere").exists() || fixture.path("elsewhere").read_dir().unwrap().count() == 0
        );
    }
}

#[test]
fn the_newest_two_hundred_are_kept() {
    let fixture = Fixture::new();
    for number in 0..205 {
        let id = format!("20200101-{number:06}-1a2b3c4d");
        let file = runs(&fixture).join(format!("{id}.jsonl"));
        std::fs::write(file, "old\n").unwrap();
    }
    assert_eq!(apply(&fixture, &[]).code, 5);
    let mut names: Vec<String> = runs(&fixture)
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 200);
    assert_eq!(names[0], "20200101-000006-1a2b3c4d.jsonl", "the oldest went");
}
