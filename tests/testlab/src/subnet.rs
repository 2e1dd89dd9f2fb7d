use std::fmt;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// One of the 512 networks of 198.18.0.0/15, the range that RFC 2544 sets aside for tests, with 254 addresses each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Subnet(u16);

impl Subnet {
    /// Number of networks.
    pub(crate) const COUNT: u16 = 512;
    /// Most hosts of one network: addresses .11 to .254.
    pub(crate) const MAX_HOSTS: u8 = 244;

    /// Returns the network with this number, counted round.
    pub(crate) fn nth(number: u16) -> Self {
        Self(number % Self::COUNT)
    }

    fn address(self, last: u8) -> Ipv4Addr {
        let [high, low] = self.0.to_be_bytes();
        Ipv4Addr::new(198, 18 + high, low, last)
    }

    /// Returns the address of the machine itself in this network.
    #[must_use]
    pub fn gateway(self) -> Ipv4Addr {
        self.address(1)
    }

    /// Returns the address of a host; `index` counts from 1.
    pub(crate) fn host(self, index: u8) -> Ipv4Addr {
        self.address(10 + index)
    }

    /// Returns whether the address belongs to this network.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        self.address(0).octets()[..3] == address.octets()[..3]
    }

    /// Returns the name of the bridge that carries this network, at most 15 bytes.
    #[must_use]
    pub fn bridge(self) -> String {
        format!("crdblab{}", self.0)
    }

    /// Returns the name under which systemd-nspawn runs a host.
    ///
    /// At most 12 bytes, so that systemd-nspawn names the link `vb-` and this, and does not shorten it.
    pub(crate) fn machine(self, index: u8) -> String {
        format!("{}{index}", self.machine_prefix())
    }

    /// Returns how the names of all machines of this network begin, and of no other.
    pub(crate) fn machine_prefix(self) -> String {
        format!("cl{}h", self.0)
    }

    /// Returns the name of the host's link on the machine's side.
    pub(crate) fn link(self, index: u8) -> String {
        format!("vb-{}", self.machine(index))
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/24", self.address(0))
    }
}

impl From<Subnet> for u16 {
    fn from(subnet: Subnet) -> Self {
        subnet.0
    }
}

impl TryFrom<u16> for Subnet {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        if number < Self::COUNT {
            Ok(Self(number))
        } else {
            Err(format!("no network has the number {number}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_fill_the_range_and_do_not_overlap() {
        assert_eq!(Subnet::nth(0).to_string(), "198.18.0.0/24");
        assert_eq!(Subnet::nth(255).to_string(), "198.18.255.0/24");
        assert_eq!(Subnet::nth(256).to_string(), "198.19.0.0/24");
        assert_eq!(Subnet::nth(511).gateway().to_string(), "198.19.255.1");
        assert_eq!(Subnet::nth(512), Subnet::nth(0));
        assert!(!Subnet::nth(0).contains(Subnet::nth(256).gateway()));
        assert!(Subnet::nth(300).contains(Subnet::nth(300).host(1)));
    }

    #[test]
    fn the_last_host_has_the_last_address() {
        assert_eq!(Subnet::nth(0).host(Subnet::MAX_HOSTS).to_string(), "198.18.0.254");
    }

    #[test]
    fn names_fit_into_what_linux_allows_for_links() {
        let last = Subnet::nth(Subnet::COUNT - 1);
        assert!(last.bridge().len() <= 15);
        assert!(last.link(Subnet::MAX_HOSTS).len() <= 15);
    }

    #[test]
    fn a_number_that_is_none_is_refused() {
        assert!(Subnet::try_from(512).is_err());
        assert_eq!(Subnet::try_from(511), Ok(Subnet::nth(511)));
    }
}
