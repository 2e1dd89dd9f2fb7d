use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::ValueError;

/// A DNS name or an IP address: where ssh goes, or a name in a certificate. A DNS name is in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerName {
    /// A DNS name (RFC 1123), perhaps with a wildcard as its first label (RFC 6125, 6.4.3).
    Dns(String),
    /// An IP address.
    Address(IpAddr),
}

impl PeerName {
    /// Returns whether this is a wildcard name.
    pub fn is_wildcard(&self) -> bool {
        matches!(self, Self::Dns(name) if name.starts_with("*."))
    }
}

impl FromStr for PeerName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let fail = |problem: &str| {
            Err(ValueError::new(
                text,
                format!("is neither a DNS name nor an IP address, {problem}"),
                "use labels of letters, digits and - with dots between, as in node-1.example.com",
            ))
        };
        if text.is_empty() || text.len() > 253 {
            return fail("it must have 1 to 253 characters");
        }
        let labels = text.strip_prefix("*.").unwrap_or(text);
        for label in labels.split('.') {
            if label.is_empty() || label.len() > 63 {
                return fail("a label has 1 to 63 characters");
            }
            if label.starts_with('-') || label.ends_with('-') {
                return fail("a label does not begin or end with -");
            }
            if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return fail("it holds other characters");
            }
        }
        // 10.0.0.256 and 010.0.0.1 are slips of addresses, and resolvers differ about them.
        if labels.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
            return fail("a last label of digits alone makes it look like an address");
        }
        Ok(Self::Dns(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.pad(name),
            Self::Address(address) => f.pad(&address.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_and_addresses() {
        for text in ["a", "a-1.b.example", "*.example.com", "10.0.0.1", "::1", "3com.example", "2001:db8::1"]
        {
            assert_eq!(text.parse::<PeerName>().unwrap().to_string(), text);
        }
        assert_eq!("Node.EXAMPLE".parse::<PeerName>().unwrap(), PeerName::Dns("node.example".to_owned()));
    }

    #[test]
    fn refuses_what_ssh_or_a_certificate_would_misread() {
        for text in [
            "",
            "-oProxyCommand=id",
            "a b",
            "a_b",
            "a..b",
            ".a",
            "a.",
            "a-",
            "a/b",
            "user@host",
            "host:22",
            "10.0.0.256",
            "010.0.0.1",
            "1.2.3",
            "a*b",
            "*",
            "ä.example",
            "a\n",
            "a;id",
            "$(id)",
            "[::1]",
            "fe80::1%eth0",
        ] {
            assert!(text.parse::<PeerName>().is_err(), "{text:?}");
        }
    }
}
