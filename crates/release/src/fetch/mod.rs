//! Getting bytes over HTTP.

mod body;
mod client;
mod failure;
mod fetch_error;
mod roots;

pub(crate) use body::Body;
pub(crate) use client::Client;
pub(crate) use roots::Roots;

pub use fetch_error::{FetchError, FetchErrorKind};
