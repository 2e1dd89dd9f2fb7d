//! A private sshd on the loopback, and a relay in front of it that can drop, cut, stall and delay.

#![allow(dead_code, reason = "each test binary uses its part")]

mod relay;
mod sshd;

#[allow(unused_imports, reason = "each test binary uses its part")]
pub(crate) use {relay::Relay, sshd::Sshd};

/// Says loudly that the calling test proves nothing here; it must return then.
#[expect(clippy::print_stderr, reason = "this is for whoever runs the tests")]
pub(crate) fn skip(reason: &str) {
    eprintln!("SKIPPED: {}: {reason}", std::thread::current().name().unwrap_or("a test"));
}
