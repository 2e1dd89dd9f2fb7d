//! Who a certificate speaks for (`pkg/security/auth.go`).

use std::collections::BTreeMap;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::release::Series;

/// `--cert-principal-map`: names in certificates that stand for other names in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrincipalMap(BTreeMap<String, String>);

impl PrincipalMap {
    /// Reads a comma-separated list of `certificate:database` pairs.
    ///
    /// # Errors
    /// On a pair without both parts.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut map = BTreeMap::new();
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            // The database name holds no colon, the certificate's may.
            match pair.rsplit_once(':') {
                Some((from, to)) if !from.is_empty() && !to.is_empty() => {
                    map.insert(from.to_owned(), to.to_owned())
                }
                _ => return Err(format!("invalid <cert-principal>:<db-principal> mapping: {pair:?}")),
            };
        }
        Ok(Self(map))
    }

    /// Returns the principals of a certificate: its common name, then its DNS names, each mapped.
    ///
    /// Before v20.1 the common name alone counts (cockroach#45819).
    #[must_use]
    pub fn principals(&self, certificate: &X509Certificate<'_>, series: Series) -> Vec<String> {
        let common_name = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|names| &names.value.general_names);
        let dns = names.filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(*name),
            _ => None,
        });
        common_name
            // Go keeps the last of several (`pkix.Name.FillFromRDNSequence`).
            .last()
            .into_iter()
            .chain(dns.filter(|_| series >= Series::new(20, 1)))
            .map(|name| self.0.get(name).map_or(name, String::as_str).to_owned())
            .collect()
    }
}

/// Prints a list as Go's `%q` does: `["a" "b"]`.
pub(super) fn go_list(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    format!("[{}]", quoted.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_need_both_sides() {
        assert!(PrincipalMap::parse("").is_ok());
        assert!(PrincipalMap::parse("a.example.com:node,b:root").is_ok());
        assert_eq!(
            PrincipalMap::parse("a:node,b").unwrap_err(),
            r#"invalid <cert-principal>:<db-principal> mapping: "b""#
        );
    }
}
