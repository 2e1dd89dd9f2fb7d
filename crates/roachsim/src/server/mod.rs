//! The server behind `cockroach start`.

mod banner;
mod config;
mod gossip;
mod health;
mod http;
mod join;
mod limits;
mod listen;
mod log;
mod node;
mod rpc;
mod run;
mod signals;
mod vars;

pub use config::{StartConfig, Tuning};
pub use run::run;
