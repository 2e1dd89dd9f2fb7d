//! Real Debian hosts for tests: systemd, sshd, sudo and ufw, booted in seconds on one machine.
//!
//! A [`Lab`] is a set of [`Host`]s on a network of their own. Each host is a `systemd-nspawn`
//! container with its own kernel namespaces, an overlay on a shared [`BaseTree`] as its disk, and an
//! ssh server that a tool under test meets as it would meet a rented machine.
//!
//! ```no_run
//! use crdbctl_testlab::{Lab, require_lab};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let Some(lab) = require_lab(Lab::builder().hosts(3).name_prefix("store")) else {
//!     return Ok(()); // reported as skipped
//! };
//! let store = lab.host("store-1");
//! store.exec_ok("ufw --force enable")?;
//! store.power_cut()?;
//! store.power_on()?;
//! # Ok(())
//! # }
//! ```
//!
//! A lab needs root on Linux and Debian's packages; [`availability::check`] says what is missing.
//! Dropping a lab removes its processes, mounts, links and files.

mod base;
mod boot;
mod builder;
mod cgroup;
mod error;
mod exec;
mod faults;
mod files;
mod host;
mod keys;
mod lab;
mod listing;
mod network;
mod output;
mod persistent;
mod power;
mod process;
mod programs;
mod recipe;
mod record;
mod require;
mod seed;
mod ssh;
mod store;
mod subnet;
mod teardown;

pub mod availability;
pub mod users;

pub use base::BaseTree;
pub use builder::LabBuilder;
pub use error::{LabError, LabErrorKind};
pub use host::{Host, HostName};
pub use lab::Lab;
pub use listing::{Difference, Entry, EntryKind, Listing, VOLATILE};
pub use output::Output;
pub use programs::{install, install_missing as install_missing_programs, is_installed};
pub use require::{REQUIRE_VARIABLE, SKIPPED_VARIABLE, require_lab, skip, skip_unless_required};
pub use subnet::Subnet;
