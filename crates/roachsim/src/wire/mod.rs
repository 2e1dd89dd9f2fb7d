//! How stand-ins talk to each other and to their commands: JSON in frames, over TLS, on the RPC port.
//!
//! The real program speaks gRPC and the PostgreSQL protocol there. What the stand-in keeps is how a
//! connection begins: RPC starts TLS at once, SQL asks for it first (`SSLRequest`).

mod connection;
mod dial;
mod frame;
mod message;

pub use connection::{CallError, Connection};
pub use dial::{DialError, connect};
pub use frame::{read_frame, write_frame};
pub use message::{Code, Request, Response};

/// What a PostgreSQL client sends before TLS.
pub const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The two protocols that share a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Between nodes, and for commands such as `init`.
    Rpc,
    /// For commands that ask by SQL, such as `node status`; waits until the cluster is initialised.
    Sql,
}
