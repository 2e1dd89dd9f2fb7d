//! Certificates as their neighbours see them: openssl, rustls and the file system.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chains;
mod directory;
mod findings;
mod foreign_authority;
mod hostile;
mod issue;
mod kit;
mod openssl;
mod passphrase;
mod reading;
mod rotation;
mod tls;
