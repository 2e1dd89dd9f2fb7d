use std::collections::BTreeMap;

use crate::CertificateInfo;

/// For which users CockroachDB takes the bearer of a certificate: its common name and, by version, its DNS names, each through the
/// map of `--cert-principal-map` (pkg/security/auth.go, `getCertificatePrincipals`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principals {
    dns_names: bool,
    map: BTreeMap<String, String>,
}

impl Default for Principals {
    /// Common name and DNS names, and no map.
    fn default() -> Self {
        Self { dns_names: true, map: BTreeMap::new() }
    }
}

impl Principals {
    /// Returns the rule of a version that looks at DNS names or does not, with a map from names in certificates to users.
    pub fn new(dns_names: bool, map: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { dns_names, map: map.into_iter().collect() }
    }

    /// Whether the bearer of a certificate may be `user`.
    pub(crate) fn include(&self, info: &CertificateInfo, user: &str) -> bool {
        let dns = info.dns_names.iter().filter(|_| self.dns_names);
        info.common_name
            .iter()
            .chain(dns)
            .any(|name| self.map.get(name).map_or(name.as_str(), String::as_str) == user)
    }
}
