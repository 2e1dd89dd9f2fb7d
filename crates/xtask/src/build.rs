//! Builds the workspace once, for all that runs its programs.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::Failure;
use crate::runner::{cargo, succeeds};

/// What of each package is built.
#[derive(Clone, Copy)]
pub(crate) enum Targets {
    /// The programs.
    Bins,
    /// The tests too, with the features that their libraries need: another build than that of the programs.
    All,
}

/// Builds the workspace and returns the stand-in without its symbols, or `None` when something does not compile.
///
/// A build of the stand-in alone, or in its small profile, would compile the cryptography library once more,
/// which takes minutes.
pub(crate) fn workspace(targets: Targets) -> Result<Option<PathBuf>, Failure> {
    let targets = match targets {
        Targets::Bins => "--bins",
        Targets::All => "--all-targets",
    };
    if !succeeds(cargo().args(["build", "--workspace", "--locked", targets]))? {
        return Ok(None);
    }
    let built = program("roachsim")?;
    let small = built.with_file_name("roachsim-stripped");
    let mut strip = Command::new("strip");
    if !succeeds(strip.arg("-o").arg(&small).arg(&built))? {
        return Err(format!("strip failed on {}", built.display()).into());
    }
    Ok(Some(small))
}

/// Returns where the workspace's build left a program.
pub(crate) fn program(name: &str) -> Result<PathBuf, Failure> {
    Ok(env::current_exe()?.with_file_name(name))
}
