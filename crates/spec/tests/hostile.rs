//! Hostile strings in every field, and hostile texts as a whole.

#![allow(clippy::unwrap_used, reason = "a test tells by panicking")]

mod common;

use std::time::{Duration, Instant};

use common::{MINIMAL, try_parse};
use crdbctl_model::{Desired, ResourceGraph};
use crdbctl_spec::{Inputs, lower, parse, parse_bytes, placeholder_archives, split_exec};
use proptest::prelude::*;

/// Every field that takes a text, with HOSTILE where the text goes.
const FIELDS: [&str; 36] = [
    "apiVersion: HOSTILE",
    "kind: HOSTILE",
    "name: HOSTILE",
    "cockroach: {version: HOSTILE}",
    "cockroach: {version: v24.1.0, archive: HOSTILE}",
    "cockroach: {version: v24.1.0, sha256: HOSTILE}",
    "cockroach: {version: v24.1.0, arch: HOSTILE}",
    "cockroach: {version: v24.1.0, join: [HOSTILE]}",
    "cockroach: {version: v24.1.0, flags: {log: HOSTILE}}",
    "cockroach: {version: v24.1.0, flags: {attrs: HOSTILE}}",
    "cockroach: {version: v24.1.0, flags: {HOSTILE: x}}",
    "cockroach: {version: v24.1.0, environment: {A: HOSTILE}}",
    "cockroach: {version: v24.1.0, environment: {HOSTILE: x}}",
    "cockroach: {version: v24.1.0, settings: {a.b: HOSTILE}}",
    "cockroach: {version: v24.1.0, settings: {HOSTILE: x}}",
    "install: {root: HOSTILE}",
    "install: {packages: HOSTILE}",
    "install: {data: HOSTILE}",
    "install: {user: HOSTILE}",
    "install: {group: HOSTILE}",
    "certificates: {authority: HOSTILE}",
    "certificates: {extra_names: [HOSTILE]}",
    "certificates: {clients: [HOSTILE]}",
    "firewall: {ufw: {profile: HOSTILE}}",
    "firewall: {ufw: {allow_from: [HOSTILE]}}",
    "service: {name: HOSTILE}",
    "service: {unit_path: HOSTILE}",
    "hooks: {before_node: HOSTILE}",
    "ssh: {user: HOSTILE}",
    "ssh: {identity_file: HOSTILE}",
    "ssh: {config_file: HOSTILE}",
    "ssh: {jump: HOSTILE}",
    "nodes: [{name: HOSTILE, address: 198.0.2.1}]",
    "nodes: [{name: a, address: HOSTILE}]",
    "nodes: [{name: a, address: 198.0.2.1, hostname: HOSTILE}]",
    "nodes: [{name: a, address: 198.0.2.1, locality: HOSTILE}]",
];

const STRINGS: [&str; 30] = [
    "",
    "-oProxyCommand=touch /tmp/x",
    "--help",
    "$(touch x)",
    "`touch x`",
    "a;touch x",
    "a && b",
    "a | b",
    "a > b",
    "a'b",
    "a\"b",
    "a\\",
    "a\\nb",
    "a\nExecStartPost=/bin/sh",
    "a\r\nb",
    "a\tb",
    "a\0b",
    "a\x1b[31mb",
    "a\u{202e}b",
    "%n %h %%",
    "$HOME ${HOME} $$",
    "{{ root }}",
    "{% for x in y %}",
    "../../etc/passwd",
    "/etc/../root",
    "~root/.ssh",
    "a b",
    " a ",
    "ä日本",
    "'; drop table x; --",
];

/// Returns the minimal manifest with a top-level key replaced or added, the text put in as JSON, which YAML
/// takes as a double-quoted scalar.
fn with(field: &str, text: &str) -> String {
    // In the manifest a $$ stands for one $, and ${…} for a variable: what is meant literally is doubled.
    let json = serde_json::to_string(&text.replace('$', "$$")).unwrap();
    let is_key = field.contains("{HOSTILE: x}");
    let json = if is_key { serde_json::to_string(text).unwrap() } else { json };
    let key = field.split(':').next().unwrap();
    let mut lines = Vec::new();
    let mut skipping = false;
    for line in MINIMAL.lines() {
        if !line.starts_with(' ') {
            skipping = line.starts_with(&format!("{key}:"));
        }
        if !skipping {
            lines.push(line.to_owned());
        }
    }
    lines.push(field.replace("HOSTILE", &json));
    lines.join("\n") + "\n"
}

