//! Entries to text and back, and what people read of them.

use std::collections::BTreeMap;

use crdbctl_model::{Action, Digest, Event, NodeName, NodeOutcome, Outcome, RunSummary};
use serde_json::{Value, json};

use super::*;
use crate::corpus::corpus;
use crate::{RenderOptions, event_json, render_json};

const TIME: &str = "2026-12-04T10:15:02.250+01:00";

fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

fn line(time: &str, entry: RunLogEntry) -> RunLogLine {
    RunLogLine { format_version: RunLogLine::FORMAT_VERSION, time: time.to_owned(), entry }
}

fn header(command: &str) -> RunHeader {
    RunHeader {
        run: "20261204-091500-1a2b3c4d".to_owned(),
        crdbctl: "0.1.0".to_owned(),
        command: command.to_owned(),
        arguments: command.split(' ').chain(["--yes"]).map(str::to_owned).collect(),
        cluster: "store".parse().unwrap(),
        manifest: RunManifest { path: "/srv/store/cluster.yaml".to_owned(), digest: Digest::of("manifest") },
        by: "ann@bastion".to_owned(),
        changes: 2,
    }
}

fn event(time: &str, event: &Event) -> RunLogLine {
    line(time, RunLogEntry::Event { event: event_json(time, event) })
}

fn summary(outcomes: [Outcome; 2]) -> RunSummary {
    let addrs = ["store-1/unit.cockroach", "store-1/service.cockroach"];
    let changes = addrs.map(|addr| addr.parse().unwrap()).into_iter().zip(outcomes).collect();
    let nodes = vec![NodeOutcome { node: Some(node("store-1")), changes }];
    RunSummary { nodes, failures: Vec::new(), notes: Vec::new(), milliseconds: 4_600 }
}

fn end(exit_code: u8, summary: Option<RunSummary>) -> RunLogLine {
    let node_milliseconds = BTreeMap::from([(node("store-1"), 3_100)]);
    line(TIME, RunLogEntry::End(RunEnd { exit_code, milliseconds: 4_700, summary, node_milliseconds }))
}

/// A run with a failure, whose host and hook are hostile.
fn failed() -> Vec<RunLogLine> {
    let plan: Value = serde_json::from_str(&render_json(&corpus()["contract"])).unwrap();
    let addr = |addr: &str| addr.parse().unwrap();
    let failed = Outcome::Failed("no space\n\x1b[2Jleft".to_owned());
    let skipped = Outcome::Skipped("store-1/unit.cockroach failed".to_owned());
    vec![
        line("2026-12-04T10:15:00.007+01:00", RunLogEntry::Run(header("apply"))),
        line("2026-12-04T10:15:00.010+01:00", RunLogEntry::Plan { plan }),
        event(
            "2026-12-04T10:15:00.900+01:00",
            &Event::Started { addr: addr("store-1/unit.cockroach"), action: Action::Update },
        ),
        event(
            "2026-12-04T10:15:01.100+01:00",
            &Event::Hook {
                node: node("store-1"),
                hook: "before_node".to_owned(),
                line: "silenced \u{9b}31m\u{202e}".to_owned(),
            },
        ),
        event(
            "2026-12-04T10:15:02.000+01:00",
            &Event::Finished {
                addr: addr("store-1/unit.cockroach"),
                outcome: failed.clone(),
                milliseconds: 1_100,
            },
        ),
        event(
            "2026-12-04T10:15:02.001+01:00",
            &Event::Finished {
                addr: addr("store-1/service.cockroach"),
                outcome: skipped.clone(),
                milliseconds: 0,
            },
        ),
        end(4, Some(summary([failed, skipped]))),
    ]
}

fn text(lines: &[RunLogLine]) -> String {
    lines.iter().map(|line| line.text().unwrap()).collect()
}

fn shown(lines: &[RunLogLine], going: bool) -> String {
    render_run_log(&RunLog::parse(&text(lines)).unwrap(), going, &RenderOptions::plain(80))
}

#[test]
fn a_run_reads_as_it_was_told() {
    insta::assert_snapshot!("run_log_failed", shown(&failed(), false));
}

#[test]
fn a_run_that_was_kept_from_beginning_says_by_what() {
    let message = "not applied: another apply holds the lock of store-1: run x by ann@bastion".to_owned();
    let hints = vec!["wait for it to end".to_owned()];
    let lines =
        [failed()[0].clone(), line(TIME, RunLogEntry::Error(LoggedError { message, hints })), end(6, None)];
    let shown = shown(&lines, false);
    let told = "Error: not applied: another apply holds the lock of store-1: run x by\n  ann@bastion\n\
                Hint: wait for it to end\nEnded: not begun: locked (6).\n";
    assert!(shown.ends_with(told), "{shown}");
}

#[test]
fn cut_off_at_any_byte_a_log_is_read_up_to_there() {
    let whole = failed();
    let text = text(&whole);
    let first = text.find('\n').unwrap();
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)).step_by(7).chain([first, first + 1]) {
        let cut = &text[..at];
        let Ok(log) = RunLog::parse(cut) else {
            assert!(at <= first, "of {at} bytes a whole line is there, and the log cannot be read");
            continue;
        };
        let lines = cut.matches('\n').count();
        assert_eq!(log.events.len(), lines.saturating_sub(2), "{at}");
        assert_eq!((log.end.is_some(), log.counts.is_some()), (false, lines >= 2), "{at}");
        let outline = RunOutline::parse(cut).unwrap();
        assert_eq!((outline.header, outline.end), (log.header.clone(), None));
        let shown = render_run_log(&log, false, &RenderOptions::plain(80));
        assert!(shown.contains("Cut off. The log ends at 10:15:0"), "{shown}");
    }
    assert!(RunLog::parse(&text).unwrap().end.is_some());
    let going = shown(&whole[..4], true);
    assert!(going.ends_with("Still going. The last of it so far is of 10:15:01.\n"), "{going}");
}

