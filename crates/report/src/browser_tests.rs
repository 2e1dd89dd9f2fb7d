//! The pages of plans in a real browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crdbctl_model::Plan;
use serde_json::json;

use crate::corpus::{corpus, scattered};
use crate::tally::Tally;
use crate::word::{impact_word, word};
use crate::{HtmlOptions, render_html};

/// Names a directory to which the pages are written, with pictures of them: light and dark, wide and narrow.
const SCREENSHOTS: &str = "CRDBCTL_SCREENSHOTS";

/// What playwright-core runs on.
const OLDEST_NODE: u32 = 20;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("browser")
}

/// Returns the browser and the directory of the program that uses it, or why they cannot be had.
fn browser() -> Result<(PathBuf, PathBuf), String> {
    let here = folder();
    let setup = "`cargo xtask setup` brings it";
    let Ok(node) = Command::new("node").arg("--version").output() else {
        return Err(format!("there is no node; {setup}"));
    };
    let version = String::from_utf8_lossy(&node.stdout);
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    if major.parse::<u32>().is_ok_and(|major| major < OLDEST_NODE) {
        return Err(format!("node is {}; {OLDEST_NODE} is needed", version.trim()));
    }
    if !here.join("node_modules/playwright-core").exists() || !here.join("node_modules/axe-core").exists() {
        return Err(format!("what drives the browser is not in {}; {setup}", here.display()));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path)
        .flat_map(|directory| all.map(|name| directory.join(name)))
        .find(|program| program.is_file());
    let browser = found.ok_or_else(|| format!("there is no Chromium; {setup}"))?;
    Ok((browser, here))
}

fn write(directory: &Path, name: &str, plan: &Plan) {
    let options = HtmlOptions { subtitle: "3 nodes probed in 0.9s", graph: None, ..HtmlOptions::default() };
    fs::write(directory.join(format!("{name}.html")), render_html(plan, &options)).unwrap();
    let changes: Vec<_> = plan
        .changes
        .iter()
        .map(|change| {
            json!({
                "addr": change.addr,
                "kind": change.addr.kind.word(),
                "action": word(change.action),
                "impact": impact_word(change),
                "cause": word(change.cause),
            })
        })
        .collect();
    let mut counts = json!(Tally::of(plan));
    counts.as_object_mut().unwrap().retain(|name, _| !["put_off", "carried"].contains(&name.as_str()));
    let expected = json!({ "changes": changes, "counts": counts });
    fs::write(directory.join(format!("{name}.json")), expected.to_string()).unwrap();
}

#[test]
fn pages_can_be_used_in_a_browser() {
    let (browser, here) = match browser() {
        Ok(found) => found,
        Err(reason) => return crdbctl_testlab::skip_unless_required(&reason),
    };
    let temporary = tempfile::tempdir().unwrap();
    let pictures = std::env::var_os(SCREENSHOTS).map(PathBuf::from);
    // Beside their pictures, pages can be looked at.
    let directory = pictures.as_deref().unwrap_or(temporary.path());
    fs::create_dir_all(directory).unwrap();
    for (name, plan) in corpus() {
        write(directory, name, &plan);
    }
    write(directory, "scattered", &scattered(15));
    let mut program = Command::new("node");
    program.arg(here.join("use.mjs")).arg(directory).arg(browser);
    program.args(pictures);
    let done = program.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    println!("{said}");
}

#[test]
fn what_drives_the_browser_is_locked_without_the_name_of_a_registry() {
    let read = |name: &str| fs::read_to_string(folder().join(name)).unwrap();
    let lock: serde_json::Value = serde_json::from_str(&read("package-lock.json")).unwrap();
    let packages = lock["packages"].as_object().unwrap();
    assert_eq!(packages.len(), 3);
    for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
        assert!(package["integrity"].as_str().unwrap().starts_with("sha512-"), "{name}");
        assert_eq!(
            package.get("resolved"),
            None,
            "{name}: npm wrote where it comes from here; take that out"
        );
    }
    assert!(!read("package-lock.json").contains("://"));
}
