//! Plans in files: written by `plan -o`, printed by `show`, carried out by `apply FILE`.
//!
//! A file holds the plan ([`SavedPlan`]), the options that shaped it, and digests of what it rests on: of every desired
//! resource, and of everything that was found ([`Seen`]). `apply` never does what a file says: it makes the plan again from
//! what it finds, and goes on only when that is the plan of the file ([`staleness`]).

mod document;
mod saved_plan;
mod seen;
pub(crate) mod staleness;
#[cfg(test)]
mod tests;

pub(crate) use document::{bytes, of, read, text};
pub(crate) use saved_plan::{SavedOptions, SavedPlan};
pub(crate) use seen::{Seen, SeenNode};
