//! A GET request over TLS to a port that the host reaches, made by this machine through the connection.
//!
//! The ssh master listens on a Unix socket in its private directory and forwards what arrives there (`direct-tcpip`,
//! RFC 4254 §7.2). No process is started on either side, and the request takes none of the session slots of the host
//! (`MaxSessions`, sshd_config(5), does not count forwarding).

mod capture;
mod error;
mod exchange;
mod reply;
mod stream;

pub use error::{HttpsError, HttpsErrorKind};
pub(crate) use exchange::{certificate, get};
pub use reply::HttpsReply;
pub(crate) use stream::{HostStream, Io};
