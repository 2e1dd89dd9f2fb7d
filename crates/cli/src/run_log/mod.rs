//! The logs of runs: one file for each run that went on after consent, in the user's state directory.
//!
//! `place` says where, `directory` opens, makes, lists and prunes without following a link, `redactor` keeps secrets out,
//! and `writer` writes a run's entries as they come. What the entries are, and how they read, is `crdbctl_report`'s.

mod directory;
mod place;
mod redactor;
mod writer;

pub(crate) use directory::RunDirectory;
pub(crate) use place::place;
pub(crate) use writer::{Logged, RunWriter};
