use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, thread};

use crdbctl_testlab::{Lab, SKIPPED_VARIABLE, availability};
use roachsim::archive::BINARY_VARIABLE;

use crate::build::Targets;
use crate::runner::{Show, Watched, cargo, colour, succeeds, watch};
use crate::slowest::Slowest;
use crate::steps::{Steps, patiently};
use crate::{Failure, browser, build, linters, setup, ssh_server};

const STEPS: [&str; 4] =
    ["prepare this machine", "build", "run the examples in documentation", "run the tests"];
const STEPS_OF_A_PART: [&str; 3] = ["prepare this machine", "build", "run tests"];

/// Nextest's filter for what `--quick` leaves out: the tests that boot hosts or open a browser. Each place that calls
/// `require_lab` is in it; a test below holds it to that.
const SLOW: &str = "binary_id(=crdbctl::real_hosts) | (package(=crdbctl-testlab) & kind(test)) | \
                    binary_id(=crdbctl-transport::privilege) | binary_id(=crdbctl-spec::systemd) | \
                    test(pages_can_be_used_in_a_browser)";

/// How many tests run at once beyond the number of cores: labs wait for most of their time. With one more, this is `max-threads`
/// of the group `lab` in `.config/nextest.toml`.
const WAITING_LABS: usize = 2;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out the tests that boot hosts or open a browser, and the documentation tests
    #[arg(long, conflicts_with = "nextest")]
    quick: bool,
    /// Arguments for `cargo nextest run`, after `--`; without any, documentation tests run too
    #[arg(last = true)]
    nextest: Vec<String>,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let is_whole = self.nextest.is_empty() && !self.quick;
        let names: &[&str] = if is_whole { &STEPS } else { &STEPS_OF_A_PART };
        // How long a part takes says nothing of another part.
        let quick = if self.quick { "--quick " } else { "" };
        let mut steps = Steps::new(format!("test {quick}{}", self.nextest.join(" ")), names);
        steps.next(|| {
            prepare(self.quick);
            Ok(())
        })?;
        let skipped = skipped_file()?;
        let Some(stand_in) = steps.next(|| build::workspace(Targets::All))? else {
            return Ok(ExitCode::FAILURE);
        };
        let mut passed = true;
        if is_whole {
            passed &= steps.next(|| succeeds(cargo().args(["test", "--workspace", "--doc", "--quiet"])))?;
        }
        let (tests_passed, summary) = steps.next(|| {
            if has_nextest()? {
                self.run_nextest(&skipped, &stand_in)
            } else {
                self.run_cargo_test(&skipped, &stand_in)
            }
        })?;
        passed &= tests_passed;
        if availability::check().is_ok() {
            // Tests that were killed could not remove their labs.
            Lab::sweep()?;
        }
        show_skipped(&skipped)?;
        println!("{summary}");
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn run_nextest(&self, skipped: &Path, stand_in: &Path) -> Result<(bool, String), Failure> {
        let mut summary = "no summary was printed".to_owned();
        let mut ignored = Vec::new();
        let mut slowest = Slowest::default();
        let mut command = cargo();
        command.args(["nextest", "run", "--workspace", "--color", colour()]).args(&self.nextest);
        if self.quick {
            command.args(["-E", &format!("not ({SLOW})")]);
        } else if self.nextest.is_empty() {
            // Of a part, all others would have a line.
            command.args(["--status-level", "skip"]);
            command.args([
                "--test-threads",
                &(thread::available_parallelism()?.get() + WAITING_LABS).to_string(),
            ]);
        }
        command.env(SKIPPED_VARIABLE, skipped).env(BINARY_VARIABLE, stand_in);
        let passed = watch(&mut command, Watched::Stderr, |line| {
            let line = line.trim();
            slowest.add(line);
            if line.starts_with("Summary [") {
                // It stands at the very end.
                line.clone_into(&mut summary);
                return Show::No;
            }
            let ignored_test = line.strip_prefix("SKIP [").and_then(|rest| rest.split_once("] "));
            ignored.extend(ignored_test.map(|(_, test)| test.trim().to_owned()));
            if ignored_test.is_some() { Show::No } else { Show::Yes }
        })?;
        if let Some(table) = slowest.table() {
            println!("\n{table}");
        }
        if !ignored.is_empty() {
            println!("\n{} tests are marked #[ignore] and were not run:", ignored.len());
            ignored.iter().for_each(|test| println!("  {test}"));
            println!("To run these alone: cargo xtask test -- --run-ignored only");
        }
        Ok((passed, summary))
    }

    fn run_cargo_test(&self, skipped: &Path, stand_in: &Path) -> Result<(bool, String), Failure> {
        if self.quick || !self.nextest.is_empty() {
            return Err("cargo-nextest is not there to take these arguments or `--quick`".into());
        }
        let mut totals = Totals::default();
        let mut command = cargo();
        command
            .args(["test", "--workspace", "--all-targets", "--no-fail-fast"])
            .env(SKIPPED_VARIABLE, skipped)
            .env(BINARY_VARIABLE, stand_in);
        let passed = watch(&mut command, Watched::Stdout, |line| {
            totals.add(line);
            Show::Yes
        })?;
        Ok((
            passed,
            format!(
                "Summary: {} passed, {} failed, {} ignored",
                totals.passed, totals.failed, totals.ignored
            ),
        ))
    }
}

