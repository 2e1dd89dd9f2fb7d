//! The command line of `cockroach start`: building it, reading it back, comparing two of them.

mod address;

pub use address::{Address, DEFAULT_HTTP_PORT, DEFAULT_PORT};
