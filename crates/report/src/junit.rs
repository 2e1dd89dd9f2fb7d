//! A plan as a report of tests, so that a CI system shows drift as failures.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use crdbctl_model::{Change, LeftOut, NodeName, Plan, ResourceAddr, UnknownResource, Verdict};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::body::body_rows;
use crate::cause::cause_words;
use crate::group::Group;
use crate::word::{done, word};
use crate::{View, clean, omission};

const WIDTH: usize = 120;
const LEFT_ALONE: &str = "it differs, and this plan leaves it alone";
const CARRIED: &str = "it differs, and changes of other resources mend it";

/// Returns a plan in the JUnit form that CI systems read: a suite for the cluster and for each node, a case for each
/// resource that was compared. What will be changed is a failure, with the difference as its text; what could not be
/// read is an error, a whole node being one case named `probe`; what is left alone, or mended by changes of others, is
/// skipped. Ends in a line feed.
///
/// Holds no times: equal plans give equal reports.
///
/// # Panics
/// Never: writing to memory does not fail.
pub fn render_junit(plan: &Plan) -> String {
    render(plan, View::Plan)
}

/// Returns a plan as [`render_junit`] does, as what `drift` found: a failure says which side moved, its `type` being `drift` or
/// `change`, and notes are the output of the cluster's suite.
///
/// # Panics
/// As [`render_junit`]: never.
pub fn render_drift_junit(plan: &Plan) -> String {
    render(plan, View::Drift)
}

fn render(plan: &Plan, view: View) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(plan, view, &mut writer).expect("writing to memory does not fail");
    let mut text = String::from_utf8(writer.into_inner()).expect("XML made of text is text");
    text.push('\n');
    text
}

/// A case and how it ended.
struct Case<'a> {
    name: String,
    outcome: Outcome<'a>,
}

