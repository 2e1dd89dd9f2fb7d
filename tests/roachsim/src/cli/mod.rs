//! The command line.

mod client;
mod client_flags;
mod command;
mod decommission;
mod drain;
pub mod failure;
pub mod flag;
mod init;
mod node;
pub mod parse;
mod sql;
mod start;
pub mod start_flags;
mod table;
pub mod value;
mod version;

pub use command::main;
