//! What `docs/ci.md` offers, and what runs it: a small stand-in for GitHub's runner, and the checkers of `.ci/linters`.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

mod action;
mod page;
mod tools;

pub(crate) use action::{Action, Finished};
pub(crate) use page::blocks;
pub(crate) use tools::{Tools, shellcheck};

use std::path::{Path, PathBuf};

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}
