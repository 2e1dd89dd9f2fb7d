//! What crdbctl relies on in the `cockroach` program, behaviour by behaviour, each a check that runs the program.
//!
//! [`TABLE`] holds the behaviours with the source that each is known from and the first series that has it. [`run`]
//! tries them, in the table's order, on nodes of this machine with certificates as crdbctl makes them; what the
//! program says goes through the parsers of `crdbctl-cockroach` that crdbctl itself uses, so that words which they do not
//! understand fail a check. The program comes out of a release archive ([`Program`]), of the real one or of the stand-in.

mod bench;
mod check;
mod checks;
mod document;
mod program;
mod run;
mod source;
mod trouble;
mod verdict;

pub use check::{Check, Needs};
pub use checks::TABLE;
pub use document::{DOCUMENT, updated};
pub use program::{Program, ProgramError};
pub use run::{Report, Result as CheckResult, run};
pub use source::Source;
pub use trouble::Trouble;
pub use verdict::Verdict;
