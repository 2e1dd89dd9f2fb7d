//! The store directory.

mod contents;
mod dir;

pub use contents::{Contents, UnfitStore};
pub use dir::{StoreDir, StoreError};
