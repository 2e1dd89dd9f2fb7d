//! Whether what a host has will do: pure predicates over bytes, a requirement and a moment.
//!
//! - [`leaf`]: a node's or a client's certificate with its key, giving a [`Verdict`].
//! - [`ca`]: a host's `ca.crt` against the authority's, giving a [`CaVerdict`].

mod ca;
mod finding;
mod key_fact;
mod leaf;
mod requirement;
mod verdict;

pub use ca::judge_ca;
pub use finding::{Finding, FindingCode};
pub use key_fact::KeyFact;
pub use leaf::{judge_client, judge_node, judge_node_client};
pub use requirement::{ClientRequirement, NodeRequirement};
pub use verdict::{CaVerdict, Verdict};
