//! What `drift` prints in each form, and that all of it agrees with how it ends.

use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    AcceptEntry, Acceptance, Action, AttributeDiff, Cause, Divergence, LeftOut, LeftOutWhy, Note, Plan,
    PlanState, SourceSpan, Timestamp, UnknownResource, Verdict,
};
use proptest::prelude::*;

use crate::corpus::build;
use crate::corpus::corpus;
use crate::format_tests::listing;
use crate::junit_tests::Report;
use crate::{
    HtmlOptions, RenderOptions, RunFigures, View, drift_sentence, readable, render_drift, render_drift_junit,
    render_drift_markdown, render_html, render_json, render_metrics,
};

const HTML: HtmlOptions<'_> =
    HtmlOptions { subtitle: "3 nodes probed in 0.9s", graph: None, view: View::Drift };

fn left(at: &str, cause: Cause, attributes: &[&str], why: LeftOutWhy) -> LeftOut {
    LeftOut {
        addr: build::addr(at),
        action: Action::Update,
        cause,
        attributes: attributes.iter().map(ToString::to_string).collect(),
        why,
    }
}

fn accepted() -> LeftOutWhy {
    LeftOutWhy::Accepted { until: "2027-01-31".to_owned(), reason: "OPS-12".to_owned() }
}

#[test]
fn every_form_says_which_side_moved() {
    let mut plan = corpus().remove("contract").unwrap();
    plan.left_out = vec![left("store-1/directory.certs", Cause::Drift, &[], accepted())];
    plan.compared.insert(build::addr("store-1/directory.certs"), Verdict::PutOff);
    plan.notes
        .push(Note { addr: None, text: "an accepted drift has expired: a.yaml:3 (store-1/*)".to_owned() });
    let forms = [
        ("human", render_drift(&plan, &RenderOptions::plain(100))),
        ("markdown", render_drift_markdown(&plan)),
        ("html", readable::text(&render_html(&plan, &HTML))),
        ("junit", render_drift_junit(&plan)),
    ];
    insta::assert_snapshot!(forms.map(|(form, text)| format!("=== {form}\n{text}")).concat());
}

#[test]
fn the_last_line_is_the_sentence() {
    for (name, plan) in corpus() {
        for width in [40, 80, 200] {
            let text = render_drift(&plan, &RenderOptions::plain(width));
            assert_eq!(text.lines().last(), Some(drift_sentence(&plan).as_str()), "{name}");
        }
        assert!(!render_drift(&plan, &RenderOptions::plain(100)).contains(" will be "), "{name}");
        assert!(!render_drift_markdown(&plan).contains(" will be "), "{name}");
        assert!(render_drift_markdown(&plan).len() < 60_000, "{name}");
    }
}

#[test]
fn the_sentence_says_what_a_pipeline_needs() {
    let corpus = corpus();
    let told = |name: &str, alter: &dyn Fn(&mut Plan)| {
        let mut plan = corpus[name].clone();
        alter(&mut plan);
        drift_sentence(&plan)
    };
    let none = |_: &mut Plan| {};
    let only = |side: Divergence| {
        move |plan: &mut Plan| {
            plan.part.only = Some(side);
            plan.left_out = vec![left("store-1/unit.cockroach", Cause::Manifest, &[], LeftOutWhy::Only)];
        }
    };
    let accepts = |plan: &mut Plan| {
        plan.left_out = vec![
            left("store-1/unit.cockroach", Cause::Drift, &["mode"], accepted()),
            left("store-1/unit.cockroach", Cause::Drift, &["owner"], accepted()),
            left("store-2/unit.cockroach", Cause::Drift, &[], accepted()),
        ];
    };
    let sentences = [
        told("empty", &none),
        told("empty", &accepts),
        told("empty", &only(Divergence::Drift)),
        told("empty", &only(Divergence::Change)),
        told("empty-incomplete", &none),
        told("contract", &none),
        told("contract", &accepts),
        told("drift", &none),
        told("fresh", &none),
        told("unknown", &none),
    ];
    insta::assert_snapshot!(sentences.join("\n"));
}

