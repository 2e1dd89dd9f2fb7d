//! Plays a page of the documentation on real hosts: what it shows is what comes.
//!
//! Of a page, in order:
//! - a block ` ```yaml cluster.yaml ` is the manifest's beginning; what the lab needs (where hosts are, which archive) is
//!   added to it and is not shown;
//! - a block ` ```diff ` changes it: lines that begin with `-` are there and go, those with `+` come in their place;
//! - a block ` ```console ` holds commands after `$ ` (here), `store-1# ` (as root on that host), and what they print. A
//!   line `…` stands for any lines. A last line `(exit 2)` is the exit code; without it the code is 0.
//!
//! Figures that differ from run to run (times, dates, digests, sizes) are compared as what they are, not by value.
//!
//! With `CRDBCTL_RECORD_PAGES` set, what came is written into the page instead: look at it, and shorten it with `…`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::bench::Bench;

/// A step of a page.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Manifest(String),
    Diff(String),
    Command { line: usize, prompt: String, command: String, expected: Vec<String>, code: i32 },
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let block: Vec<(usize, &str)> =
            lines.by_ref().take_while(|(_, line)| !line.starts_with("```")).collect();
        let text = || block.iter().fold(String::new(), |text, (_, line)| text + line + "\n");
        match kind {
            "yaml cluster.yaml" => steps.push(Step::Manifest(text())),
            "diff" => steps.push(Step::Diff(text())),
            "console" => steps.extend(commands(&block)),
            _ => {}
        }
    }
    steps
}

fn commands(block: &[(usize, &str)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, line) in block {
        let host =
            line.split_once("# ").filter(|(name, _)| name.starts_with("store-") && !name.contains(' '));
        if let Some((prompt, command)) = line.strip_prefix("$ ").map(|command| ("$", command)).or(host) {
            let (prompt, command) = (prompt.to_owned(), command.to_owned());
            steps.push(Step::Command { line: number + 1, prompt, command, expected: Vec::new(), code: 0 });
        } else if let Some(Step::Command { expected, code, .. }) = steps.last_mut() {
            match line.strip_prefix("(exit ").and_then(|rest| rest.strip_suffix(')')) {
                Some(said) => *code = said.parse().unwrap(),
                None => expected.push((*line).to_owned()),
            }
        } else {
            panic!("line {}: a console block begins with a command", number + 1);
        }
    }
    steps
}

/// Plays the page at `path` of the repository on as many hosts as it names at most, `store-1` and up.
pub(crate) fn play(path: &str, hosts: usize) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let text = std::fs::read_to_string(&page).unwrap();
    let steps = steps(&text);
    assert!(steps.iter().any(|step| matches!(step, Step::Command { .. })), "{path} has no commands");
    let Some(bench) = Bench::start_stand_in(hosts) else { return };
    let archives = crate::release::archives(&["v24.1.0", "v24.1.1", "v24.3.0"]);
    let mut manifest = String::new();
    let recording = std::env::var_os("CRDBCTL_RECORD_PAGES").is_some();
    let mut recorded = BTreeMap::new();
    for step in steps {
        match step {
            Step::Manifest(text) => manifest = text,
            Step::Diff(diff) => manifest = changed(&manifest, &diff, path),
            Step::Command { line, prompt, command, expected, code } => {
                std::fs::write(bench.path("cluster.yaml"), for_lab(&manifest, &bench, &archives)).unwrap();
                let (said, ended) = run(&bench, &prompt, &command);
                let said = for_page(&said, &bench, &archives);
                if recording {
                    recorded.insert(
                        line,
                        said + &if ended == 0 { String::new() } else { format!("(exit {ended})\n") },
                    );
                    continue;
                }
                let context = || format!("{path}:{line}: {prompt} {command}\nsaid:\n{said}");
                assert_eq!(ended, code, "{}", context());
                if let Err(wrong) = compare(&expected, &said) {
                    panic!("{wrong}\n{}", context());
                }
            }
        }
    }
    if recording {
        std::fs::write(&page, record(&text, &recorded)).unwrap();
        panic!("{path} was recorded, and not checked");
    }
}

/// Returns the page with what came after the commands, by their lines.
fn record(page: &str, recorded: &BTreeMap<usize, String>) -> String {
    let mut text = String::new();
    let mut skipping = false;
    for (number, line) in (1..).zip(page.lines()) {
        let said = recorded.get(&number);
        skipping = said.is_none() && skipping && !line.starts_with("```");
        if !skipping {
            text.push_str(line);
            text.push('\n');
        }
        if let Some(said) = said {
            text.push_str(said);
            skipping = true;
        }
    }
    text
}

