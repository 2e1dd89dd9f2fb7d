use crdbctl_model::SettingName;

/// Why a setting cannot be among those of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It belongs to upgrades, and is set with them.
    Upgrade,
    /// It holds a secret, and would stand in plans and process lists.
    Secret,
}

/// Returns whether a value holds a password: the rules of host-based authentication name that of an LDAP account.
///
/// Source: <https://www.cockroachlabs.com/docs/stable/ldap-authentication>.
#[must_use]
pub fn holds_password(value: &str) -> bool {
    value.to_ascii_lowercase().contains("ldapbindpasswd")
}

/// Returns why `name` cannot be set by a manifest, when it cannot.
///
/// Source: `pkg/clusterversion`, `pkg/upgrade` and the settings marked sensitive in
/// <https://github.com/cockroachdb/cockroach>.
#[must_use]
pub fn reserved(name: &SettingName) -> Option<Reserved> {
    let name = name.as_str();
    match name {
        "version" | "cluster.preserve_downgrade_option" | "cluster.auto_upgrade.enabled" => {
            Some(Reserved::Upgrade)
        }
        _ if ["secret", "password", "passphrase", "tls_key", "private_key", "access_key", "license"]
            .iter()
            .any(|word| name.rsplit('.').next().is_some_and(|last| last.ends_with(word))) =>
        {
            Some(Reserved::Secret)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_upgrades_and_what_is_secret() {
        let of = |name: &str| reserved(&SettingName::new(name).unwrap());
        for name in ["version", "cluster.preserve_downgrade_option", "cluster.auto_upgrade.enabled"] {
            assert_eq!(of(name), Some(Reserved::Upgrade), "{name}");
        }
        for name in [
            "enterprise.license",
            "server.oidc_authentication.client_secret",
            "cluster.secret",
            "server.ldap_authentication.client.tls_key",
        ] {
            assert_eq!(of(name), Some(Reserved::Secret), "{name}");
        }
        assert!(holds_password("host all all all ldap ldapserver=a \"ldapBindPasswd=x\""));
        assert!(!holds_password("host all all all cert-password"));
        for name in ["cluster.organization", "server.user_login.min_password_length", "kv.rangefeed.enabled"]
        {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
