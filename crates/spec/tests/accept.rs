//! The file of drift that is accepted: what it says, and what users read when it is wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crdbctl_model::{Acceptance, Day};
use crdbctl_spec::{Inputs, parse_accept};

fn parse(text: &str) -> Result<Acceptance, String> {
    let today: Day = "2026-12-04".parse().unwrap();
    parse_accept(text.as_bytes(), "cluster.accept.yaml", &Inputs::none(), today)
        .map_err(|wrong| wrong.render(false, 100))
}

#[test]
fn an_entry_is_read_with_its_place() {
    let read = parse(
        "accept:\n  - {address: \"store-1/*\", attribute: mode, until: 2027-01-31, reason: 'OPS-12: scanner'}\n  - \
         address: '*/unit.cockroach'\n    until: 2026-12-01\n    reason: being replaced\n",
    )
    .unwrap();
    assert_eq!(read.file, "cluster.accept.yaml");
    let told: Vec<_> = read
        .entries
        .iter()
        .map(|entry| (entry.to_string(), entry.until.to_string(), entry.reason.as_str(), entry.origin.line))
        .collect();
    assert_eq!(
        told,
        [
            ("store-1/* mode".to_owned(), "2027-01-31".to_owned(), "OPS-12: scanner", 2),
            ("*/unit.cockroach".to_owned(), "2026-12-01".to_owned(), "being replaced", 3),
        ]
    );
}

#[test]
fn the_header_may_be_there() {
    assert_eq!(parse("apiVersion: crdbctl/v1\nkind: Accept\naccept: []\n").unwrap().entries, []);
    assert_eq!(parse("accept: []\nx-team: ops\n").unwrap().entries, []);
}

#[test]
fn the_year_ends_to_the_day() {
    let until = |day: &str| parse(&format!("accept: [{{address: a/b.c, until: {day}, reason: r}}]\n"));
    assert!(until("2027-12-05").is_ok());
    assert!(until("2027-12-06").unwrap_err().contains("more than a year ahead"));
    assert!(until("2020-01-01").is_ok(), "what has expired is no error");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = "\
kind: Cluster
acept: []
accept:
  - {address: store-1, attribute: mode, until: 2027-01-31, reason: a}
  - {address: store-1/*, attribute: 'a[', until: tomorrow, reason: '  '}
  - {address: store-1/*, atribute: mode, until: 2030-01-01, reason: a}
  - {address: store-1/*, until: 2027-01-31}
  - {address: store-2/*, until: 2027-01-31, reason: a}
  - {address: store-2/*, until: 2027-02-31, reason: a}
  - {address: store-3/*, until: 2027-01-31, reason: a}
  - {address: store-3/*, until: 2027-02-01, reason: b, reason: c}
  - store-4/*
";
    insta::assert_snapshot!(parse(text).unwrap_err());
}

#[test]
fn what_is_no_such_file_is_refused() {
    for (text, words) in [
        ("", "the accept file is empty"),
        ("accept:\n", "`accept` has no value"),
        ("[]\n", "the accept file is a list, and must be a mapping"),
        ("accept: {address: a/b.c}\n", "must be a list"),
        ("apiVersion: crdbctl/v1\nkind: Cluster\nname: store\n", "the accept file has no `accept`"),
        ("a: &a [*a]\naccept: []\n", "a"),
        ("accept: [{address: \"${X}\", until: 2027-01-31, reason: r}]\n", "`X` is not set"),
        ("accept: [{address: a/b.c, until: 2027-01-31, reason: \"a\\u202eb\"}]\n", "invisible"),
        ("accept: [{address: a/b.c, attribute: , until: 2027-01-31, reason: r}]\n", "has no value"),
    ] {
        let wrong = parse(text).unwrap_err();
        assert!(wrong.contains(words) && wrong.contains("cluster.accept.yaml"), "{text}: {wrong}");
    }
    let many = "  - {address: a/b.c, until: 2027-01-31, reason: r}\n".repeat(1001);
    assert!(parse(&format!("accept:\n{many}")).unwrap_err().contains("1000 are the most"));
    let today: Day = "2026-12-04".parse().unwrap();
    let bytes = parse_accept(b"accept: \xff\n", "x", &Inputs::none(), today);
    assert!(bytes.unwrap_err().render(false, 100).contains("line 1 of the file is not UTF-8"));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[-a-c:{}\\[\\],&*<>|'\"?#!%$@` \n~0-9.]{0,120}") {
        let _ = parse(&text);
        let _ = parse(&format!("accept:\n  - {text}"));
    }
}

#[test]
fn the_example_of_the_specification_is_read() {
    let specification = include_str!("../../../specs/accept.v1.md");
    let mut examples = specification.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let read = parse(examples.next().unwrap()).unwrap();
    assert_eq!(read.entries.len(), 2);
    assert_eq!(read.entries[0].to_string(), "store-1/* mode");
    assert_eq!(examples.next(), None);
}

#[test]
fn the_keys_of_the_specification_are_those_that_are_read() {
    let specification = include_str!("../../../specs/accept.v1.md");
    let rows = specification.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(rows.collect::<Vec<_>>(), ["address", "attribute", "until", "reason"]);
    let wrong = parse("accept: [{zzzzzzzzz: a}]\n").unwrap_err();
    assert!(wrong.contains("its keys are address, attribute, until, reason"), "{wrong}");
    assert!(specification.contains("1000 entries") && specification.contains("366 days"));
}