/// Returns the manifest after a diff.
fn changed(manifest: &str, diff: &str, path: &str) -> String {
    let text = manifest;
    let (mut from, mut to) = (String::new(), String::new());
    for line in diff.lines() {
        if let Some(gone) = line.strip_prefix('-') {
            from.push_str(gone);
            from.push('\n');
        } else if let Some(new) = line.strip_prefix('+') {
            to.push_str(new);
            to.push('\n');
        } else {
            let kept = format!("{}\n", line.strip_prefix(' ').unwrap_or(line));
            from.push_str(&kept);
            to.push_str(&kept);
        }
    }
    assert!(!from.is_empty() && text.matches(&from).count() == 1, "{path}: {from:?} is not once in\n{text}");
    text.replacen(&from, &to, 1)
}

/// The page's manifest with what the lab needs: its addresses, its ssh, archives of the stand-in, no patience.
fn for_lab(manifest: &str, bench: &Bench, archives: &Path) -> String {
    let archive =
        format!("\n  archive: {}/cockroach-{{version}}.{{os}}-{{arch}}.tgz\n  version:", archives.display());
    let mut text = manifest.replacen("\n  version:", &archive, 1);
    for (number, host) in (1..).zip(bench.lab.hosts()) {
        let shown = page_address(number);
        let real = format!("{}, hostname: {}", host.address(), host.name());
        text = text.replace(&format!("address: {shown}"), &format!("address: {real}"));
        text = text.replace(&shown, &host.address().to_string());
    }
    let _ = writeln!(
        text,
        "ssh: {{user: {}, config_file: {}}}",
        crate::bench::ADMIN,
        bench.lab.ssh_config().display()
    );
    if text.contains("\nrollout: {") {
        text = text.replace("\nrollout: {", "\nrollout: {settle: 0s, ranges_pause: 1s, ");
    } else {
        text.push_str("rollout: {settle: 0s, ranges_pause: 1s, health_timeout: 60s}\n");
    }
    text
}

/// What was said, with the page's addresses and paths.
fn for_page(said: &str, bench: &Bench, archives: &Path) -> String {
    let mut text = said.replace(&archives.display().to_string(), "archives");
    for (number, host) in (1..).zip(bench.lab.hosts()) {
        text = text.replace(&host.address().to_string(), &page_address(number));
    }
    text
}

fn page_address(number: usize) -> String {
    format!("198.0.2.{}", 160 + number)
}

fn run(bench: &Bench, prompt: &str, command: &str) -> (String, i32) {
    if prompt != "$" {
        let done = bench.lab.host(prompt).exec(command).unwrap();
        return (done.text(), done.code.unwrap_or(-1));
    }
    // Of what people see on a terminal, standard error comes with the rest.
    let output = bench.shell(&format!("{command} 2>&1"));
    (output.stdout, output.code)
}

/// Compares what a page shows with what came, a line `…` standing for any lines.
fn compare(expected: &[String], said: &str) -> Result<(), String> {
    // On a slow machine crdbctl says for whom it waits.
    let said: Vec<String> =
        said.lines().filter(|line| !line.starts_with("Waiting for ")).map(plain).collect();
    let mut rest = said.as_slice();
    let mut skipping = false;
    for line in expected.iter().filter(|line| !line.trim().is_empty()) {
        if line.trim() == "…" {
            skipping = true;
            continue;
        }
        let wanted = plain(line);
        rest = match rest.iter().position(|line| *line == wanted) {
            Some(0) => &rest[1..],
            Some(at) if skipping || rest[..at].iter().all(String::is_empty) => &rest[at + 1..],
            _ => return Err(format!("not said, or not there: {wanted:?}")),
        };
        skipping = false;
    }
    match rest.iter().find(|line| !line.is_empty()) {
        Some(line) if !skipping && !expected.is_empty() => Err(format!("not in the page: {line:?}")),
        _ => Ok(()),
    }
}

/// A line with what differs from run to run taken out, and columns closed up.
fn plain(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let sized = |index: usize| {
        words
            .get(index + 1)
            .is_some_and(|next| ["B", "kB", "MB", "GB"].iter().any(|unit| next.starts_with(unit)))
    };
    let plain: Vec<String> =
        words.iter().enumerate().map(|(index, word)| figure(word, sized(index))).collect();
    // The same day, or not, around midnight.
    let line = plain.join(" ").replace("DATE (another)", "DATE -> DATE");
    // How long a step took is told when it was long.
    if line.starts_with("TIME ") { line.trim_end_matches(" in NUMBER").to_owned() } else { line }
}

