use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use crate::CertificateInfo;

/// The names and addresses that a node's certificate covers.
///
/// Nothing is added to what is given: `localhost` and `127.0.0.1` come from the caller too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeNames {
    dns: BTreeSet<String>,
    ips: BTreeSet<IpAddr>,
}

/// Names that cannot be put into a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} cannot be a name in a node's certificate: {reason}")]
pub struct NodeNamesError {
    name: String,
    reason: &'static str,
}

/// SQL users with all rights. CockroachDB takes every DNS name of a certificate as a principal
/// (pkg/security/auth.go), so such a name would make the bearer that user.
const PRIVILEGED_USERS: [&str; 2] = ["node", "root"];

/// Whether CockroachDB would take this DNS name for a user with all rights.
pub(crate) fn is_privileged(name: &str) -> bool {
    PRIVILEGED_USERS.iter().any(|user| name.eq_ignore_ascii_case(user))
}

impl NodeNames {
    /// Returns the names after checking them. DNS names are lower-cased and lose a final dot; a
    /// wildcard may be the whole first label.
    ///
    /// # Errors
    /// At the first DNS name that is empty, an IP address, longer than 253 characters, made of other
    /// than letters, digits, `-`, `_` and dots, or the name of a SQL user with all rights; and when
    /// there is no name at all.
    pub fn new(
        dns: impl IntoIterator<Item = impl Into<String>>,
        ips: impl IntoIterator<Item = IpAddr>,
    ) -> Result<Self, NodeNamesError> {
        let mut names =
            Self { dns: BTreeSet::new(), ips: ips.into_iter().map(|ip| ip.to_canonical()).collect() };
        for name in dns {
            let name = name.into();
            if let Some(reason) = refusal(&name) {
                return Err(NodeNamesError { name: name.chars().take(260).collect(), reason });
            }
            names.dns.insert(name.trim_end_matches('.').to_ascii_lowercase());
        }
        if names.dns.is_empty() && names.ips.is_empty() {
            return Err(NodeNamesError {
                name: String::new(),
                reason: "at least one name or address is needed",
            });
        }
        Ok(names)
    }

    /// Returns the DNS names.
    pub const fn dns(&self) -> &BTreeSet<String> {
        &self.dns
    }

    /// Returns the IP addresses.
    pub const fn ips(&self) -> &BTreeSet<IpAddr> {
        &self.ips
    }

    /// Returns the names and addresses that a certificate does not cover.
    pub(crate) fn missing_from(&self, info: &CertificateInfo) -> Vec<String> {
        let dns = self.dns.iter().filter(|name| !info.dns_names.iter().any(|san| covers(san, name)));
        let ips = self.ips.iter().filter(|ip| !info.ip_addresses.contains(ip));
        dns.cloned().chain(ips.map(IpAddr::to_string)).collect()
    }
}

impl fmt::Display for NodeNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ips = self.ips.iter().map(IpAddr::to_string);
        f.write_str(&self.dns.iter().cloned().chain(ips).collect::<Vec<_>>().join(", "))
    }
}

fn refusal(name: &str) -> Option<&'static str> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    if bare.is_empty() {
        return Some("it is empty");
    }
    if bare.parse::<IpAddr>().is_ok() {
        return Some("it is an IP address: put it among the addresses");
    }
    if is_privileged(bare) {
        return Some(
            "CockroachDB would take the certificate for that SQL user's; give the host another name",
        );
    }
    if bare.len() > 253 {
        return Some("a DNS name has at most 253 characters");
    }
    let host = bare.strip_prefix("*.").unwrap_or(bare);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if host.split('.').all(is_label) {
        None
    } else {
        Some("a DNS name is labels of letters, digits, - and _ joined by dots")
    }
}

/// Whether a name of a certificate covers the one wanted, as Go's `VerifyHostname` does: without
/// regard to case, `*` standing for the whole first label.
fn covers(san: &str, wanted: &str) -> bool {
    let san = san.strip_suffix('.').unwrap_or(san);
    if san.eq_ignore_ascii_case(wanted) {
        return true;
    }
    let (Some(domain), Some((label, rest))) = (san.strip_prefix("*."), wanted.split_once('.')) else {
        return false;
    };
    !label.is_empty() && label != "*" && !domain.is_empty() && domain.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_names_that_are_users_addresses_or_not_names() {
        for bad in [
            "root",
            "Root",
            "ROOT.",
            "node",
            "",
            ".",
            "10.0.0.1",
            "::1",
            "a..b",
            "-a",
            "a-",
            "a b",
            "a\nb",
            "a;b",
            "a*b",
            "*",
            "*.",
            "x.*.y",
            "ü",
            &"a".repeat(64),
            &"a.".repeat(128),
        ] {
            assert!(NodeNames::new([bad], []).is_err(), "{bad:?}");
        }
        assert!(NodeNames::new(Vec::<String>::new(), []).is_err());
        let names =
            NodeNames::new(["Store-1.", "*.example.com", "a_b"], ["10.0.0.1".parse().unwrap()]).unwrap();
        assert_eq!(names.to_string(), "*.example.com, a_b, store-1, 10.0.0.1");
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        for (san, wanted, is) in [
            ("store-1", "store-1", true),
            ("STORE-1", "store-1", true),
            ("store-1.", "store-1", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", "*.example.com", true),
            ("*.com", "*.example.com", false),
            ("*", "store-1", false),
            ("*.", "store-1.", false),
            ("store-10", "store-1", false),
            ("store-1", "store-10", false),
        ] {
            assert_eq!(covers(san, wanted), is, "{san} {wanted}");
        }
    }
}
