//! The names of CockroachDB's archives, where they are, and their published checksums.
//!
//! Source: <https://www.cockroachlabs.com/docs/releases/> and `pkg/release/release.go` of
//! <https://github.com/cockroachdb/cockroach>.

mod availability;
mod checksum;
mod name;
mod platform;
mod template;

pub use availability::{PublishedChecksum, Unavailable, availability, published_checksum, withdrawal_note};
pub use checksum::{ChecksumError, ChecksumErrorKind, checksum_of};
pub use name::{archive_name, binary_path, checksum_name, package_dir_name};
pub use platform::{Arch, Os, PlatformError};
pub use template::{DEFAULT_URL, TemplateError, expand};
