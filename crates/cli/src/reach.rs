//! What the source of commands that only look can reach: nothing that changes a host.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Commands that change nothing on any host, by the names of their modules.
const LOOKING: [&str; 9] = [
    "commands::certs::list",
    "commands::drift",
    "commands::graph",
    "commands::plan",
    "commands::probe",
    "commands::render",
    "commands::show",
    "commands::status",
    "commands::validate",
];

/// What no file that they reach may name: the crate that changes hosts, and scripts that do.
const FORBIDDEN: [&str; 3] = ["crdbctl_apply", "Mutating", "open_channel"];

/// Every module of the program with its source, without tests.
fn modules() -> BTreeMap<String, String> {
    fn gather(directory: &Path, prefix: &str, into: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let path: PathBuf = entry.path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                gather(&path, &format!("{prefix}{stem}::"), into);
            } else {
                let name = match stem.as_str() {
                    "mod" => prefix.trim_end_matches("::").to_owned(),
                    stem => format!("{prefix}{stem}"),
                };
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
                into.insert(name, lines.collect::<Vec<_>>().join("\n"));
            }
        }
    }
    let mut modules = BTreeMap::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut modules);
    modules
}

/// The modules that a piece of source names: rather too many than too few, as a name counts wherever it stands.
fn named<'a>(of: &str, code: &str, modules: &'a BTreeMap<String, String>) -> BTreeSet<&'a str> {
    let words: BTreeSet<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let is_used = |name: &&String| {
        let (parent, last) = name.rsplit_once("::").unwrap_or(("", name));
        let is_near = of == parent || of.rsplit_once("::").is_some_and(|(beside, _)| beside == parent);
        let is_called = code.contains(&format!("{last}::"))
            || code.contains(&format!("mod {last};"))
            || code.split("use crate::{").skip(1).any(|rest| {
                let list = rest.split("};").next().unwrap_or_default();
                list.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == last)
            });
        words.contains(last)
            && is_called
            && (parent.is_empty() || is_near || code.contains(&format!("{name}::")))
    };
    modules.keys().filter(is_used).map(String::as_str).collect()
}

/// The modules that one reaches, over any number of others.
fn reached<'a>(from: &'a str, modules: &'a BTreeMap<String, String>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for next in named(name, &modules[name], modules) {
            // The list of commands names all of them, and is named for its arguments alone.
            if next != "commands" && next != "main" && reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

#[test]
fn commands_that_only_look_reach_nothing_that_changes_a_host() {
    let modules = modules();
    for command in LOOKING {
        for name in reached(command, &modules) {
            for word in FORBIDDEN {
                assert!(!modules[name].contains(word), "{command} reaches {name}, which names {word}");
            }
        }
        assert!(
            !modules[command].contains("probe_to_apply"),
            "{command} holds connections that can change hosts"
        );
    }
}

#[test]
fn what_changes_hosts_is_found_where_it_is() {
    let modules = modules();
    for command in ["commands::apply", "commands::destroy", "commands::certs::rotate_ca"] {
        let reached = reached(command, &modules);
        assert!(reached.contains("applying"), "{command} reaches {reached:?}");
        assert!(modules["applying"].contains("crdbctl_apply"));
    }
    let reached = reached("commands::plan", &modules);
    for name in ["cluster", "observe", "document", "plan_format"] {
        assert!(reached.contains(name), "{name} is not among {reached:?}");
    }
}
