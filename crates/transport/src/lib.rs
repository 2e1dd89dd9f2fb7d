//! A command to a host.
