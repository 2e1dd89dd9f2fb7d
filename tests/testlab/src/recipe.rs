//! What the base tree is made of.

use sha2::{Digest as _, Sha256};

/// Debian release of the hosts.
pub(crate) const SUITE: &str = "bookworm";

/// Packages of the hosts, beside those without which Debian does not run.
pub(crate) const PACKAGES: &[&str] = &[
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "sudo",
    "ufw",
    "iptables",
    "iproute2",
    "ca-certificates",
    "procps",
    "openssl",
    "curl",
    // Login shells, and another way to root.
    "busybox",
    "fish",
    "tcsh",
    "zsh",
    "opendoas",
];

/// The Debian release with sudo-rs, which comes to the hosts as a program beside sudo: `/usr/bin/sudo-rs`.
///
/// It needs no library that [`SUITE`] lacks.
pub(crate) const SUDO_RS_SUITE: &str = "trixie";

/// Script that turns what mmdebstrap unpacked into the base tree.
pub(crate) const CUSTOMISE: &str = include_str!("../recipe/customise.sh");

/// Returns the name of the tree that this recipe builds: 16 hexadecimal digits that change with the recipe.
pub(crate) fn digest() -> String {
    let mut hasher = Sha256::new();
    for part in [SUITE, SUDO_RS_SUITE, std::env::consts::ARCH, CUSTOMISE, crate::users::ASKS_PASSWORD]
        .iter()
        .chain(PACKAGES)
    {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hex::encode(&hasher.finalize()[..8])
}
