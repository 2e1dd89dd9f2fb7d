//! A command to a host: OpenSSH, the way to root, framing, and the three outcomes kept apart.
//!
//! - [`Target`] says where, [`Connection`] runs a [`Script`] there, [`Channel`] runs many in one resident shell with
//!   payloads on stdin. [`ReadOnlyConnection`] takes read-only scripts alone.
//! - [`Output`] is a script that ran to its end, whatever its status; [`TransportError`] is one that did not run
//!   ([`NotRun`]) or whose end is not known ([`Lost`]).
//! - [`ReadOnlyConnection::https_get`] asks a port that the host reaches, by a request over TLS through the connection.
//! - [`quote`] is the one function that makes a value part of a script.
//! - [`Scripted`] stands in for a host in tests.
//!
//! Scripts are never secret; a [`Payload`] may be. Nothing is written to a disk on either side but ssh's control
//! socket and its log, in a private directory of this machine.

mod channel;
mod connection;
mod error;
mod exchange;
mod failure;
mod hold;
mod https;
mod limits;
mod nonce;
mod not_run;
mod output;
mod payload;
mod privilege;
mod process;
mod quote;
mod sanitize;
mod script;
mod scripted;
mod ssh;
mod tape;
mod target;
mod words;
mod wrapper;

pub use channel::{Channel, ChannelStart};
pub use connection::{Connection, ReadOnlyConnection};
pub use error::{Lost, TransportError, TransportErrorKind};
pub use https::{HttpsError, HttpsErrorKind, HttpsReply};
pub use limits::Limits;
pub use not_run::{NotRun, PrivilegeRefusal};
pub use output::Output;
pub use payload::Payload;
pub use quote::{NulInWord, ShellWord, quote};
pub use sanitize::sanitize;
pub use script::{Effect, Mutating, ReadOnly, Script};
pub use scripted::{Received, Scripted};
pub use target::{ParsePrivilegeError, Privilege, SshOptions, Target};
