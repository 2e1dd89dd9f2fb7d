//! The OpenSSH transport: one master process per host, sessions multiplexed over its control socket.

mod arguments;
mod diagnosis;
mod directory;
mod forward;
mod gate;
mod link;
mod master;
mod settings;

pub(crate) use forward::{Forward, host_and_port};
pub(crate) use link::{SshHold, SshLink};
