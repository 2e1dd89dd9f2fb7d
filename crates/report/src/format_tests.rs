//! Every format over the corpus: what it says, that they agree, and that nothing in a plan can make them say otherwise.

use std::collections::BTreeMap;

use crdbctl_model::{Action, Digest, LeftOutWhy, NodeName, Plan, Timestamp, Verdict};

use crate::corpus::corpus;
use crate::junit_tests::Report;
use crate::readable;
use crate::tally::Tally;
use crate::unknown::unread;
use crate::{
    CertificateEntry, CertificateListing, HtmlOptions, RenderOptions, RunFigures, View, render_html,
    render_json, render_junit, render_markdown, render_metrics, render_plan,
};

const HTML: HtmlOptions<'_> =
    HtmlOptions { subtitle: "3 nodes probed in 0.9s", graph: None, view: View::Plan };

pub(crate) fn listing(plan: &Plan) -> CertificateListing {
    let entry = |node: Option<&str>, file: &str, name: &str, days: i64| CertificateEntry {
        node: node.map(|node| NodeName::new(node).unwrap()),
        file: file.to_owned(),
        subject: format!("O=Cockroach, CN={name}"),
        name: name.to_owned(),
        sans: Vec::new(),
        issuer: "O=Cockroach, CN=Cockroach CA".to_owned(),
        signed_by: Some(Digest::of("ca")),
        sha256: Digest::of(file),
        serial: "0a".to_owned(),
        key: "ecdsa-p256".to_owned(),
        not_before: Timestamp::from_unix(0),
        not_after: Timestamp::from_unix(1_800_000_000 + days * 86_400),
        expires: String::new(),
        days_left: days,
        due: days < 30,
        chain: Vec::new(),
    };
    CertificateListing {
        format_version: CertificateListing::FORMAT_VERSION,
        cluster: plan.cluster.clone(),
        taken_at: Timestamp::from_unix(1_800_000_000),
        certificates: vec![
            entry(None, "ca.crt", "Cockroach CA", 3660),
            entry(None, "client.a\"b\\.crt", "a\"b\\\nc\x1b", 20),
            entry(Some("store-1"), "node.crt", "node", 12),
            entry(Some("store-1"), "node.crt", "node", 12),
        ],
        unknown: Vec::new(),
    }
}

pub(crate) fn metrics(plan: &Plan) -> String {
    let run = RunFigures { exit_code: plan.state().exit_code(), acceptance: None };
    render_metrics(plan, &listing(plan), &run)
}

/// Whole, of one plan; of the others what differs from plan to plan, side by side.
#[test]
fn every_format_says_what_it_should() {
    for (name, plan) in corpus() {
        let (json, markdown, junit) = (render_json(&plan), render_markdown(&plan), render_junit(&plan));
        let metrics = self::metrics(&plan);
        let html = render_html(&plan, &HTML);
        if name == "contract" {
            insta::assert_snapshot!("contract.json", json);
            insta::assert_snapshot!("contract.junit.xml", junit);
            insta::assert_snapshot!("contract.prom", metrics);
            insta::assert_snapshot!("contract.html", readable::markup(&html));
        }
        let forms = [
            ("markdown", markdown),
            ("html", readable::text(&html)),
            ("junit", readable::cases(&junit)),
            ("metrics", readable::samples(&metrics)),
            ("json", readable::members(&json)),
        ];
        let forms = forms.map(|(form, text)| format!("=== {form}\n{text}"));
        insta::assert_snapshot!(name, forms.concat());
    }
}

/// The numbers that a format tells; those that it does not tell are missing.
type Numbers = BTreeMap<&'static str, u64>;

const NAMES: [&str; 11] = [
    "create", "update", "replace", "delete", "restart", "reload", "stop", "bytes", "unknown", "compared",
    "same",
];

fn numbers(plan: &Plan) -> Numbers {
    let tally = Tally::of(plan);
    let counts = tally.counts;
    let values = [
        counts.create as u64,
        counts.update as u64,
        counts.replace as u64,
        counts.delete as u64,
        counts.restart as u64,
        counts.reload as u64,
        counts.stop as u64,
        counts.bytes,
        tally.unknown as u64,
        tally.compared as u64,
        tally.same as u64,
    ];
    NAMES.into_iter().zip(values).collect()
}

fn of_json(plan: &Plan) -> Numbers {
    let json: serde_json::Value = serde_json::from_str(&render_json(plan)).unwrap();
    NAMES.into_iter().map(|name| (name, json["summary"][name].as_u64().unwrap())).collect()
}

