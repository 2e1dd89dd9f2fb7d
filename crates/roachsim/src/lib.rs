#![doc = include_str!("../README.md")]
//!
//! # Inside
//! [`cluster`] is pure: what nodes know, merge and decide. [`certs`], [`store`] and [`wire`] are the edges,
//! [`server`] is `cockroach start`, [`cli`] the command line, [`archive`] packs all of it.

pub mod archive;
pub mod certs;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod release;
pub mod server;
pub mod store;
pub mod trailer;
pub mod wire;
