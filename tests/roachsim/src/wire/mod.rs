//! How stand-ins talk to each other and to their commands: JSON in frames, over TLS, on the RPC port.
//!
//! The real program speaks gRPC there. What the stand-in keeps is how a connection begins: RPC starts TLS at
//! once, SQL asks for it first (`SSLRequest`).

mod connection;
mod dial;
mod frame;
mod message;

pub use connection::{CallError, Connection};
pub(crate) use dial::go_io;
pub use dial::{DialError, connect, connect_sql};
pub use frame::{read_frame, write_frame};
pub use message::{Code, Request, Response};
