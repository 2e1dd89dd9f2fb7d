//! What is wrong with a manifest: as data, and as text for people.

mod collection;
mod item;
mod render;
mod text;

pub use collection::{DiagnosticRecord, Diagnostics};
pub use item::Diagnostic;
pub(crate) use text::{is_foreign_space, is_invisible, quoted, split_advice};
