//! Whether JUnit reports are built as CI systems read them. There is no standard; what is checked is what the schemas
//! of Jenkins' xUnit plugin (junit-10.xsd) and of Apache Ant have in common.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::corpus::corpus;
use crate::render_junit;

/// An element: its parent, the attributes that it must have, those that it may have, and whether it holds text.
struct Element {
    name: &'static str,
    parent: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    text: bool,
}

const ELEMENTS: [Element; 7] = [
    Element {
        name: "testsuites",
        parent: "",
        required: &[],
        optional: &["name", "tests", "failures", "errors", "disabled", "time"],
        text: false,
    },
    Element {
        name: "testsuite",
        parent: "testsuites",
        required: &["name", "tests"],
        optional: &[
            "failures",
            "errors",
            "skipped",
            "disabled",
            "time",
            "timestamp",
            "hostname",
            "id",
            "package",
        ],
        text: false,
    },
    Element {
        name: "testcase",
        parent: "testsuite",
        required: &["name", "classname"],
        optional: &["time", "assertions", "status"],
        text: false,
    },
    Element {
        name: "failure",
        parent: "testcase",
        required: &[],
        optional: &["message", "type"],
        text: true,
    },
    Element { name: "error", parent: "testcase", required: &[], optional: &["message", "type"], text: true },
    Element { name: "skipped", parent: "testcase", required: &[], optional: &["message"], text: true },
    Element { name: "system-out", parent: "testsuite", required: &[], optional: &[], text: true },
];

/// A report as it was read.
#[derive(Debug, Default)]
pub(crate) struct Report {
    attributes: BTreeMap<String, String>,
    suites: Vec<Suite>,
    /// What suites say beside their cases.
    output: String,
}

#[derive(Debug, Default)]
struct Suite {
    attributes: BTreeMap<String, String>,
    cases: Vec<Case>,
}

/// A case of a report.
#[derive(Debug, Default)]
pub(crate) struct Case {
    /// `classname/name`.
    pub(crate) name: String,
    /// The element that says how it ended; empty when it passed.
    pub(crate) outcome: String,
    /// What that element holds, entities as they are written.
    pub(crate) text: String,
}

impl Report {
    /// Returns a report, or why it is none.
    pub(crate) fn read(xml: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(xml);
        reader.config_mut().check_end_names = true;
        let mut report = Self::default();
        let mut open: Vec<&'static Element> = Vec::new();
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Eof if open.is_empty() => break,
                Event::Eof => return Err("it ends within an element".to_owned()),
                Event::Start(start) => open.push(report.begin(&start, open.last().copied())?),
                Event::Empty(start) => drop(report.begin(&start, open.last().copied())?),
                Event::End(_) => drop(open.pop()),
                Event::Text(text) => report.text(&text, open.last().copied())?,
                Event::GeneralRef(entity) => report.text(&format!("&{};", &*entity), open.last().copied())?,
                Event::Decl(_) => {}
                other => return Err(format!("{other:?} has no place here")),
            }
        }
        report.numbers()?;
        Ok(report)
    }

    /// Returns the cases of all suites.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }

    /// Returns how many cases are like that.
    pub(crate) fn number(&self, is: impl Fn(&Case) -> bool) -> u64 {
        self.cases().filter(|case| is(case)).count() as u64
    }

    fn begin(
        &mut self,
        start: &BytesStart<'_>,
        parent: Option<&Element>,
    ) -> Result<&'static Element, String> {
        let name = start.name().as_ref().to_owned();
        let found = ELEMENTS.iter().find(|element| element.name == name);
        let element = found.ok_or_else(|| format!("there is no element {name}"))?;
        let parent = parent.map_or("", |parent| parent.name);
        if element.parent != parent {
            return Err(format!("{name} stands in {parent:?}"));
        }
        let mut attributes = BTreeMap::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let key = attribute.key.as_ref().to_owned();
            if !element.required.contains(&key.as_str()) && !element.optional.contains(&key.as_str()) {
                return Err(format!("{name} has no attribute {key}"));
            }
            attributes.insert(key, attribute.value.to_string());
        }
        if let Some(missing) = element.required.iter().find(|key| !attributes.contains_key(**key)) {
            return Err(format!("{name} lacks {missing}"));
        }
        match element.name {
            "testsuites" if self.attributes.is_empty() && self.suites.is_empty() => {
                self.attributes = attributes
            }
            "testsuites" => return Err("there are two roots".to_owned()),
            "testsuite" => self.suites.push(Suite { attributes, cases: Vec::new() }),
            "testcase" => {
                let name = format!("{}/{}", attributes["classname"], attributes["name"]);
                self.suites.last_mut().unwrap().cases.push(Case { name, ..Case::default() });
            }
            // What a suite says is of none of its cases.
            "system-out" => {}
            outcome => {
                let case = self.suites.last_mut().unwrap().cases.last_mut().unwrap();
                if !case.outcome.is_empty() {
                    return Err(format!("{} ended twice", case.name));
                }
                outcome.clone_into(&mut case.outcome);
            }
        }
        Ok(element)
    }

    fn text(&mut self, text: &str, parent: Option<&Element>) -> Result<(), String> {
        if parent.is_some_and(|parent| parent.name == "system-out") {
            self.output.push_str(text);
        } else if parent.is_some_and(|parent| parent.text) {
            self.suites.last_mut().unwrap().cases.last_mut().unwrap().text.push_str(text);
        } else if !text.trim().is_empty() {
            return Err(format!("{text:?} stands between elements"));
        }
        Ok(())
    }

    /// Compares what suites, and the report, say of their cases with these.
    fn numbers(&self) -> Result<(), String> {
        let check = |what: &str, attributes: &BTreeMap<String, String>, cases: &[&Case]| {
            for (key, outcome) in [
                ("tests", None),
                ("failures", Some("failure")),
                ("errors", Some("error")),
                ("skipped", Some("skipped")),
            ] {
                let number = cases.iter().filter(|case| outcome.is_none_or(|it| case.outcome == it)).count();
                if attributes.get(key).is_some_and(|told| *told != number.to_string()) {
                    return Err(format!("{what}: {key} is {}, and there are {number}", attributes[key]));
                }
            }
            Ok(())
        };
        for suite in &self.suites {
            check(&suite.attributes["name"], &suite.attributes, &suite.cases.iter().collect::<Vec<_>>())?;
        }
        check("all", &self.attributes, &self.cases().collect::<Vec<_>>())
    }
}

