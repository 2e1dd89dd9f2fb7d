//! Builds the workspace once, for all that runs its programs.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::Failure;
use crate::runner::{cargo, succeeds};

/// Builds the workspace and returns the stand-in without its symbols, or `None` when something does not compile.
///
/// A build of the stand-in alone, or in its small profile, would compile the cryptography library once more,
/// which takes minutes.
pub(crate) fn workspace() -> Result<Option<PathBuf>, Failure> {
    if !succeeds(cargo().args(["build", "--workspace", "--locked"]))? {
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