fn of_markdown(plan: &Plan) -> Numbers {
    let text = render_markdown(plan);
    let row = text.lines().skip_while(|line| !line.starts_with("|--:")).nth(1).unwrap();
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
    let names = [
        "create", "update", "replace", "delete", "restart", "reload", "stop", "bytes", "unknown", "compared",
        "same",
    ];
    assert_eq!(cells.len(), names.len());
    let told = names.into_iter().zip(&cells).filter(|(name, _)| *name != "bytes");
    assert_eq!(cells[7], crate::bytes(plan.counts().bytes));
    told.map(|(name, cell)| (name, cell.parse().unwrap())).collect()
}

fn of_html(plan: &Plan) -> Numbers {
    let html = render_html(plan, &HTML);
    let told = |name: &str| {
        let (_, rest) = html.split_once(&format!("id=\"count-{name}\" data-count=\"")).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    NAMES.into_iter().map(|name| (name, told(name))).collect()
}

fn of_metrics(plan: &Plan) -> Numbers {
    let text = metrics(plan);
    let sum = |start: &str| -> u64 {
        let lines = text.lines().filter(|line| line.starts_with(start));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    };
    let mut numbers = Numbers::from([
        ("bytes", sum("crdbctl_plan_bytes{")),
        ("unknown", sum("crdbctl_plan_unknown{")),
        ("compared", sum("crdbctl_compared_resources{")),
    ]);
    for action in ["create", "update", "replace", "delete"] {
        numbers.insert(action, sum(&format!("crdbctl_plan_changes{{cluster=\"store\",action=\"{action}\"")));
    }
    for impact in ["restart", "reload", "stop"] {
        let start = format!("crdbctl_plan_disrupted_nodes{{cluster=\"store\",impact=\"{impact}\"");
        numbers.insert(impact, sum(&start));
    }
    assert_eq!(sum("crdbctl_drifted_resources{"), plan.changes.len() as u64);
    assert_eq!(sum("crdbctl_last_run_exit_code{"), u64::from(plan.state().exit_code()));
    assert_eq!(sum("crdbctl_plan_causes{"), plan.changes.len() as u64);
    assert_eq!(sum("crdbctl_plan_left_out{"), plan.left_out.len() as u64);
    numbers
}

fn of_people(plan: &Plan) -> Option<Numbers> {
    let text = render_plan(plan, &RenderOptions::plain(200));
    let line = text.lines().find(|line| line.starts_with("Plan: "))?;
    let words: Vec<&str> =
        line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let before = |word: &str, back: usize| {
        let at = words.iter().position(|other| other.trim_end_matches('s') == word).unwrap();
        words[at - back].parse().unwrap()
    };
    let mut numbers = Numbers::new();
    for action in ["create", "update", "replace", "delete"] {
        numbers.insert(action, before(action, 2));
    }
    numbers.insert("restart", before("restart", 1));
    numbers.insert("reload", before("reload", 1));
    Some(numbers)
}

#[test]
fn all_formats_tell_the_same_numbers() {
    let mut people = 0;
    for (name, plan) in corpus() {
        let expected = numbers(&plan);
        let agrees = |format: &str, told: Numbers, most: usize| {
            assert!(told.len() >= most, "{name}: {format} tells {told:?}");
            for (what, number) in told {
                assert_eq!(number, expected[what], "{name}: {what} in {format}");
            }
        };
        agrees("json", of_json(&plan), 11);
        agrees("markdown", of_markdown(&plan), 10);
        agrees("html", of_html(&plan), 11);
        agrees("metrics", of_metrics(&plan), 10);
        if let Some(told) = of_people(&plan) {
            people += 1;
            agrees("human", told, 6);
        }
        let report = Report::read(&render_junit(&plan)).unwrap();
        let nodes = plan.unknown.iter().filter(|unknown| unknown.addr.is_none()).count() as u64;
        let of = |wanted| plan.compared.values().filter(|verdict| **verdict == wanted).count() as u64;
        assert_eq!(report.number(|_| true), expected["compared"] + nodes, "{name}");
        assert_eq!(report.number(|case| case.outcome == "failure"), plan.changes.len() as u64, "{name}");
        assert_eq!(report.number(|case| case.outcome == "error"), of(Verdict::Unknown) + nodes, "{name}");
        assert_eq!(
            report.number(|case| case.outcome == "skipped"),
            of(Verdict::PutOff) + of(Verdict::Carried),
            "{name}"
        );
    }
    assert!(people > 5);
}

/// What is left out is no change in any format, and is told in each with its reason.
#[test]
fn what_is_left_out_is_told_in_every_format_and_counted_in_none() {
    let mut parts = 0;
    for (name, plan) in corpus().into_iter().filter(|(_, plan)| !plan.left_out.is_empty()) {
        parts += 1;
        let human = render_plan(&plan, &RenderOptions::plain(4000));
        let html = render_html(&plan, &HTML).replace("&#x2f;", "/");
        let markdown = render_markdown(&plan);
        let json: serde_json::Value = serde_json::from_str(&render_json(&plan)).unwrap();
        assert_eq!(json["summary"]["left_out"], plan.left_out.len(), "{name}");
        let junit = Report::read(&render_junit(&plan)).unwrap();
        for left in &plan.left_out {
            let addr = left.addr.to_string();
            for (format, text) in [("human", &human), ("html", &html), ("markdown", &markdown)] {
                assert!(text.contains(&addr), "{name}: {format}: {addr}");
                assert!(left.attributes.iter().all(|attribute| text.contains(attribute)), "{name}: {format}");
                if let LeftOutWhy::Accepted { until, .. } = &left.why {
                    assert!(text.contains(&format!("Accepted until {until}")), "{name}: {format}: {addr}");
                }
            }
            assert!(!human.contains(&format!("# {addr} will be")), "{name}: {addr}");
            if left.attributes.is_empty() {
                let name_of_case = format!("store.{}/{}", left.addr.node().unwrap(), left.addr.local());
                let case = junit.cases().find(|case| case.name == name_of_case).unwrap();
                assert_eq!(case.outcome, "skipped", "{name}: {addr}");
            }
        }
        // Nothing says of the whole that it is as the manifest wants it.
        assert!(!human.contains("as the manifest says"), "{name}: {human}");
    }
    assert!(parts >= 2);
}

#[test]
fn every_change_is_in_every_format_with_its_values() {
    for (name, plan) in corpus().into_iter().filter(|(name, _)| *name != "hostile") {
        let (markdown, html) = (render_markdown(&plan), render_html(&plan, &HTML).replace("&#x2f;", "/"));
        let report = Report::read(&render_junit(&plan)).unwrap();
        let junit: String = report.cases().map(|case| case.text.as_str()).collect();
        for change in &plan.changes {
            for (format, text) in [("markdown", &markdown), ("html", &html)] {
                assert!(text.contains(&change.addr.local()), "{name}: {format}: {}", change.addr);
                for attribute in change.attributes.iter().filter(|_| change.action != Action::Create) {
                    assert!(
                        text.contains(&attribute.name),
                        "{name}: {format}: {} {}",
                        change.addr,
                        attribute.name
                    );
                }
            }
            assert!(junit.contains(&format!("{} will be ", change.addr)), "{name}: junit: {}", change.addr);
        }
        for unknown in &plan.unknown {
            let words = unknown.reason.lines().next().unwrap();
            assert!(junit.contains(words), "{name}: junit: {words}");
        }
        for told in unread(&plan) {
            let words = told.reason.lines().next().unwrap();
            for (format, text) in [("markdown", &markdown), ("html", &html)] {
                assert!(text.contains(words), "{name}: {format}: {words}");
                assert!(told.subjects.iter().all(|subject| text.contains(subject)), "{name}: {format}");
            }
        }
    }
}

#[test]
fn no_format_lets_text_of_hosts_become_more_than_text() {
    let plan = corpus().remove("hostile").unwrap();
    let junit = render_junit(&plan);
    let html = render_html(&plan, &HTML);
    let metrics = self::metrics(&plan);
    for (format, text) in [("junit", &junit), ("html", &html), ("metrics", &metrics)] {
        let odd =
            text.chars().find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{fffe}'));
        assert_eq!(odd, None, "{format}");
    }
    // The one script is ours, and nothing else can be one.
    assert_eq!(html.matches("<script").count(), 1);
    assert!(!html.contains("<img") && !html.contains("onerror=alert(2)>") && html.contains("{{ 7*7 }}"));
    assert_eq!(html.matches("style=").count() + html.matches("onclick").count(), 0);
    assert!(!junit.contains("]]>") && !junit.contains("<script"));
    for line in metrics.lines() {
        assert!(line.starts_with('#') || line.starts_with("crdbctl_"), "{line}");
    }
}

/// What Markdown takes for markup, outside of code: the lines of a comment without fenced blocks and code spans.
fn outside_of_code(markdown: &str) -> String {
    let mut fence = None;
    let mut kept = String::new();
    for line in markdown.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(length) if ticks >= length && line.len() == ticks => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(ticks),
            None => kept.push_str(&format!("{}\n", without_spans(line))),
        }
    }
    assert_eq!(fence, None, "a fence is never closed");
    kept
}