/// What a reader of a form takes for the state.
fn told(plan: &Plan) -> BTreeMap<&'static str, PlanState> {
    let text = render_drift(plan, &RenderOptions::plain(80));
    let of_sentence = |sentence: &str| {
        if sentence.starts_with("Incomplete: ") {
            PlanState::Incomplete
        } else if sentence.starts_with("No ") {
            PlanState::Clean
        } else {
            PlanState::Diverged
        }
    };
    let of_code = |code: u64| match code {
        0 => PlanState::Clean,
        2 => PlanState::Diverged,
        5 => PlanState::Incomplete,
        other => panic!("{other}"),
    };
    let json: serde_json::Value = serde_json::from_str(&render_json(plan)).unwrap();
    let report = Report::read(&render_drift_junit(plan)).unwrap();
    let number = |outcome: &str| report.number(|case| case.outcome == outcome);
    let run = RunFigures { exit_code: plan.state().exit_code(), acceptance: None };
    let metrics = render_metrics(plan, &listing(plan), &run);
    let sum = |family: &str| -> u64 {
        let lines = metrics.lines().filter(|line| line.starts_with(&format!("{family}{{")));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    };
    let by_numbers = |unknown: u64, changes: u64| match (unknown, changes) {
        (0, 0) => PlanState::Clean,
        (0, _) => PlanState::Diverged,
        _ => PlanState::Incomplete,
    };
    let markdown = render_drift_markdown(plan);
    let html = render_html(plan, &HTML);
    let class = html.split_once("<body class=\"").unwrap().1.split('"').next().unwrap();
    let headline = html.split_once("<p class=\"headline\">").unwrap().1.split("</p>").next().unwrap();
    BTreeMap::from([
        ("human", of_sentence(text.lines().last().unwrap())),
        (
            "human's headings",
            match (plan.is_complete(), text.contains("Drift: ") || text.contains("Not applied: ")) {
                (false, _) => PlanState::Incomplete,
                (true, true) => PlanState::Diverged,
                (true, false) => PlanState::Clean,
            },
        ),
        ("json", of_code(json["exit_code"].as_u64().unwrap())),
        ("junit", by_numbers(number("error"), number("failure"))),
        ("metrics", of_code(sum("crdbctl_last_run_exit_code"))),
        ("metrics' numbers", by_numbers(sum("crdbctl_plan_unknown"), sum("crdbctl_drifted_resources"))),
        ("markdown", of_sentence(markdown.lines().nth(2).unwrap().trim_start_matches('*'))),
        (
            "html",
            match class {
                "clean" => PlanState::Clean,
                "changes" => PlanState::Diverged,
                "incomplete" => PlanState::Incomplete,
                other => panic!("{other}"),
            },
        ),
        ("html's headline", of_sentence(headline)),
    ])
}

fn agrees(plan: &Plan, name: &str) {
    for (form, state) in told(plan) {
        assert_eq!(state, plan.state(), "{name}: {form}");
    }
}

#[test]
fn all_forms_of_the_corpus_agree_with_how_it_ends() {
    for (name, plan) in corpus() {
        agrees(&plan, name);
    }
}

/// What may become of a resource.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Same,
    Changed(Action, Cause),
    PutOff,
    Accepted,
    AcceptedInPart(Cause),
    Carried,
    Unread,
}