/// Returns every string anywhere in a JSON value, keys included.
fn strings(value: &serde_json::Value, out: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => out.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, out)),
        serde_json::Value::Object(map) => map.iter().for_each(|(key, value)| {
            out.push(key.clone());
            strings(value, out);
        }),
        _ => {}
    }
}

/// Checks what must hold of every graph, whatever the manifest said.
fn check_graph(graph: &ResourceGraph, plain: &ResourceGraph, what: &str) {
    graph.order().unwrap_or_else(|cycle| panic!("{what}: a cycle {cycle:?}"));
    for resource in graph.resources.values() {
        if let Desired::Unit(unit) = &resource.desired {
            let settings = |text: &str| -> Vec<String> {
                let keys =
                    text.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key.to_owned());
                keys.filter(|key| key != "Environment").collect()
            };
            let plain_unit = plain.resources.values().find_map(|resource| match &resource.desired {
                Desired::Unit(unit) => Some(unit.file.content.clone()),
                _ => None,
            });
            assert_eq!(
                settings(&unit.file.content),
                settings(&plain_unit.unwrap()),
                "{what}: the unit gained settings"
            );
        }
        if let Desired::Service(service) = &resource.desired {
            let unit = graph.resources.values().find_map(|other| match &other.desired {
                Desired::Unit(unit) if other.addr.node() == resource.addr.node() => Some(&unit.file.content),
                _ => None,
            });
            let line = unit.unwrap().lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
            assert_eq!(split_exec(line).as_ref(), Ok(&service.argv), "{what}");
        }
    }
    for spec in graph.nodes.values() {
        let options = [&spec.ssh_user, &spec.ssh_jump, &spec.ssh_identity_file, &spec.ssh_config_file];
        for option in options.into_iter().flatten().chain([&spec.ssh_host]) {
            assert!(!option.starts_with('-'), "{what}: {option} would be an option of ssh");
            assert!(!option.contains(char::is_control), "{what}: {option:?}");
        }
    }
}

#[test]
fn every_hostile_string_is_refused_or_stored_literally() {
    let plain = lower(&common::manifest(MINIMAL), &placeholder_archives()).unwrap();
    let mut refused = 0;
    let mut stored = Vec::new();
    for field in FIELDS {
        for text in STRINGS {
            let yaml = with(field, text);
            let what = format!("{text:?} in {field}");
            let manifest = match try_parse(&yaml) {
                Err(diagnostics) => {
                    refused += 1;
                    let rendered = diagnostics.render(false, 100);
                    let is_clean = |c: char| c == '\n' || !c.is_control();
                    assert!(rendered.chars().all(is_clean), "{what}: {rendered:?}");
                    assert!(!diagnostics.is_empty(), "{what}");
                    continue;
                }
                Ok(manifest) => manifest,
            };
            let graph = lower(&manifest, &placeholder_archives()).unwrap();
            check_graph(&graph, &plain, &what);
            let mut found = Vec::new();
            strings(&serde_json::to_value(&graph).unwrap(), &mut found);
            let is_literal = found.iter().any(|string| string.contains(text));
            let is_for_later =
                field.contains("settings") || field.starts_with("hooks") || field.contains("archive");
            assert!(is_literal || is_for_later, "{what}: accepted, and not found as it was given");
            stored.push(format!("{field} <- {text:?}"));
        }
    }
    assert!(refused > stored.len(), "{refused} refused, {} stored", stored.len());
    // What is stored is told here, so that a field that becomes laxer shows.
    let count = |what: &str| stored.iter().filter(|entry| entry.starts_with(what)).count();
    for field in FIELDS {
        let is_text = [
            "flags: {log",
            "flags: {attrs",
            "environment: {A",
            "settings: {a.b",
            "before_node",
            "_file: ",
            "authority",
        ]
        .iter()
        .any(|key| field.contains(key));
        let is_path = field.contains("archive");
        assert!(is_text || is_path || count(field) == 0, "{field}: {stored:#?}");
    }
}

/// Returns the processor time of this thread so far, which other programs on the machine do not add to
/// (proc(5), schedstat); `None` where the kernel does not tell.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Runs `text` through parsing and returns the message of its first diagnostic, and how long it took.
fn timed(text: &str) -> (String, Duration) {
    let (start, start_wall) = (processor_time(), Instant::now());
    let result = try_parse(text);
    let took =
        start.and_then(|start| Some(processor_time()? - start)).unwrap_or_else(|| start_wall.elapsed());
    let message = result.err().and_then(|wrong| wrong.iter().next().map(|first| first.message.clone()));
    (message.unwrap_or_default(), took)
}