fn without_spans(line: &str) -> String {
    let mut kept = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        kept.push_str(&rest[..at]);
        let open = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        rest = &rest[at + open..];
        // A span ends with a run of as many backticks as it began with (CommonMark 6.1).
        let mut close = 0;
        loop {
            let next = close + rest[close..].find('`').expect("a span is never closed");
            let run = rest[next..].len() - rest[next..].trim_start_matches('`').len();
            close = next + run;
            if run == open {
                break;
            }
        }
        rest = &rest[close..];
    }
    kept + rest
}

#[test]
fn nothing_from_outside_is_markdown() {
    for (name, plan) in corpus() {
        let outside = outside_of_code(&render_markdown(&plan));
        for mark in ["@", "script", "<img", "https:", "[x]", "*bold*", "everyone", "\x1b", "{{"] {
            assert!(!outside.contains(mark), "{name}: {mark} in {outside}");
        }
        for line in outside.lines().filter(|line| line.starts_with('#')) {
            assert!(line.starts_with("### crdbctl plan: "), "{name}: {line}");
        }
        assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count(), "{name}");
    }
}

#[test]
fn a_comment_is_never_too_long_and_says_what_it_leaves_out() {
    let plan = crate::corpus::scattered(1000);
    let text = render_markdown(&plan);
    assert!(text.len() < 60_000, "{}", text.len());
    assert!(text.len() > 50_000, "room is used: {}", text.len());
    outside_of_code(&text);
    let last = text.lines().last().unwrap();
    let left_out: usize = last.split(' ').find_map(|word| word.parse().ok()).unwrap();
    let shown = text.matches("# store-").count();
    assert_eq!(left_out + shown, plan.changes.len(), "{last}");
    assert!(last.contains("crdbctl plan --format html"), "{last}");

    // Thousands of reasons, and one huge file.
    let mut plan = corpus().remove("unknown").unwrap();
    let unknown = plan.unknown[0].clone();
    plan.unknown = (0..5000)
        .map(|number| {
            let mut unknown = unknown.clone();
            unknown.reason = format!("reason {number} {}", "x".repeat(300));
            unknown
        })
        .collect();
    let huge = (0..20_000).map(|number| format!("line {number} `\n")).collect::<String>();
    plan.changes[0].attributes =
        vec![crdbctl_model::AttributeDiff::texts("content", Some(huge.as_str()), Some("short\n"))];
    let text = render_markdown(&plan);
    assert!(text.len() < 60_000, "{}", text.len());
    outside_of_code(&text);
    assert!(text.contains("more lines left out here") && text.contains("unknown things"), "{text}");
    assert!(text.contains("store-1/file.ufw-profile"));
}

