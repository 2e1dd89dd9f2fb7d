//! From a manifest to the resources that it asks for.

mod context;
mod error;
mod graph;
mod kinds;

pub use error::{LowerError, LowerErrorKind};
pub use graph::{lower, lower_with, placeholder_archives};