fn fate() -> impl Strategy<Value = Fate> {
    let action =
        prop_oneof![Just(Action::Create), Just(Action::Update), Just(Action::Replace), Just(Action::Delete)];
    let cause = proptest::sample::select(Cause::ALL.to_vec());
    prop_oneof![
        20 => Just(Fate::Same),
        2 => (action, cause.clone()).prop_map(|(action, cause)| Fate::Changed(action, cause)),
        1 => Just(Fate::PutOff),
        1 => Just(Fate::Accepted),
        1 => cause.prop_map(Fate::AcceptedInPart),
        1 => Just(Fate::Carried),
        1 => Just(Fate::Unread),
    ]
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let fates = proptest::collection::vec(fate(), build::OF_A_NODE.len() * 2 + build::OF_THE_CLUSTER.len());
    let only = proptest::sample::select(vec![None, Some(Divergence::Drift), Some(Divergence::Change)]);
    (fates, any::<[bool; 2]>(), only, 0.0..1.0f64).prop_map(|(fates, unreachable, only, quiet)| {
        let nodes = ["store-1", "store-2"];
        let addresses = nodes
            .iter()
            .flat_map(|node| build::OF_A_NODE.map(|local| format!("{node}/{local}")))
            .chain(build::OF_THE_CLUSTER.map(|local| format!("cluster/{local}")));
        let (mut changes, mut left_out, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        let mut verdicts = BTreeMap::new();
        let words = |name: &str| AttributeDiff::words(name, Some("0666"), Some("0644"));
        // Often enough nothing at all may happen.
        for (addr, fate) in
            addresses.zip(fates).map(|(addr, fate)| (addr, if quiet < 0.3 { Fate::Same } else { fate }))
        {
            let is_left = |cause: Cause| only.is_some_and(|only| only != cause.divergence());
            let verdict = match fate {
                Fate::Same => Verdict::Same,
                Fate::PutOff => Verdict::PutOff,
                Fate::Carried => Verdict::Carried,
                Fate::Changed(_, cause) | Fate::AcceptedInPart(cause) if is_left(cause) => {
                    left_out.push(left(&addr, cause, &[], LeftOutWhy::Only));
                    Verdict::PutOff
                }
                Fate::Changed(action, cause) => {
                    changes.push(build::change(&addr, action, cause, vec![words("mode")]));
                    Verdict::Differs
                }
                Fate::AcceptedInPart(cause) => {
                    changes.push(build::change(&addr, Action::Update, cause, vec![words("mode")]));
                    left_out.push(left(&addr, cause, &["owner"], accepted()));
                    Verdict::Differs
                }
                Fate::Accepted => {
                    left_out.push(left(&addr, Cause::Drift, &[], accepted()));
                    Verdict::PutOff
                }
                Fate::Unread => {
                    let addr = build::addr(&addr);
                    unknown.push(UnknownResource {
                        node: addr.node().cloned(),
                        addr: Some(addr),
                        reason: "permission denied".to_owned(),
                        hint: String::new(),
                    });
                    Verdict::Unknown
                }
            };
            verdicts.insert(build::addr(&addr), verdict);
        }
        let mut plan = build::plan(&nodes, changes);
        plan.compared = verdicts;
        plan.left_out = left_out;
        plan.part.only = only;
        plan.unknown = unknown;
        for (name, _) in ["store-3", "store-4"].iter().zip(unreachable).filter(|(_, is)| *is && quiet >= 0.15)
        {
            plan.unknown.push(build::unreachable(name));
        }
        plan
    })
}

proptest! {
    #[test]
    fn all_forms_agree_with_how_it_ends(plan in any_plan()) {
        agrees(&plan, "any");
        let sentence = drift_sentence(&plan);
        let of = |side: Divergence| plan.changes.iter().filter(|change| change.cause.divergence() == side).count();
        let drifted = sentence.split(" resource").next().unwrap().rsplit(' ').next().unwrap().parse::<usize>();
        prop_assert_eq!(if sentence.contains(" drifted ") && of(Divergence::Drift) > 0 { drifted.unwrap() } else { 0 }, of(Divergence::Drift));
        let text = render_drift(&plan, &RenderOptions::plain(100));
        let first = text.find("Not applied: the").unwrap_or(text.len());
        prop_assert!(text.find("Drift: ").is_none_or(|at| at < first), "drift comes first");
        let report = Report::read(&render_drift_junit(&plan)).unwrap();
        prop_assert_eq!(report.number(|case| case.outcome == "failure"), plan.changes.len() as u64);
    }
}

#[test]
fn metrics_tell_what_is_accepted_and_when_that_ends() {
    let mut plan = corpus().remove("contract").unwrap();
    plan.left_out = vec![
        left("store-1/directory.certs", Cause::Drift, &["mode"], accepted()),
        left("store-1/directory.certs", Cause::Drift, &["owner"], accepted()),
        left("cluster/setting.x", Cause::Differs, &[], accepted()),
        left("store-2/unit.cockroach", Cause::Manifest, &[], LeftOutWhy::Only),
    ];
    plan.part.only = Some(Divergence::Drift);
    plan.changes.retain(|change| change.cause.divergence() == Divergence::Drift);
    let entry = |until: &str| AcceptEntry {
        address: "store-1/*".parse().unwrap(),
        attribute: None,
        until: until.parse().unwrap(),
        reason: "OPS-12".to_owned(),
        origin: SourceSpan { line: 1, column: 1 },
    };
    let acceptance = Acceptance {
        file: "a.yaml".to_owned(),
        entries: vec![entry("2027-01-31"), entry("2027-01-14"), entry("2027-02-20")],
    };
    let run = RunFigures { exit_code: 2, acceptance: Some(&acceptance) };
    assert_eq!(listing(&plan).taken_at, Timestamp::from_unix(1_800_000_000), "2027-01-15");
    let text = render_metrics(&plan, &listing(&plan), &run);
    for line in [
        "crdbctl_accepted_resources{cluster=\"store\",node=\"cluster\"} 1",
        "crdbctl_accepted_resources{cluster=\"store\",node=\"store-1\"} 1",
        "crdbctl_accepted_resources{cluster=\"store\",node=\"store-2\"} 0",
        "crdbctl_accept_entries{cluster=\"store\",state=\"holds\"} 2",
        "crdbctl_accept_entries{cluster=\"store\",state=\"expired\"} 1",
        // The first moment of February.
        "crdbctl_accept_next_end_timestamp_seconds{cluster=\"store\"} 1801440000",
        "crdbctl_last_run_exit_code{cluster=\"store\"} 2",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line} is not in\n{text}");
    }
    assert!(!text.contains("divergence=\"change\""), "what was not asked for has no samples");
    let silent = RunFigures { exit_code: 2, acceptance: None };
    assert!(!render_metrics(&plan, &listing(&plan), &silent).contains("crdbctl_accept"));
}

