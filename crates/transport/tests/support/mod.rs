//! A private sshd on the loopback, and a relay in front of it that can drop, cut, stall and delay.

mod relay;
mod sshd;

pub(crate) use {relay::Relay, sshd::Sshd};
