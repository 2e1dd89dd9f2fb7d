//! Which certificates a version takes for a node's and a user's.
//!
//! | since | what | source |
//! |---|---|---|
//! | v2.1 | nodes dial each other with `client.node.crt` where it exists; `node.crt` is then a server's alone | docs v2.1, "Split-node certificates" (create-security-certificates-custom-ca) |
//! | v20.1 | DNS names are principals too, also with an empty common name; `--cert-principal-map` | cockroach#45819, release notes of v20.1 |
//! | v21.2 | the name in a pair of the map may hold colons: the last one parts it | cockroach#67703 |
//!
//! A certificate of a node or user is otherwise verified by Go's `crypto/x509` in every version (pkg/security/tls.go).

use crate::Series;
use crate::start::CanonicalArgs;

/// Returns whether nodes of a series dial each other with `client.node.crt`.
#[must_use]
pub fn has_node_client(series: Series) -> bool {
    series >= Series::new(2, 1)
}

/// Returns whether a series takes the DNS names of a certificate for principals.
#[must_use]
pub fn has_dns_principals(series: Series) -> bool {
    series >= Series::new(20, 1)
}

/// Returns the map from names in certificates to users that a command line of `cockroach start` sets; empty where the series does
/// not know the flag. Pairs that the program refuses are left out.
#[must_use]
pub fn principal_map(argv: &[String], series: Series) -> Vec<(String, String)> {
    if !has_dns_principals(series) {
        return Vec::new();
    }
    let Ok(args) = CanonicalArgs::parse(argv) else { return Vec::new() };
    let Some(flag) = args.flags.get("cert-principal-map") else { return Vec::new() };
    let pairs = flag.written.iter().flat_map(|value| value.split(','));
    pairs
        .filter_map(|pair| pair.rsplit_once(':'))
        .filter(|(name, _)| series >= Series::new(21, 2) || !name.contains(':'))
        .map(|(name, user)| (name.to_owned(), user.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_read_as_the_version_reads_it() {
        let map = |value: &str, series| {
            let argv = ["cockroach", "start", &format!("--cert-principal-map={value}")].map(str::to_owned);
            principal_map(&argv, series)
        };
        let pair = |name: &str, user: &str| (name.to_owned(), user.to_owned());
        let both = vec![pair("node.example.com", "node"), pair("ops", "root")];
        assert_eq!(map("node.example.com:node,ops:root", Series::new(24, 1)), both);
        assert_eq!(map("node.example.com:node,ops:root", Series::new(20, 1)), both);
        assert_eq!(map("node.example.com:node", Series::new(19, 2)), []);
        assert_eq!(map("spiffe://a/b:node", Series::new(21, 2)), [pair("spiffe://a/b", "node")]);
        assert_eq!(map("spiffe://a/b:node", Series::new(21, 1)), []);
        assert_eq!(map("odd", Series::new(24, 1)), []);
        assert_eq!(principal_map(&["cockroach".to_owned(), "start".to_owned()], Series::new(24, 1)), []);
    }
}
