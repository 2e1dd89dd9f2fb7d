//! The authority's directory on the control host: the only files that this crate touches.
//!
//! - [`AuthorityDirectory`]: what the directory holds, opened without changing it, and what is written.
//! - [`files`]: reading with the mode of what was read, and writing that is whole or not at all.

mod authority_directory;
mod client_files;
mod directory_error;
mod files;

pub use authority_directory::AuthorityDirectory;
pub use client_files::ClientFiles;
pub use directory_error::{DirectoryError, DirectoryErrorKind};
