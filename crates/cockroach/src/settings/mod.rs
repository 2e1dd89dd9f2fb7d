//! SQL cluster settings: which ones are not a manifest's, and when two spellings of a value mean the same.

mod meaning;
mod reserved;

pub use meaning::same_value;
pub use reserved::{Reserved, holds_password, reserved};
