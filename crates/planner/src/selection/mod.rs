//! Parts of a plan by what somebody selected (`--node`, `--target`).

mod error;
mod order;
mod select;
mod unseen;

pub use error::{Needs, SelectionError};
pub use select::{known_nodes, look_at, select};
