//! The flags of `cockroach start`, by version, and checks of what a manifest says under `cockroach.flags`.
//!
//! The table ([`all`]) follows the pages of `cockroach start` of every series from v2.0 on
//! (<https://www.cockroachlabs.com/docs/stable/cockroach-start>) and, for flags that the pages leave out,
//! `pkg/cli/flags.go` of <https://github.com/cockroachdb/cockroach>. A page tells of a flag when it becomes
//! public, sometimes a series later than the program knows it: [`field@FlagSpec::since`] is then the later one.

mod check;
mod error;
mod shape;
mod spec;
mod suggest;
mod table;
pub(crate) mod value;

pub use check::{check, check_all};
pub use error::{FlagError, FlagErrorKind};
pub use shape::FlagShape;
pub use spec::{FlagSpec, Managed, RestartImpact};
pub use table::{all, find, of_version};