/// Installs what the tests need, without hosts and the browser for quick ones. What cannot be had is a warning: the tests that
/// need it say so.
fn prepare(is_quick: bool) {
    let mut results = vec![
        patiently("install an sshd and login shells", ssh_server::prepare),
        patiently("install what checks workflows", linters::prepare),
    ];
    if !is_quick {
        let browser = patiently("install a browser and what drives it", browser::prepare);
        results.extend([setup::prepare().map_err(Failure::from), browser]);
    }
    for result in results {
        if let Err(error) = result {
            eprintln!("warning: {error}");
        }
    }
}

/// Returns whether `cargo nextest` runs, after trying to install it.
fn has_nextest() -> Result<bool, Failure> {
    let is_there =
        || Ok::<_, Failure>(Command::output(cargo().args(["nextest", "--version"]))?.status.success());
    if is_there()? {
        return Ok(true);
    }
    println!("installing cargo-nextest, which takes some minutes");
    // Unoptimized it compiles in half the time, and it only waits for the tests.
    let mut install = cargo();
    install.args(["install", "--locked", "--debug", "cargo-nextest"]).env("CARGO_PROFILE_DEV_DEBUG", "0");
    if succeeds(&mut install)? && is_there()? {
        return Ok(true);
    }
    eprintln!(
        "warning: cargo-nextest could not be installed; running `cargo test`, which knows no time limits"
    );
    Ok(false)
}

/// Returns the file, not there yet, to which tests add themselves when they skip.
fn skipped_file() -> Result<PathBuf, Failure> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    fs::create_dir_all(&target)?;
    let path = target.canonicalize()?.join("skipped-tests");
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(path),
    }
}

fn show_skipped(path: &Path) -> Result<(), Failure> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        text => text?,
    };
    println!("\n{} tests counted as passed were SKIPPED:", text.lines().count());
    let mut names = Vec::new();
    for line in text.lines() {
        let (name, reason) = line.split_once('\t').unwrap_or((line, "no reason given"));
        println!("  {name}: {reason}");
        names.push(name);
    }
    println!("To run these alone: cargo xtask test -- -E '{}'\n", filter(&names));
    Ok(())
}

/// Returns nextest's filter for tests that are named as in its output: `crdbctl-pki::parse a_test`.
fn filter(names: &[&str]) -> String {
    let one = |name: &&str| match name.split_once(' ') {
        Some((binary, test)) => format!("(binary_id(={binary}) & test(={test}))"),
        None => format!("test(={name})"),
    };
    names.iter().map(one).collect::<Vec<_>>().join(" | ")
}

/// Sums of cargo's `test result` lines.
#[derive(Default)]
struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Totals {
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        for part in result.split([';', '.']) {
            let Some((number, what)) = part.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{SLOW, Totals, filter};

    /// Returns the Rust files under a directory that hold these words.
    fn files_with(words: &str, directory: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") {
                found.extend(files_with(words, &path));
            } else if path.extension().is_some_and(|it| it == "rs")
                && std::fs::read_to_string(&path).unwrap().contains(words)
            {
                found.push(path.display().to_string());
            }
        }
        found
    }

    #[test]
    fn quick_tests_boot_no_hosts() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = files_with("require_lab(", &root.join("crates"));
        files.extend(files_with("require_lab(", &root.join("tests")));
        assert!(!files.is_empty());
        for file in files {
            // Where a lab is booted, and what leaves that out.
            let (_, term) = [
                ("/cli/tests/real_hosts/", "binary_id(=crdbctl::real_hosts)"),
                ("/testlab/tests/", "(package(=crdbctl-testlab) & kind(test))"),
                ("/transport/tests/privilege", "binary_id(=crdbctl-transport::privilege)"),
                ("/spec/tests/systemd.rs", "binary_id(=crdbctl-spec::systemd)"),
                // The definition, and this file.
                ("/testlab/src/", ""),
                ("/xtask/src/test.rs", ""),
            ]
            .into_iter()
            .find(|(place, _)| file.contains(place))
            .unwrap_or_else(|| panic!("{file} boots hosts: add it to SLOW"));
            assert!(SLOW.contains(term), "{file} boots hosts, and SLOW lacks {term}");
        }
    }

    #[test]
    fn skipped_tests_can_be_run_alone() {
        assert_eq!(
            filter(&["crdbctl-transport::openssh a_test", "another"]),
            "(binary_id(=crdbctl-transport::openssh) & test(=a_test)) | test(=another)"
        );
    }

    #[test]
    fn results_are_summed() {
        let mut totals = Totals::default();
        totals.add(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        );
        totals.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.00s");
        totals.add("running 3 tests");
        assert_eq!((totals.passed, totals.failed, totals.ignored), (15, 2, 1));
    }
}