#[test]
fn what_moved_on_both_sides_is_counted_under_the_side_that_was_asked_for() {
    let mut plan = corpus().remove("contract").unwrap();
    let mut change = plan.changes[0].clone();
    change.cause = Cause::ManifestAndDrift;
    let (node, kind) = (change.addr.node().unwrap().to_string(), change.addr.kind.word());
    plan.compared = BTreeMap::from([(change.addr.clone(), Verdict::Differs)]);
    plan.changes = vec![change];
    let sample = |side: &str, number: u8| {
        let labels = format!("cluster=\"store\",node=\"{node}\",kind=\"{kind}\",divergence=\"{side}\"");
        format!("crdbctl_drifted_resources{{{labels}}} {number}")
    };
    for (only, expected) in [
        (None, vec![sample("drift", 1), sample("change", 0)]),
        (Some(Divergence::Drift), vec![sample("drift", 1)]),
        (Some(Divergence::Change), vec![sample("change", 1)]),
    ] {
        plan.part.only = only;
        let text = render_metrics(&plan, &listing(&plan), &RunFigures { exit_code: 2, acceptance: None });
        let told: Vec<&str> =
            text.lines().filter(|line| line.starts_with("crdbctl_drifted_resources{")).collect();
        assert_eq!(told, expected, "{only:?}");
    }
}

#[test]
fn every_metric_is_documented_with_its_labels() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let document = std::fs::read_to_string(path).unwrap();
    let words =
        |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let documented: BTreeMap<String, BTreeSet<String>> = document
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| `crdbctl_")?.split('|').collect();
            Some((format!("crdbctl_{}", cells[0].trim().trim_end_matches('`')), words(cells[2])))
        })
        .collect();
    let plan = corpus().remove("contract").unwrap();
    let entry = AcceptEntry {
        address: "store-1/*".parse().unwrap(),
        attribute: None,
        until: "2027-01-31".parse().unwrap(),
        reason: "OPS-12".to_owned(),
        origin: SourceSpan { line: 1, column: 1 },
    };
    let acceptance = Acceptance { file: "a.yaml".to_owned(), entries: vec![entry] };
    let run = RunFigures { exit_code: 2, acceptance: Some(&acceptance) };
    let text = render_metrics(&plan, &listing(&plan), &run);
    let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (family, rest) = line.split_once('{').unwrap();
        let labels = rest.split("=\"").filter_map(|piece| piece.rsplit([',', '{']).next());
        let is_name = |label: &&str| label.chars().all(|c| c.is_ascii_lowercase());
        let labels = labels.filter(is_name).filter(|label| !label.is_empty() && *label != "cluster");
        written.entry(family.to_owned()).or_default().extend(labels.map(str::to_owned));
    }
    assert_eq!(written, documented);
}
