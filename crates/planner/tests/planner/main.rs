//! Plans from graphs and observations: what is made, what is left, why, and what it does to a node that runs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod certificates;
mod cluster;
mod disruption;
mod dropped;
mod ended;
mod explain;
mod interrupted;
mod kinds;
mod part;
mod rebuilt;
mod removal;
mod rotation;
mod selection;
mod shards;
mod startable;
mod thousand;
mod unknown;
mod world;
