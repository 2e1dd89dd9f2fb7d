//! What is kept between runs. Everything in it can be made again.

mod cache_dir;
mod cache_error;
mod incoming;
mod lock;
mod records;
mod stamp;

pub(crate) use cache_dir::Cache;
pub(crate) use incoming::Incoming;
pub(crate) use lock::DownloadLock;
pub(crate) use records::{Indexed, Published, Seen};
pub(crate) use stamp::Stamp;

pub use cache_error::{CacheError, CacheErrorKind};
