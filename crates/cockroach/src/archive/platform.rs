use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The processor that an archive is made for, as archives' names spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// 64-bit Intel and AMD.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

/// The operating system that an archive is made for, as archives' names spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Os {
    /// Linux with glibc.
    Linux,
}

/// A processor or an operating system that CockroachDB has no archives for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CockroachDB has no archives for `{text}`: only for {supported}")]
pub struct PlatformError {
    /// What was given.
    pub text: String,
    supported: &'static str,
}

impl Arch {
    /// Returns both, in the order of their names.
    #[must_use]
    pub const fn all() -> [Self; 2] {
        [Self::Amd64, Self::Arm64]
    }

    /// Returns the processor of a host from what `uname -m` prints there (uname(1)).
    ///
    /// # Errors
    /// For any that CockroachDB has no archives for.
    pub fn from_uname(machine: &str) -> Result<Self, PlatformError> {
        match machine.trim() {
            "x86_64" => Ok(Self::Amd64),
            "aarch64" => Ok(Self::Arm64),
            other => Err(PlatformError { text: other.to_owned(), supported: "x86_64 and aarch64" }),
        }
    }

    /// Returns what `uname -m` prints on a host with it.
    #[must_use]
    pub const fn uname(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        })
    }
}

impl FromStr for Arch {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "amd64" => Ok(Self::Amd64),
            "arm64" => Ok(Self::Arm64),
            _ => Err(PlatformError { text: text.to_owned(), supported: "amd64 and arm64" }),
        }
    }
}

impl Os {
    /// Returns the operating system of a host from what `uname -s` prints there (uname(1)).
    ///
    /// # Errors
    /// For any that crdbctl does not manage.
    pub fn from_uname(system: &str) -> Result<Self, PlatformError> {
        match system.trim() {
            "Linux" => Ok(Self::Linux),
            other => Err(PlatformError { text: other.to_owned(), supported: "Linux" }),
        }
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("linux")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for arch in Arch::all() {
            assert_eq!(arch.to_string().parse(), Ok(arch));
            assert_eq!(Arch::from_uname(arch.uname()), Ok(arch));
        }
        assert_eq!(Arch::from_uname("x86_64\n"), Ok(Arch::Amd64));
        assert_eq!(Os::from_uname("Linux\n"), Ok(Os::Linux));
    }

    #[test]
    fn other_machines_are_named() {
        insta::assert_snapshot!(Arch::from_uname("riscv64\n").unwrap_err(), @"CockroachDB has no archives for `riscv64`: only for x86_64 and aarch64");
        insta::assert_snapshot!("x86_64".parse::<Arch>().unwrap_err(), @"CockroachDB has no archives for `x86_64`: only for amd64 and arm64");
        // A 32-bit ARM system on a 64-bit kernel says aarch64, the other way round this:
        assert!(Arch::from_uname("armv7l").is_err());
    }
}
