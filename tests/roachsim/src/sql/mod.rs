//! The few statements of SQL that are played, apart from sockets.

mod error;
mod lexer;
mod outcome;
mod statement;

pub use error::SqlError;
pub use outcome::{Column, Notice, Outcome};
pub use statement::{Statement, parse};