#[test]
fn what_is_no_log_or_broken_is_told_and_what_is_new_is_left_out() {
    let fault = |text: &str| RunLog::parse(text).unwrap_err().to_string();
    let good = text(&failed());
    assert!(fault("").contains("it has no line"));
    assert!(fault("kind: Cluster\n").contains("no log of a run"));
    assert!(fault("[]\n").contains("format_version"));
    assert!(fault(&good.replacen("\"format_version\":1", "\"format_version\":2", 1)).contains("form 2"));
    assert!(fault(good.split_once('\n').unwrap().1).contains("which run"));
    let mut lines: Vec<&str> = good.lines().collect();
    lines.insert(3, "{\"format_version\":1,");
    assert!(fault(&(lines.join("\n") + "\n")).contains("line 4 is broken"));
    assert!(fault(&(good.clone() + &good)).contains("a second run"));
    lines[3] = r#"{"format_version":1,"time":"t","type":"weather","sun":true}"#;
    assert_eq!(RunLog::parse(&(lines.join("\n") + "\n")).unwrap(), RunLog::parse(&good).unwrap());
}

#[test]
fn nothing_in_a_log_reaches_the_terminal_unclean() {
    let mut lines = failed();
    let evil = "x\x1b]0;t\x07\r\n\u{202e}";
    if let RunLogEntry::Run(header) = &mut lines[0].entry {
        for text in [
            &mut header.run,
            &mut header.by,
            &mut header.crdbctl,
            &mut header.command,
            &mut header.manifest.path,
        ] {
            *text = evil.to_owned();
        }
        header.arguments = vec![evil.to_owned()];
    }
    lines.iter_mut().for_each(|line| line.time = evil.to_owned());
    let outline = RunOutline::parse(&text(&lines)).unwrap();
    let unread = vec![UnreadRunLog { file: evil.to_owned(), reason: evil.to_owned() }];
    let listing = RunListing { format_version: 1, runs: vec![RunRow::of(outline, false)], unread };
    let said = shown(&lines, false) + &render_run_listing(&listing, &RenderOptions::plain(200));
    assert!(!said.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{said:?}");
}

fn rows() -> Vec<RunRow> {
    let states = [
        (end(0, Some(summary([Outcome::Converged, Outcome::Converged]))), "apply", false),
        (failed().pop().unwrap(), "destroy", false),
        (end(6, None), "apply", false),
        (end(130, Some(summary([Outcome::Converged, Outcome::Skipped("x".to_owned())]))), "apply", false),
        (end(5, Some(summary([Outcome::Converged, Outcome::Converged]))), "certs rotate-ca", false),
        (failed()[3].clone(), "apply", true),
        (failed()[3].clone(), "apply", false),
    ];
    let row = |(last, command, going)| {
        let first = line(TIME, RunLogEntry::Run(header(command)));
        RunRow::of(RunOutline::parse(&text(&[first, last])).unwrap(), going)
    };
    states.into_iter().map(row).collect()
}

#[test]
fn runs_are_a_table_and_fit_80_columns() {
    let unread = vec![UnreadRunLog { file: "notes.txt".to_owned(), reason: "no log".to_owned() }];
    let listing = RunListing { format_version: RunListing::FORMAT_VERSION, runs: rows(), unread };
    let of = |width| render_run_listing(&listing, &RenderOptions::plain(width));
    insta::assert_snapshot!("run_log_listing", format!("{}\n{}", of(120), of(80)));
    assert!(of(80).lines().all(|line| line.chars().count() <= 80));
    let json: Value = serde_json::to_value(&listing).unwrap();
    assert_eq!(json["runs"][0]["state"], "ended");
    assert_eq!(
        json["runs"][6],
        json!({
            "run": "20261204-091500-1a2b3c4d", "cluster": "store", "started": TIME, "command": "apply",
            "state": "cut-off", "exit_code": null, "result": "cut off", "changes": 2, "converged": null, "milliseconds": null,
        })
    );
    let none = RunListing { format_version: 1, runs: Vec::new(), unread: Vec::new() };
    assert_eq!(render_run_listing(&none, &RenderOptions::plain(80)), "No runs.\n");
}

#[test]
fn every_line_is_as_its_schema_says() {
    use crate::schema_tests::{closed, faults, schema};
    let schemas = ["run-log", "plan", "events"].map(|name| closed(schema(&format!("{name}.v1.schema.json"))));
    let mut lines = failed();
    lines.push(line(TIME, RunLogEntry::Error(LoggedError { message: "m".to_owned(), hints: Vec::new() })));
    lines.push(end(6, None));
    let mut seen = std::collections::BTreeSet::new();
    for line in &lines {
        let line: Value = serde_json::from_str(&line.text().unwrap()).unwrap();
        assert_eq!(faults(&schemas[0], &line), Vec::<String>::new(), "{line}");
        for (at, member) in [(1, "plan"), (2, "event")] {
            if line["type"] == member {
                assert_eq!(faults(&schemas[at], &line[member]), Vec::<String>::new(), "{line}");
            }
        }
        seen.insert(line["type"].to_string());
    }
    assert_eq!(seen.len(), schemas[0]["oneOf"].as_array().unwrap().len(), "a type that no line is of");
    let first: Value = serde_json::from_str(&lines[0].text().unwrap()).unwrap();
    for (member, wrong) in
        [("run", json!("latest")), ("time", json!("noon")), ("type", json!("other")), ("secret", json!("x"))]
    {
        let mut line = first.clone();
        line[member] = wrong;
        assert!(!faults(&schemas[0], &line).is_empty(), "{member}");
    }
}
