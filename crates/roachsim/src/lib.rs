//! A stand-in for the `cockroach` program.
//!
//! **This is a test double.** It stores no data and speaks no SQL. crdbctl's tests install it on real
//! hosts instead of CockroachDB because it is small, starts at once and fails on demand.

pub mod archive;
pub mod release;
pub mod trailer;
