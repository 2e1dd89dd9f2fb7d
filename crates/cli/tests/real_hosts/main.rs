//! crdbctl against real Debian hosts: systemd, sshd, sudo, ufw and TLS are the real things, the `cockroach`
//! program is the stand-in `roachsim`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod adopted;
mod archive;
mod bare_hosts;
mod bench;
mod busy;
mod certificates;
mod chains;
mod ci;
mod cluster;
mod cost;
mod destroy;
mod display;
mod drift;
mod drift_command;
mod dropped;
mod expired;
mod firewalls;
mod fresh;
mod interrupted;
mod life;
mod load;
mod offline;
mod operations;
mod pending;
#[path = "../pipeline/mod.rs"]
mod pipeline;
mod rebuilt;
mod release;
mod rollout;
mod rotation;
mod run_log;
mod saved;
mod selection;
mod startable;
mod terminal;
mod unreachable;
mod walkthrough;
mod ways_to_root;
