//! Real processes of the stand-in on loopback addresses, with real certificates.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod certificates;
mod drains;
mod faults;
mod https;
mod lab;
mod life;
mod pki;
mod postgres;
mod refusals;
mod restarts;
mod settings;
mod shrinking;
mod sql;
mod upgrades;