/// A quantity with a unit, a time of day, a date or a digest as a mark of what it is; every other word as it is.
fn figure(word: &str, sized: bool) -> String {
    let core = word.trim_matches(|c: char| ",()[];:".contains(c)).trim_end_matches('.');
    let (before, after) = word.split_once(core).unwrap_or_default();
    let digest = core.trim_end_matches('…');
    let number = core.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    let unit = &core[number.len()..];
    let digits = |separator: char| {
        core.split(separator).all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
    };
    let duration = |core: &str| {
        core.split(['h', 'm', 's']).all(|part| part.chars().all(|c| c.is_ascii_digit()))
            && core.starts_with(|c: char| c.is_ascii_digit())
            && core.ends_with(['h', 'm', 's'])
    };
    let id =
        core.strip_prefix('n').is_some_and(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()));
    let mark = if id {
        // Given in the order in which nodes came.
        "ID"
    } else if duration(core) {
        "NUMBER"
    } else if digest.len() >= 8 && digest.chars().all(|c| c.is_ascii_hexdigit()) {
        "DIGEST"
    } else if core.contains(':') && digits(':') {
        "TIME"
    } else if is_run(core) {
        "RUN"
    } else if core.matches('-').count() == 2 && digits('-') {
        "DATE"
    } else if number.parse::<f64>().is_ok()
        && (sized || core.contains('.') || ["s", "ms", "m", "h", "%"].contains(&unit))
    {
        "NUMBER"
    } else {
        // ca.key.0a1b2c3d….old
        let is_digest = |part: &&str| part.len() >= 8 && part.chars().all(|c| c.is_ascii_hexdigit());
        return word
            .split('.')
            .map(|part| if is_digest(&part) { "DIGEST" } else { part })
            .collect::<Vec<_>>()
            .join(".");
    };
    format!("{before}{mark}{after}")
}

/// Whether a word is the id of a run, `20261204-101500-1a2b3c4d`.
fn is_run(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 6, 8] && parts.iter().all(|part| part.chars().all(|c| c.is_ascii_hexdigit()))
}

#[test]
fn a_page_is_read_in_steps() {
    let page = "text\n```yaml cluster.yaml\na: 1\nb: 2\n```\n```diff\n a: 1\n-b: 2\n+b: 3\n```\n\
                ```console\n$ crdbctl plan\nline\n…\n(exit 2)\nstore-1# true\n```\n```yaml\nx\n```\n";
    let command = |line, prompt: &str, command: &str, expected: &[&str], code| Step::Command {
        line,
        prompt: prompt.to_owned(),
        command: command.to_owned(),
        expected: expected.iter().map(|line| (*line).to_owned()).collect(),
        code,
    };
    let diff = " a: 1\n-b: 2\n+b: 3\n".to_owned();
    assert_eq!(changed("a: 1\nb: 2\n", &diff, "page"), "a: 1\nb: 3\n");
    assert_eq!(
        steps(page),
        [
            Step::Manifest("a: 1\nb: 2\n".to_owned()),
            Step::Diff(diff),
            command(12, "$", "crdbctl plan", &["line", "…"], 2),
            command(16, "store-1", "true", &[], 0),
        ]
    );
}

#[test]
fn a_page_is_recorded_with_all_that_came() {
    let page = "a\n```console\n$ one\nold\n…\n$ two\n```\nb\n";
    let recorded = BTreeMap::from([(3, "new\n".to_owned()), (6, "x\n(exit 2)\n".to_owned())]);
    assert_eq!(record(page, &recorded), "a\n```console\n$ one\nnew\n$ two\nx\n(exit 2)\n```\nb\n");
}

#[test]
fn a_page_that_shows_something_else_is_found() {
    let shown = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let said = "3 nodes probed in 0.9s\n\n  # store-1/x\nPlan: 1 to create.\n";
    assert_eq!(compare(&shown(&["3 nodes probed in 1.25s", "# store-1/x", "…"]), said), Ok(()));
    assert_eq!(compare(&shown(&["…", "Plan: 1 to create."]), said), Ok(()));
    assert!(compare(&shown(&["4 nodes probed in 1.2s", "…"]), said).is_err());
    assert!(compare(&shown(&["3 nodes probed in 1.2s"]), said).is_err(), "more was said");
    assert!(compare(&shown(&["…", "Plan: 2 to create."]), said).is_err());
    assert!(compare(&shown(&["Plan: 1 to create.", "…"]), said).is_err(), "it is not the first line");
    assert_eq!(
        plain("v24.1.0 198.0.2.161 12:01:02 2026-11-22 sha256 0a1b2c3d…  1.7 n3 1m35s (58s no"),
        "v24.1.0 198.0.2.161 TIME DATE sha256 DIGEST NUMBER ID NUMBER (NUMBER no"
    );
    assert_eq!(plain("crdbctl log 20261204-101500-1a2b3c4d."), "crdbctl log RUN.");
    assert_eq!(plain("ca.key -> ca.key.0a1b2c3d4e.old"), "ca.key -> ca.key.DIGEST.old");
    assert_eq!(plain("12:01:02  a/b: created in 0.3s"), plain("12:01:03  a/b: created"));
}
