#![doc = include_str!("../README.md")]
//!
//! # Inside
//! [`cluster`], [`settings`] and [`sql`] are pure: what nodes know, merge and decide, and what they are asked.
//! [`certs`], [`store`], [`wire`] and [`pgwire`] are the edges, [`server`] is `cockroach start`, [`cli`] the command line, [`archive`] packs all of it.

pub mod archive;
pub mod certs;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod pgwire;
pub mod release;
pub mod server;
pub mod settings;
pub mod sql;
pub mod store;
pub mod trailer;
pub mod wire;
