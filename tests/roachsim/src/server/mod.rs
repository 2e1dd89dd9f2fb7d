//! The server behind `cockroach start`.

mod banner;
mod cluster_settings;
mod config;
mod decommission;
mod drain;
mod engine;
mod faults;
mod gossip;
mod health;
mod http;
mod intake;
mod join;
mod limits;
mod listen;
mod log;
mod node;
mod rpc;
mod run;
mod session;
mod signals;
mod vars;

pub use config::{StartConfig, Tuning};
pub use run::run;
