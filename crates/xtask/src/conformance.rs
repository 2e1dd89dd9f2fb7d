//! `cargo xtask conformance`: whether a release, or the stand-in, behaves as crdbctl relies on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crdbctl_conformance::{CheckResult, DOCUMENT, Program, TABLE, Verdict, run, updated};
use roachsim::archive::{self, Arch};

use crate::build::Targets;
use crate::runner::{cargo, succeeds};
use crate::{Failure, build, setup};

/// What the stand-in plays when no archive is given: an upgrade that skips an Innovation release.
const PLAYED: [&str; 2] = ["v24.1.0", "v24.3.0"];

/// Arguments of `cargo xtask conformance`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A release archive (.tgz) to look at in place of the stand-in; given twice, the second is what to upgrade to
    #[arg(long = "archive", value_name = "FILE")]
    archives: Vec<PathBuf>,
    /// Run the checks alone, not the tests on real hosts that go with a given archive
    #[arg(long)]
    checks_only: bool,
    /// Write the table into docs/conformance.md, and run nothing
    #[arg(long, conflicts_with = "archives")]
    write_docs: bool,
}

impl Args {
    /// Runs all checks and prints a line each; fails when one does.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if self.write_docs {
            return write_docs();
        }
        if self.archives.len() > 2 {
            return Err("give one archive, or two of which the second is the newer".into());
        }
        let directory = tempfile::Builder::new().prefix("crdbctl-conformance-").tempdir()?;
        let hosts_run = self.archives.first().filter(|_| !self.checks_only).cloned();
        let archives = if self.archives.is_empty() {
            let Some(stand_in) = build::workspace(Targets::Bins)? else { return Ok(ExitCode::FAILURE) };
            let pack = |version: &str| -> Result<PathBuf, Failure> {
                Ok(archive::pack(&stand_in, version.parse()?, Arch::native(), directory.path())?.path)
            };
            PLAYED.iter().map(|version| pack(version)).collect::<Result<_, _>>()?
        } else {
            self.archives
        };
        let mut programs = archives.iter().map(|path| Program::unpack(path));
        let program = programs.next().ok_or("no archive")??;
        let newer = programs.next().transpose()?;
        println!("{}", headline(&program, newer.as_ref())?);
        println!("{:<26}{:<9}behaviour", "id", "verdict");

        let start = Instant::now();
        let report = run(&program, newer.as_ref(), show);
        for (check, trouble) in report.failures() {
            println!("\n{}: {}\n{trouble}", check.id, check.behaviour);
        }
        let failed = report.failures().count();
        let held = report.results.iter().filter(|result| result.verdict == Verdict::Holds).count();
        println!(
            "\n{held} hold, {failed} do not, {} skipped, after {} s",
            report.results.len() - held - failed,
            start.elapsed().as_secs()
        );
        let mut passed = failed == 0;
        if let Some(archive) = hosts_run {
            passed &= on_hosts(&archive)?;
        }
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Runs the tests on real hosts that need nothing of the stand-in, with the archive; the others say that they are skipped.
fn on_hosts(archive: &Path) -> Result<bool, Failure> {
    let archive = archive.canonicalize().map_err(|error| format!("{}: {error}", archive.display()))?;
    println!("\nTests on real hosts that run it:");
    if let Err(error) = setup::prepare() {
        println!("skipped: {error}");
        return Ok(true);
    }
    let mut command = cargo();
    command.args([
        "test",
        "--package",
        "crdbctl",
        "--test",
        "real_hosts",
        "--",
        "--test-threads=1",
        "--nocapture",
    ]);
    succeeds(command.env("CRDBCTL_TEST_ARCHIVE", archive))
}

/// Returns which programs are looked at, and whether they are the stand-in.
fn headline(program: &Program, newer: Option<&Program>) -> Result<String, Failure> {
    let name = |program: &Program| -> Result<String, Failure> {
        let is_stand_in = archive::release_of(&program.binary)?.is_some();
        Ok(format!("{} {}", if is_stand_in { "the stand-in as" } else { "cockroach" }, program.version))
    };
    let newer = newer.map(name).transpose()?.map(|newer| format!(", upgraded to {newer}"));
    Ok(format!("{} behaviours of {}{}\n", TABLE.len(), name(program)?, newer.unwrap_or_default()))
}

fn show(result: &CheckResult) {
    let why = match &result.verdict {
        Verdict::Skipped(reason) => format!(" [{reason}]"),
        _ => String::new(),
    };
    println!("{:<26}{:<9}{}{why}", result.check.id, result.verdict, result.check.behaviour);
}

fn write_docs() -> Result<ExitCode, Failure> {
    let path = Path::new(DOCUMENT);
    let text = fs::read_to_string(path).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let text = updated(&text).ok_or_else(|| format!("{DOCUMENT} has lost the marks around its table"))?;
    fs::write(path, text).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    println!("wrote {DOCUMENT}");
    Ok(ExitCode::SUCCESS)
}