enum Outcome<'a> {
    Passed,
    Failed(&'a Change),
    Erred(Option<&'a UnknownResource>),
    Skipped(Cow<'static, str>),
}

#[derive(Default)]
struct Numbers {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Numbers {
    fn of<'a>(cases: impl IntoIterator<Item = &'a Case<'a>>) -> Self {
        let mut numbers = Self::default();
        for case in cases {
            numbers.tests += 1;
            match case.outcome {
                Outcome::Passed => {}
                Outcome::Failed(_) => numbers.failures += 1,
                Outcome::Erred(_) => numbers.errors += 1,
                Outcome::Skipped(_) => numbers.skipped += 1,
            }
        }
        numbers
    }

    fn attributes(&self) -> [(&'static str, String); 3] {
        [
            ("tests", self.tests.to_string()),
            ("failures", self.failures.to_string()),
            ("errors", self.errors.to_string()),
        ]
    }
}

/// Returns the cases by node, those of the cluster first.
fn suites(plan: &Plan) -> BTreeMap<Option<&NodeName>, Vec<Case<'_>>> {
    let changes: BTreeMap<&ResourceAddr, &Change> =
        plan.changes.iter().map(|change| (&change.addr, change)).collect();
    let unknown: BTreeMap<&ResourceAddr, &UnknownResource> =
        plan.unknown.iter().filter_map(|unknown| Some((unknown.addr.as_ref()?, unknown))).collect();
    let left_out: BTreeMap<&ResourceAddr, &LeftOut> =
        plan.left_out.iter().map(|left| (&left.addr, left)).collect();
    let mut suites: BTreeMap<Option<&NodeName>, Vec<Case<'_>>> = BTreeMap::new();
    for (at, unknown) in plan.unknown.iter().enumerate().filter(|(_, unknown)| unknown.addr.is_none()) {
        let cases = suites.entry(unknown.node.as_ref()).or_default();
        // More than one thing may keep a node from being read.
        let name = if cases.is_empty() { "probe".to_owned() } else { format!("probe {at}") };
        cases.push(Case { name, outcome: Outcome::Erred(Some(unknown)) });
    }
    let mut addresses: BTreeMap<&ResourceAddr, Verdict> =
        plan.compared.iter().map(|(addr, verdict)| (addr, *verdict)).collect();
    // Whatever was not compared and is in the plan all the same is not lost.
    addresses.extend(unknown.keys().map(|addr| (*addr, Verdict::Unknown)));
    addresses.extend(changes.keys().map(|addr| (*addr, Verdict::Differs)));
    for (addr, verdict) in addresses {
        let outcome = match (changes.get(addr), verdict) {
            (Some(change), _) => Outcome::Failed(change),
            (None, Verdict::Same) => Outcome::Passed,
            (None, Verdict::Unknown) => Outcome::Erred(unknown.get(addr).copied()),
            (None, Verdict::Differs | Verdict::PutOff) => {
                let why = left_out.get(addr).map(|left| omission::why(left, plan).into());
                Outcome::Skipped(why.unwrap_or(Cow::Borrowed(LEFT_ALONE)))
            }
            (None, Verdict::Carried) => Outcome::Skipped(Cow::Borrowed(CARRIED)),
        };
        suites.entry(addr.node()).or_default().push(Case { name: addr.local(), outcome });
    }
    suites
}

fn write(plan: &Plan, view: View, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
    let mut suites = suites(plan);
    if view == View::Drift && !plan.notes.is_empty() {
        suites.entry(None).or_default();
    }
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let name = format!("crdbctl {} {}", view.name(), plan.cluster);
    let mut all = writer.create_element("testsuites").with_attribute(("name", name.as_str()));
    for (key, value) in &Numbers::of(suites.values().flatten()).attributes() {
        all = all.with_attribute((*key, value.as_str()));
    }
    all.write_inner_content(|writer| {
        for (node, cases) in &suites {
            write_suite(plan, view, *node, cases, writer)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_suite(
    plan: &Plan,
    view: View,
    node: Option<&NodeName>,
    cases: &[Case<'_>],
    writer: &mut Writer<Vec<u8>>,
) -> io::Result<()> {
    let name = node.map_or("cluster", NodeName::as_str);
    let numbers = Numbers::of(cases);
    let skipped = numbers.skipped.to_string();
    let mut suite = writer.create_element("testsuite").with_attribute(("name", name));
    for (key, value) in &numbers.attributes() {
        suite = suite.with_attribute((*key, value.as_str()));
    }
    let class = format!("{}.{name}", plan.cluster);
    suite.with_attribute(("skipped", skipped.as_str())).write_inner_content(|writer| {
        for case in cases {
            let element = writer
                .create_element("testcase")
                .with_attribute(("name", case.name.as_str()))
                .with_attribute(("classname", class.as_str()));
            match &case.outcome {
                Outcome::Passed => {
                    element.write_empty()?;
                }
                Outcome::Failed(change) => {
                    let (message, text) = failure(change, plan, view);
                    let kind = match view {
                        View::Plan => word(change.action),
                        View::Drift => change.cause.divergence().to_string(),
                    };
                    element
                        .write_inner_content(|writer| result("failure", &message, &kind, &text, writer))?;
                }
                Outcome::Erred(unknown) => {
                    let (message, text) = error(*unknown);
                    element
                        .write_inner_content(|writer| result("error", &message, "unknown", &text, writer))?;
                }
                Outcome::Skipped(why) => {
                    let why = clean(why);
                    let message = ("message", why.as_ref());
                    element.write_inner_content(|writer| {
                        writer.create_element("skipped").with_attribute(message).write_empty().map(drop)
                    })?;
                }
            }
        }
        if view == View::Drift && node.is_none() && !plan.notes.is_empty() {
            let text = notes(plan);
            writer.create_element("system-out").write_text_content(BytesText::new(&text))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The notes of a plan, a line each.
fn notes(plan: &Plan) -> String {
    let line = |note: &crdbctl_model::Note| {
        let addr = note.addr.as_ref().map(|addr| format!("{addr}: ")).unwrap_or_default();
        format!("Note: {addr}{}\n", clean(&note.text))
    };
    plan.notes.iter().map(line).collect()
}

fn result(
    element: &str,
    message: &str,
    kind: &str,
    text: &str,
    writer: &mut Writer<Vec<u8>>,
) -> io::Result<()> {
    writer
        .create_element(element)
        .with_attribute(("message", message))
        .with_attribute(("type", kind))
        .write_text_content(BytesText::new(text))
        .map(drop)
}

fn failure(change: &Change, plan: &Plan, view: View) -> (String, String) {
    let cause = cause_words(change, view);
    let (_, done) = done(change.action);
    let message = clean(&format!("{} {done} ({cause})", view.verb(change.cause, 1))).into_owned();
    let group = Group::of(change, cause, plan);
    let rows = body_rows(&group, WIDTH).into_iter().map(|row| row.into_line().text() + "\n");
    let text = format!("{} {message}\n{}", change.addr, rows.collect::<String>());
    (message, text)
}

fn error(unknown: Option<&UnknownResource>) -> (String, String) {
    let Some(unknown) = unknown else {
        let message = "could not be told: what it is compared with could not be read";
        return (message.to_owned(), message.to_owned());
    };
    let mut text: String = unknown
        .reason
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| clean(line) + "\n")
        .collect();
    if !unknown.hint.is_empty() {
        text.push_str(&format!("hint: {}\n", clean(&unknown.hint)));
    }
    let first = unknown.reason.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    (format!("could not be read: {}", clean(first)), text)
}