#[test]
fn every_report_is_built_as_ci_systems_read_it() {
    for (name, plan) in corpus() {
        let xml = render_junit(&plan);
        let report = Report::read(&xml).unwrap_or_else(|why| panic!("{name}: {why}\n{xml}"));
        assert_eq!(report.attributes["name"], "crdbctl plan store", "{name}");
        for key in ["tests", "failures", "errors"] {
            assert!(report.attributes.contains_key(key), "{name}: {key}");
            assert!(report.suites.iter().all(|suite| suite.attributes.contains_key(key)), "{name}: {key}");
        }
        // XML 1.0, 2.2: other characters cannot be written at all.
        assert!(
            xml.chars().all(|c| c == '\n' || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))),
            "{name}"
        );
    }
}

#[test]
fn every_compared_resource_is_a_case_of_its_own() {
    for (name, plan) in corpus() {
        let report = Report::read(&render_junit(&plan)).unwrap();
        let mut once: Vec<&str> = report.cases().map(|case| case.name.as_str()).collect();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len() as u64, report.number(|_| true), "{name}: a case is there twice");
        for addr in plan.compared.keys() {
            assert!(once.contains(&format!("{}.{addr}", plan.cluster).as_str()), "{name}: {addr}");
        }
    }
}

#[test]
fn what_is_built_otherwise_is_refused() {
    let whole = render_junit(&corpus()["contract"]);
    Report::read(&whole).unwrap();
    for (from, to) in [
        ("</testsuites>", ""),
        ("</testsuites>", "<testsuite/></testsuites>"),
        ("<testsuites ", "<testsuites skipped=\"0\" "),
        ("failures=\"3\"", "failures=\"4\""),
        ("tests=\"14\" failures=\"1\"", "tests=\"14\" failures=\"0\""),
        ("classname=", "class="),
        ("</failure>", "</failure><skipped/>"),
        ("</failure>", "</failure>text"),
        ("&gt;", "&gt;<b>"),
    ] {
        assert!(whole.contains(from), "{from}");
        let spoilt = whole.replacen(from, to, 1);
        assert!(Report::read(&spoilt).is_err(), "{from} -> {to}");
    }
}
