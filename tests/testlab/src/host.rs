use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Child;
use std::str::FromStr;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::cgroup::Cgroup;
use crate::keys::KeyPair;
use crate::subnet::Subnet;

/// Name of a host: lower-case letters, digits and dashes, 1 to 63 bytes, as in RFC 1123.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

impl HostName {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=63).contains(&text.len())
            && text.chars().all(fits)
            && !text.starts_with('-')
            && !text.ends_with('-')
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is no host name: lower-case letters, digits and inner dashes, at most 63"))
        }
    }
}

impl TryFrom<String> for HostName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

/// A Debian host with systemd, sshd, sudo and ufw.
///
/// It has no route to anywhere but its lab. Its kernel is the machine's: it can set neither the clock nor sysctls
/// outside `net.*`. Its disk is an overlay: opening a file of the base tree for writing changes the file's ctime even
/// if nothing is written.
#[derive(Debug)]
pub struct Host {
    pub(crate) name: HostName,
    pub(crate) index: u8,
    pub(crate) subnet: Subnet,
    /// Holds the overlay's layers, the console's log and the host key.
    pub(crate) directory: PathBuf,
    pub(crate) base: PathBuf,
    pub(crate) cgroup: Cgroup,
    pub(crate) host_key: KeyPair,
    /// Public key of the lab, which every user of the host accepts.
    pub(crate) authorized: String,
    pub(crate) neighbours: Vec<(String, Ipv4Addr)>,
    /// The systemd-nspawn process, if this process started it: a child must be waited for.
    pub(crate) child: Mutex<Option<Child>>,
}

impl Host {
    /// Returns the host's name, which is also its alias in the lab's ssh configuration.
    #[must_use]
    pub fn name(&self) -> &HostName {
        &self.name
    }

    /// Returns the host's address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.subnet.host(self.index)
    }

    /// Returns the file that has all that the host wrote to its console, last boot last.
    #[must_use]
    pub fn console_log(&self) -> PathBuf {
        self.directory.join("console.log")
    }

    pub(crate) fn machine(&self) -> String {
        self.subnet.machine(self.index)
    }

    pub(crate) fn link(&self) -> String {
        self.subnet.link(self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_mean_something_to_a_shell_or_a_path_are_refused() {
        for name in ["", "-a", "a-", "a b", "a;b", "../a", "a.b", "A", "ä", &"a".repeat(64)] {
            assert!(name.parse::<HostName>().is_err(), "{name}");
        }
        assert_eq!("store-1".parse::<HostName>().map(|name| name.to_string()), Ok("store-1".to_owned()));
    }
}
