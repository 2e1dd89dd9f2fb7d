//! What CockroachDB alone can tell of the cluster: its members, its version, its settings. One ready node is asked.

mod asking;
mod facts;
mod query;

pub use asking::observe_live;
pub use facts::{Inquiry, inquiry, read_live};
pub use query::Query;
