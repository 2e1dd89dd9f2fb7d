//! The specification and the examples say what is true.
#![allow(clippy::unwrap_used, reason = "a test tells by panicking")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use crdbctl_spec::{Inputs, TEMPLATE_VARIABLES, lower, parse, parse_bytes, placeholder_archives};

const SPECIFICATION: &str = include_str!("../../../specs/manifest.v1.md");

/// Returns the fenced blocks of the specification: what stands behind the fence, and the text.
fn blocks() -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in SPECIFICATION.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Returns the text of an example as a whole manifest: the minimal one's keys that it lacks come after it, so
/// that its own lines keep their numbers.
fn whole(example: &str) -> String {
    let key = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
    let own: Vec<String> = example.lines().filter(|line| !line.starts_with(' ')).map(key).collect();
    let mut text = example.to_owned();
    let mut skipping = false;
    for line in common::MINIMAL.lines() {
        if !line.starts_with(' ') {
            skipping = own.contains(&key(line));
        }
        if !skipping {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[test]
fn examples_of_the_specification_do_as_it_says() {
    let blocks = blocks();
    let mut seen = BTreeMap::from([("yaml", 0), ("yaml invalid", 0)]);
    for (index, (info, text)) in blocks.iter().enumerate() {
        let result = parse(&whole(text), "cluster.yaml", &Inputs::none());
        match info.as_str() {
            "yaml" => {
                let manifest = result.unwrap_or_else(|wrong| panic!("{text}\n{wrong}"));
                assert!(manifest.unsupported().is_empty(), "{text}");
                lower(&manifest, &placeholder_archives()).unwrap();
            }
            "yaml invalid" => {
                let (kind, said) = &blocks[index + 1];
                assert_eq!(kind, "text", "the error of\n{text}");
                let wrong = result.err().unwrap_or_else(|| panic!("accepted:\n{text}"));
                let rendered = wrong.render(false, 100);
                let (errors, _) = rendered.rsplit_once("\n\n").unwrap();
                assert_eq!(errors, said.trim_end(), "the error of\n{text}");
            }
            "text" => continue,
            other => panic!("a block of {other:?}"),
        }
        *seen.get_mut(info.as_str()).unwrap() += 1;
    }
    assert!(seen.values().all(|count| *count >= 5), "{seen:?}");
}

#[test]
fn example_files_are_manifests() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/examples");
    let file = |path: &str| std::fs::read_to_string(directory.join(path)).map_err(|error| error.to_string());
    let mut seen = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let inputs = Inputs { environment: &|_| None, file: &file };
        let manifest = parse_bytes(&std::fs::read(&path).unwrap(), &name, &inputs)
            .unwrap_or_else(|wrong| panic!("{wrong}"));
        assert!(manifest.unsupported().is_empty(), "{}", manifest.unsupported());
        lower(&manifest, &placeholder_archives()).unwrap().order().unwrap();
        seen += 1;
    }
    assert!(seen >= 4, "{seen} examples");
}

#[test]
fn every_key_and_variable_is_described() {
    // The full example has every key but those of features to come; unknown keys would be errors there.
    let full = include_str!("../../../specs/examples/full.yaml");
    let words = full.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let keys = words
        .filter_map(|word| word.strip_suffix(':'))
        .filter(|key| key.starts_with(|c: char| c.is_ascii_lowercase()));
    let known_elsewhere = ["cache", "memory", "https", "ufw"];
    for key in
        keys.filter(|key| !known_elsewhere.contains(key)).chain(["template", "before_node", "after_node"])
    {
        assert!(SPECIFICATION.contains(&format!("`{key}`")), "{key} is not described");
    }
    for variable in TEMPLATE_VARIABLES {
        assert!(SPECIFICATION.contains(&format!("`{variable}`")), "{variable} is not described");
    }
}
