//! The OpenSSH transport: one master process per host, sessions multiplexed over its control socket.

mod arguments;
mod diagnosis;
mod directory;
mod gate;
mod link;
mod master;
mod settings;

pub(crate) use link::{SshHold, SshLink};
