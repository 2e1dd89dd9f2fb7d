//! What is known of CockroachDB: versions and upgrade rules, the flags of `cockroach start` by version, and
//! parsers of what its command line and its HTTP endpoints say.
//!
//! Everything here is pure: texts go in, values come out, nothing is read and nothing is run. Facts come from
//! CockroachDB's public documentation and source code, named where they are used; what could not be confirmed
//! there says so.

pub mod archive;
pub mod certificates;
pub mod client;
mod cluster_version;
pub mod flags;
pub mod members;
pub mod output;
pub mod releases;
mod series;
pub mod settings;
pub mod sql;
pub mod start;
pub mod upgrade;
mod version;

pub use cluster_version::{ClusterVersion, ClusterVersionError};
pub use series::{Series, SeriesError};
pub use version::{Version, VersionError, VersionErrorKind};
