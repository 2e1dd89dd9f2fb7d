//! What a cluster knows and decides, apart from sockets, files and clocks.
//!
//! The real program keeps this in replicated ranges. Here every node holds all of it ([`State`]) and nodes
//! exchange it: merging is commutative, associative and idempotent, so that the order of exchanges does not
//! matter. What must not happen twice (a node id) is granted by a majority of the members.

mod allocator;
mod decommission;
mod heartbeat;
mod ids;
mod liveness;
mod member;
mod ranges;
mod register;
mod state;
mod status;
mod upgrade;

pub use allocator::{Budget, allocate};
pub use decommission::{
    DecommissionStatus, PreCheck, Readiness, TransitionError, decommission_status, pre_check,
};
pub use heartbeat::{Heartbeat, Heartbeats, StoreSummary};
pub use ids::{ClusterId, NodeId, RangeId, StoreUuid};
pub use liveness::{Liveness, View};
pub use member::{Descriptor, Member, Membership};
pub use ranges::{RangeCounts, count};
pub use register::{Register, Stamp};
pub use state::State;
pub use status::{StatusRow, rows};
pub use upgrade::{automatic_target, check_preserved, manual_target, version_text};
