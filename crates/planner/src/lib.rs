//! Graph and observations to plan. Pure: no clock, no randomness, no I/O.
//!
//! [`plan`] compares every resource of the graph with what was observed (`kinds/`, one file a kind),
//! tells why each difference is there (`cause`), moves restarts to the change that explains them
//! (`carriers`), judges where the nodes' versions may go (`movement`), finds nodes that lost their data (`rebuilt`), and orders the changes (`dependencies`). What nodes
//! that leave, or that have too many packages, are rid of is worked out in `removal`. [`only`], [`accept`] and
//! [`select`] return parts of a plan. A plan may tell of one shard of the nodes alone (`view`), and [`join`] makes one of those of all
//! shards.

mod accept;
mod busy;
mod carriers;
mod cause;
mod comparison;
mod context;
mod dependencies;
mod ended;
mod holders;
mod join;
mod kinds;
mod movement;
mod options;
mod own_work;
mod part;
mod plan;
mod process_flags;
mod rebuilt;
mod removal;
mod replaceable;
mod rollout;
mod rotation;
mod selection;
mod startable;
mod twins;
mod view;
mod whereabouts;

pub use accept::{Accepted, accept};
pub use busy::running;
pub use ended::cut_off;
pub use holders::{Holder, Holders, Unjudged, without_issuer};
pub use join::{JoinError, join};
pub use kinds::firewall::rules_there;
pub use kinds::link::OWN_FILE;
pub use options::PlanOptions;
pub use part::only;
pub use plan::{plan, plan_rotation};
pub use removal::{is_left, remains};
pub use rotation::{Rotation, RotationStep, is_of_rotation, rotation, unreached_members};
pub use selection::{Needs, SelectionError, known_nodes, look_at, select};
