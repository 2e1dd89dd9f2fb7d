use crdbctl_model::SettingName;

/// Why a setting cannot be among those of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It belongs to upgrades, and is set with them.
    Upgrade,
    /// It holds a secret, and would stand in plans and process lists.
    Secret,
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
        _ if ["client_secret", "password", "private_key", "license", "bind_password"]
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
        for name in ["enterprise.license", "server.oidc_authentication.client_secret"] {
            assert_eq!(of(name), Some(Reserved::Secret), "{name}");
        }
        for name in ["cluster.organization", "server.user_login.min_password_length", "kv.rangefeed.enabled"]
        {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
