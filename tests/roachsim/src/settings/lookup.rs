//! Finds settings by name.

use super::table::{SETTINGS, Setting};
use crate::release::Series;

/// A setting and how it was called.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The setting.
    pub setting: &'static Setting,
    /// It was called by a name that this series has replaced.
    pub by_old_name: bool,
}

/// Returns the setting of a name, in any case of letters, that a series has.
#[must_use]
pub fn find(series: Series, name: &str) -> Option<Found> {
    let name = name.to_lowercase();
    let setting = all(series).find(|setting| setting.key == name || setting.name(series) == name)?;
    Some(Found { setting, by_old_name: setting.name(series) != name })
}

/// Returns all settings that a series has.
pub fn all(series: Series) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| series >= setting.since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_lead_to_new_ones_and_new_ones_need_their_series() {
        let (old, new) = (Series::new(23, 1), Series::new(24, 1));
        let found = find(new, "server.shutdown.DRAIN_wait").unwrap();
        assert_eq!((found.setting.name(new), found.by_old_name), ("server.shutdown.initial_wait", true));
        assert!(!find(new, "server.shutdown.initial_wait").unwrap().by_old_name);
        assert!(!find(old, "server.shutdown.drain_wait").unwrap().by_old_name);
        assert!(find(old, "server.shutdown.initial_wait").is_none());
        assert!(find(old, "cluster.auto_upgrade.enabled").is_none());
        assert!(find(new, "cluster.auto_upgrade.enabled").is_some());
        assert!(find(new, "cluster.no_such").is_none());
    }
}
