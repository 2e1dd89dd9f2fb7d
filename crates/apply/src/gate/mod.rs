//! The gates of a rollout: what must be true of the cluster before a node is disrupted, and after it.
//!
//! `fleet` knows which member is which node, `judge` decides from what was seen, and neither does I/O. `look` asks the
//! nodes, `pass` waits until the gate opens, and `teller` says meanwhile what for.

mod fleet;
mod judge;
mod look;
mod obstacle;
mod pass;
mod teller;

pub(crate) use fleet::Fleet;
pub(crate) use judge::{Gate, excused, may_replace, needs_no_drain};
pub(crate) use look::Seen;
pub(crate) use obstacle::Obstacle;
pub(crate) use pass::{Closed, Readings};
pub(crate) use teller::{Teller, left};
