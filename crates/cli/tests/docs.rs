//! Documents that have to keep up with the code.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{crdbctl, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Markdown file of the repository that people read.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    let mut open = vec![root().join("docs"), root().join("specs"), root().join("tests/roachsim")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// The folder of every crate, in `crates` and in `tests`.
fn crates() -> Vec<PathBuf> {
    let folders = ["crates", "tests"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
    folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

/// The lines of a document in fenced blocks (`true`) and around them (`false`).
fn lines(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut fenced = false;
    text.lines().filter_map(move |line| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        Some((fenced, line))
    })
}

/// What stands between backticks in a line.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The commands that a document tells people to run.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for (fenced, line) in lines(text) {
        if fenced {
            let line = line.trim_start().trim_start_matches("$ ");
            commands.push(line.split(" #").next().unwrap().trim().to_owned());
        } else {
            commands.extend(code_spans(line).map(str::to_owned));
        }
    }
    commands
}

/// The targets of a document's links, outside of fenced blocks and code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (_, line) in lines(text).filter(|(fenced, _)| !fenced) {
        let mut rest = line;
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            found.push(rest.split(')').next().unwrap().to_owned());
        }
    }
    found
}

/// The anchors of a document's headings, as forges make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = lines(text).filter(|(fenced, line)| !fenced && line.starts_with('#'));
    headings
        .map(|(_, line)| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The names in a section of a Cargo.toml.
fn toml_keys(text: &str, section: &str) -> BTreeSet<String> {
    let header = format!("[{section}]");
    let body = text.lines().skip_while(|line| *line != header).skip(1);
    body.take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim().to_owned()))
        .filter(|key| !key.starts_with('#'))
        .collect()
}

#[test]
fn commands_in_documents_exist_with_their_options() {
    let mut seen = BTreeSet::new();
    let pages = [
        "README.md",
        "CHANGELOG.md",
        "docs/contributing.md",
        "docs/architecture.md",
        "docs/ci.md",
        "docs/offline.md",
    ];
    for path in pages {
        for command in commands(&read(path)) {
            let mut words = command.split_whitespace();
            match (words.next(), words.next(), words.next()) {
                (Some("crdbctl"), Some(name), _) if name.chars().all(char::is_alphabetic) => {
                    let help = run(crdbctl().args([name, "--help"]));
                    assert_eq!(help.code, 0, "{path}: `{command}`: {}", help.stderr);
                    for option in command.split_whitespace().filter(|word| word.starts_with("--")) {
                        assert!(help.stdout.contains(option), "{path}: `{command}` has no {option}");
                    }
                    seen.insert(name.to_owned());
                }
                (Some("cargo"), Some("xtask"), Some(name)) if name.chars().all(char::is_alphabetic) => {
                    let module = format!("({name}),");
                    let main = read("crates/xtask/src/main.rs");
                    assert!(main.contains(&module), "{path}: there is no `cargo xtask {name}`");
                    seen.insert(format!("xtask {name}"));
                }
                _ => {}
            }
        }
    }
    for name in ["plan", "apply", "init", "validate", "xtask demo", "xtask test", "xtask lab"] {
        assert!(seen.contains(name), "no document speaks of `{name}` any more: {seen:?}");
    }
}

#[test]
fn the_manifest_of_the_readme_is_valid() {
    let readme = read("README.md");
    let manifest = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cluster.yaml");
    fs::write(&file, manifest).unwrap();
    let done = run(crdbctl().arg("-f").arg(&file).arg("validate"));
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[test]
fn relative_links_lead_somewhere() {
    let mut checked = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => document.clone(),
                file => document.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: nothing at {link}", document.display());
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(&target).unwrap());
                assert!(there.contains(anchor), "{}: no heading for {link}", document.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} links were found");
}

#[test]
fn every_crate_stands_in_the_architecture() {
    let architecture = read("docs/architecture.md");
    for path in crates() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let row = format!("| [`{name}`](");
        assert!(architecture.contains(&row), "docs/architecture.md has no row for {}", path.display());
    }
}

#[test]
fn every_dependency_has_a_reason_and_every_reason_a_dependency() {
    let own = |name: &String| name.starts_with("crdbctl-") || name == "roachsim";
    let mut declared = toml_keys(&read("Cargo.toml"), "workspace.dependencies");
    declared.retain(|name| !own(name));
    let reasons: BTreeSet<String> = read("docs/decisions/dependencies.md")
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| code_spans(line.split('|').nth(1).unwrap()).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let missing: Vec<_> = declared.difference(&reasons).collect();
    let idle: Vec<_> = reasons.difference(&declared).collect();
    assert!(missing.is_empty(), "docs/decisions/dependencies.md gives no reason for {missing:?}");
    assert!(idle.is_empty(), "docs/decisions/dependencies.md speaks of what is not in Cargo.toml: {idle:?}");
}

#[test]
fn every_declared_dependency_is_used() {
    let mut used = BTreeSet::new();
    for path in crates() {
        let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let keys = toml_keys(&manifest, section);
            used.extend(keys.iter().map(|key| key.split('.').next().unwrap().to_owned()));
        }
    }
    let declared = toml_keys(&read("Cargo.toml"), "workspace.dependencies");
    let idle: Vec<_> = declared.difference(&used).collect();
    assert!(idle.is_empty(), "no crate uses {idle:?}");
}

#[test]
fn every_decision_is_listed() {
    let index = read("docs/decisions/README.md");
    for entry in fs::read_dir(root().join("docs/decisions")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || index.contains(&format!("]({name})")), "{name} is not listed");
    }
}

#[test]
fn the_glossary_has_each_word_once_and_in_order() {
    let glossary = read("docs/glossary.md");
    let words: Vec<&str> =
        glossary.lines().filter_map(|line| line.strip_prefix("| **")?.split("**").next()).collect();
    assert!(words.is_sorted_by(|one, other| one < other), "not in order, or twice: {words:?}");
    let needed =
        "plan basis drift cause impact probe observation fact record gate rollout settle stage step target";
    for word in needed.split(' ').chain(["set aside", "address", "unknown", "stale", "lock"]) {
        assert!(words.contains(&word), "the glossary has no word for {word}");
    }
}