#[test]
fn bombs_are_refused_quickly() {
    // Nine levels of nine aliases each: 9^9 nodes when followed.
    let mut laughs = String::from("x-0: &a0 [l, l, l, l, l, l, l, l, l]\n");
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        laughs.push_str(&format!("x-{level}: &a{level} [{}]\n", [alias.as_str(); 9].join(", ")));
    }
    let cases = [
        ("aliases", laughs, "too large"),
        (
            "a large scalar, many aliases",
            format!("x: &a {}\ny: [{}]\n", "l".repeat(100_000), ["*a"; 200].join(", ")),
            "too large",
        ),
        ("many aliases", format!("x: &a b\ny: [{}]\n", ["*a"; 6000].join(", ")), "more than 5000 aliases"),
        ("flow nesting", "[".repeat(100_000), "nested more than 32"),
        ("mapping nesting", "{a: ".repeat(100_000), "nested more than 32"),
        ("block nesting", "- ".repeat(100_000), "nested more than 32"),
        ("question marks", "? ".repeat(100_000), ""),
        (
            "indentation",
            (0..1400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
            "nested more than 32",
        ),
        ("a large plain scalar", format!("a: {}\n", "x".repeat(1_000_000)), "not a key"),
        ("a large quoted scalar", format!("a: \"{}\"\n", "x".repeat(1_000_000)), "not a key"),
        ("a large block scalar", format!("a: |\n{}", "  xxxxxxxxxx\n".repeat(80_000)), "not a key"),
        ("a large key", format!("{}: a\n", "x".repeat(1_000_000)), ""),
        ("many keys", (0..60_000).map(|key| format!("k{key}: v\n")).collect(), ""),
        ("many variables", format!("a: \"{}\"\n", "${X:-y}".repeat(140_000)), ""),
        ("merges", format!("a: &a {{k: v}}\nb: {{<<: [{}]}}\n", ["*a"; 4000].join(", ")), ""),
        ("too large", "#".repeat(1_100_000), "1048576 are the most"),
        ("a comment", "#".repeat(1_000_000), "empty"),
        ("dashes", "-".repeat(1_000_000), ""),
        ("quotes", "\"".repeat(1_000_000), ""),
        ("colons", ": ".repeat(500_000), ""),
        ("ampersands", "&a ".repeat(300_000), ""),
        ("wide characters", format!("a: [{}]\n", "日, ".repeat(200_000)), ""),
    ];
    for (what, text, says) in cases {
        let (message, took) = timed(&text);
        println!("{what}: {took:?}: {message}");
        // Without optimisation the scanner takes ten times as long.
        let limit = Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 100 });
        assert!(took < limit, "{what}: {took:?}");
        assert!(message.contains(says) && !message.is_empty(), "{what}: {message:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = try_parse(&text);
    }

    #[test]
    fn no_yaml_panics(text in "[-a-c:{}\\[\\],&*<>|'\"?#!%$@` \n~0-9.]{0,120}") {
        if let Err(wrong) = try_parse(&text) {
            prop_assert!(!wrong.is_empty());
            let _ = wrong.render(true, 60);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_bytes(&bytes, "x", &Inputs::none());
    }

    #[test]
    fn no_value_panics(field in proptest::sample::select(FIELDS.to_vec()), text in "\\PC{0,40}|[ -~]{0,40}|[\\x00-\\x1f]{0,5}") {
        match try_parse(&with(field, &text)) {
            Ok(manifest) => {
                let plain = lower(&common::manifest(MINIMAL), &placeholder_archives()).unwrap();
                check_graph(&lower(&manifest, &placeholder_archives()).unwrap(), &plain, &format!("{text:?} in {field}"));
            }
            Err(wrong) => {
                let rendered = wrong.render(false, 80);
                prop_assert!(rendered.chars().all(|c| c == '\n' || !c.is_control()));
            }
        }
    }

    #[test]
    fn a_broken_manifest_never_panics(at in 0usize..400, garbage in "[-a-z:{}\\[\\],&* \n\"'$]{0,6}", cut in 0usize..8) {
        let full = include_str!("../../../specs/examples/full.yaml");
        let mut start = at.min(full.len());
        while !full.is_char_boundary(start) { start -= 1; }
        let mut end = (start + cut).min(full.len());
        while !full.is_char_boundary(end) { end += 1; }
        let text = format!("{}{garbage}{}", &full[..start], &full[end..]);
        let file = |_: &str| Ok(crdbctl_spec::BUILT_IN_TEMPLATE.to_owned());
        let _ = parse(&text, "x", &Inputs { environment: &|_| None, file: &file });
    }
}
