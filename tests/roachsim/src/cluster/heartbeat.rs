//! What nodes tell each other all the time and nobody stores.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::NodeId;
use super::ranges::RangeCounts;

/// A node's figures as of its last look at itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StoreSummary {
    /// Its ranges.
    pub ranges: RangeCounts,
}

/// One beat of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Heartbeat {
    /// When the process started, Unix milliseconds: a restarted node counts anew.
    pub incarnation: u64,
    /// Counts up within a process.
    pub sequence: u64,
    /// Unix microseconds at the node.
    pub updated_at: i64,
    /// It is on its way out.
    pub draining: bool,
    /// Its process is young, and its replicas lag behind.
    pub catching_up: bool,
    /// Milliseconds since it reached whoever tells of it, 0 from the node itself.
    pub age: u64,
    /// Its figures.
    pub summary: StoreSummary,
}

/// The latest beat of every node.
pub type Heartbeats = BTreeMap<NodeId, Heartbeat>;
