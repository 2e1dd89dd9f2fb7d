use std::fmt;

/// The port that cockroach listens on for SQL and for other nodes unless told otherwise.
pub const DEFAULT_PORT: u16 = 26257;

/// The port that cockroach serves HTTP on unless told otherwise.
pub const DEFAULT_HTTP_PORT: u16 = 8080;

/// A host and a port as cockroach's flags take them; both may be empty.
///
/// `Display` writes it as cockroach does, an IPv6 host in brackets: `[::1]:26257`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Address {
    /// A name or an IP address without brackets; empty for all addresses of the node.
    pub host: String,
    /// A number; empty when none was given.
    pub port: String,
}

impl Address {
    /// Returns the address of a host and a port.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port: port.to_string() }
    }

    /// Returns host and port of `host`, `host:port`, `:port`, `[v6]` or `[v6]:port`; a port that is left out is
    /// `default_port`. `None` for anything else, an IPv6 address without brackets too: cockroach refuses it.
    ///
    /// Source: `SplitHostPort` in `pkg/util/netutil/addr/addr.go` of <https://github.com/cockroachdb/cockroach>.
    #[must_use]
    pub fn parse(text: &str, default_port: &str) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, tail) = rest.split_once(']')?;
            let port = if tail.is_empty() { "" } else { tail.strip_prefix(':')? };
            (host, port)
        } else {
            text.split_once(':').unwrap_or((text, ""))
        };
        let bad =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '[' | ']' | '/' | '@' | '=');
        if host.contains(bad)
            || host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err() && !has_zone(host)
        {
            return None;
        }
        let plain = port.bytes().all(|b| b.is_ascii_digit());
        if !plain || !port.is_empty() && port.parse::<u16>().is_err() {
            return None;
        }
        let port = if port.is_empty() { default_port } else { port };
        Some(Self { host: host.to_owned(), port: port.to_owned() })
    }
}

/// Returns true for a link-local address with a zone, `fe80::1%eth0`.
fn has_zone(host: &str) -> bool {
    host.split_once('%')
        .is_some_and(|(ip, zone)| ip.parse::<std::net::Ipv6Addr>().is_ok() && !zone.is_empty())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (self.host.contains(':'), self.port.is_empty()) {
            (true, true) => format!("[{}]", self.host),
            (true, false) => format!("[{}]:{}", self.host, self.port),
            (false, true) => self.host.clone(),
            (false, false) => format!("{}:{}", self.host, self.port),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_cockroach_reads() {
        for (text, want) in [
            ("10.0.0.1", "10.0.0.1:26257"),
            ("10.0.0.1:1", "10.0.0.1:1"),
            ("node1.example.com", "node1.example.com:26257"),
            (":8080", ":8080"),
            ("", ":26257"),
            ("[::1]", "[::1]:26257"),
            ("[::1]:1", "[::1]:1"),
            ("[fe80::1%eth0]:1", "[fe80::1%eth0]:1"),
        ] {
            assert_eq!(Address::parse(text, "26257").unwrap().to_string(), want, "{text}");
        }
        for text in
            ["a b", "a:b", "a:65536", "[::1", "[::1]x", "a,b", "a:1:2", "::1", "[a:b]", "x@y", "a/b", "a\n"]
        {
            assert_eq!(Address::parse(text, ""), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_reads_itself_back(text in "\\PC{0,30}") {
            if let Some(address) = Address::parse(&text, "26257") {
                prop_assert_eq!(Address::parse(&address.to_string(), "26257"), Some(address));
            }
        }
    }
}
