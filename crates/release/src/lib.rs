//! Finds, fetches, verifies and indexes CockroachDB's release archives on the control host.
//!
//! [`resolve`] turns what a manifest says of an archive into a [`LocalArchive`]: a file on this machine whose
//! SHA-256 is the expected one, and the list of its members with their digests. Nothing is ever unpacked to disk.
//!
//! What is kept under the cache directory, all of it safe to delete:
//!
//! - `archives/<sha256>.tgz`: what was downloaded, under its digest and only when whole and verified;
//! - `index/<sha256>.json`: what is inside an archive, by which a plan that sends nothing needs no archive ([`at_hand`]);
//! - `seen/<digest of the path>.json`: the digest that a file had, with its size, times and inode, so that
//!   an unchanged archive is not read again at every plan;
//! - `urls/<digest of the URL>.json`: the checksum that was published beside a URL.

mod archive_request;
mod cache;
mod checksum_source;
mod expected;
mod fetch;
mod index;
mod index_of;
mod local_archive;
mod local_file;
mod location;
mod progress;
mod release_error;
mod remote;
mod resolve;
mod settings;
#[cfg(test)]
mod tests;

pub use archive_request::ArchiveRequest;
pub use cache::{CacheError, CacheErrorKind};
pub use checksum_source::ChecksumSource;
pub use fetch::{FetchError, FetchErrorKind};
pub use index::{Limit, LinkKind, MemberError, MemberErrorKind};
pub use index_of::{AtHand, at_hand, source_digest};
pub use local_archive::LocalArchive;
pub use location::LocationError;
pub use progress::Progress;
pub use release_error::{ReleaseError, ReleaseErrorKind};
pub use resolve::resolve;
