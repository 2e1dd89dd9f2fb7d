//! Cluster settings: which there are, what they accept, and how their values are shown.
//!
//! A modest part of the real table (`crdb_internal.cluster_settings`). The stand-in heeds some of them, named
//! in the README; the others are only kept.

mod duration;
mod kind;
mod lookup;
mod table;
mod value;

pub use duration::{go_duration, interval_text, parse_interval};
pub use kind::{Kind, Rejection};
pub use lookup::{Found, all, find};
pub use table::Setting;
pub use value::{Literal, Shown};
