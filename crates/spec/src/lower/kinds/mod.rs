//! The resources of each kind.

pub(super) mod authority;
pub(super) mod certificate;
pub(super) mod directory;
pub(super) mod file;
pub(super) mod firewall;
pub(super) mod group;
pub(super) mod init;
pub(super) mod link;
pub(super) mod members;
pub(super) mod package;
pub(super) mod service;
pub(super) mod setting;
pub(super) mod unit;
pub(super) mod user;
pub(super) mod version;