#[test]
fn metrics_are_openmetrics() {
    for (name, plan) in corpus() {
        let text = metrics(&plan);
        assert!(text.ends_with("\n# EOF\n"), "{name}");
        let mut family = "";
        let mut families = Vec::new();
        let mut samples = std::collections::BTreeSet::new();
        for line in text.lines().take_while(|line| *line != "# EOF") {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                (family, _) = rest.split_once(" gauge").unwrap();
                assert!(!families.contains(&family), "{name}: {family} is there twice");
                families.push(family);
            } else if let Some(rest) = line.strip_prefix("# HELP ") {
                assert!(rest.starts_with(&format!("{family} ")), "{name}: {line}");
            } else {
                let (labels, value) = line.rsplit_once("} ").unwrap();
                let (of, labels) = labels.split_once('{').unwrap();
                assert_eq!(of, family, "{name}: {line}");
                assert!(value.parse::<i64>().is_ok(), "{name}: {line}");
                assert!(samples.insert((of, labels)), "{name}: twice: {line}");
                assert!(labels.starts_with("cluster=\"store\""), "{line}");
                let quotes = labels.replace("\\\\", "").replace("\\\"", "").matches('"').count();
                assert_eq!(quotes % 2, 0, "{name}: {line}");
            }
        }
    }
    // A node that was not read has no samples that could be taken for "nothing drifted".
    let plan = corpus().remove("unknown").unwrap();
    let text = metrics(&plan);
    assert!(!text.contains("node=\"store-2\",kind") && !text.contains("kind=\"unit\""), "{text}");
    assert!(text.contains("crdbctl_unknown_nodes{cluster=\"store\"} 3"), "{text}");
}
