//! The PostgreSQL protocol, version 3, as far as it is needed on both sides.
//!
//! By hand, because it is a dozen messages; the tests speak to it with `tokio-postgres`.

mod backend;
mod client;
mod frame;
mod frontend;

pub use backend::Backend;
pub use client::{Answer, Session, SqlCallError};
pub use frame::{Frame, read_frame, read_startup};
pub use frontend::{Frontend, Startup};

/// What a client sends before TLS.
pub const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// What a client sends before GSSAPI encryption; nobody has that.
pub const GSSENC_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];
/// What a client sends, on a connection of its own, to cancel a statement: code only.
pub const CANCEL_REQUEST: u32 = 80_877_102;
/// Version 3.0.
pub const PROTOCOL: u32 = 196_608;
