//! The manifest: one file a section, each with its type and its decoder.

mod certificates;
mod check;
mod checks;
mod cockroach;
mod decode;
mod document;
mod environment;
mod firewall;
mod flags;
mod hooks;
mod install;
mod node;
mod rollout;
mod service;
mod ssh;
mod unsupported;
mod value;

pub use certificates::{Certificates, Lifetimes};
pub use checks::Checks;
pub use cockroach::{Cockroach, Delivery};
pub use document::Manifest;
pub use environment::Environment;
pub use firewall::{Firewall, Ufw};
pub use flags::{Flag, Flags};
pub use hooks::Hooks;
pub use install::Install;
pub use node::{Node, NodeState};
pub use rollout::Rollout;
pub(crate) use service::SYSTEMD_DIRECTORY;
pub use service::{DropIns, Service, Template};
pub use ssh::{Privilege, Ssh};
pub use value::{ArchiveSource, DiskFree, Jump, LocalPath, Locality, PeerName, SqlUser, SshUser, ValueError};
