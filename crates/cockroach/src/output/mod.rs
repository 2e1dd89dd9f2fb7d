//! Parsers of what CockroachDB says: on its command line, on its HTTP endpoints, and by its exit status.
//!
//! They take what was read elsewhere and never panic. Unknown columns, metrics and sentences are left alone; what
//! is wanted and cannot be understood is an error, and never taken for absent.

mod decommission;
mod exit;
mod failure;
mod health;
mod init;
pub mod messages;
mod node_addresses;
mod node_status;
mod node_table;
mod setting;
mod vars;
mod version;

pub use decommission::{DecommissionStatus, decommission_status};
pub use exit::ExitCode;
pub use failure::{Failure, FailureKind};
pub use health::Health;
pub use init::InitOutcome;
pub use node_addresses::node_addresses;
pub use node_status::{Membership, NodeStatus, node_status};
pub use node_table::{TableError, TableErrorKind};
pub use setting::{is_unknown_setting, setting};
pub use vars::{Vars, VarsError};
pub use version::{VersionInfo, VersionInfoError, build_tag, version_info};
