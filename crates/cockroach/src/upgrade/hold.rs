use std::fmt;

use crate::Series;

/// The cluster setting by which the finalisation of an upgrade is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// `cluster.auto_upgrade.enabled = false`, from v23.2 on.
    AutoUpgrade,
    /// `cluster.preserve_downgrade_option = '<series>'`, from v2.1 on; only the cluster's own version is taken.
    PreserveDowngrade,
}

impl Hold {
    /// Returns what holds the finalisation back in a cluster of `series`, before the upgrade; `None` before v2.1, where there
    /// is nothing that does.
    ///
    /// Source: <https://www.cockroachlabs.com/docs/stable/upgrade-cockroach-version>.
    #[must_use]
    pub fn of(series: Series) -> Option<Self> {
        if series >= Series::new(23, 2) {
            Some(Self::AutoUpgrade)
        } else if series >= Series::new(2, 1) {
            Some(Self::PreserveDowngrade)
        } else {
            None
        }
    }

    /// Returns the name of the setting.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::AutoUpgrade => "cluster.auto_upgrade.enabled",
            Self::PreserveDowngrade => "cluster.preserve_downgrade_option",
        }
    }

    /// Returns the value that holds the finalisation of a cluster of `series` back.
    #[must_use]
    pub fn value(self, series: Series) -> String {
        match self {
            Self::AutoUpgrade => "false".to_owned(),
            Self::PreserveDowngrade => series.setting(),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.setting())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_follows_the_version() {
        assert_eq!(Hold::of(Series::new(2, 0)), None);
        assert_eq!(Hold::of(Series::new(2, 1)), Some(Hold::PreserveDowngrade));
        assert_eq!(Hold::of(Series::new(23, 1)), Some(Hold::PreserveDowngrade));
        assert_eq!(Hold::of(Series::new(23, 2)), Some(Hold::AutoUpgrade));
        assert_eq!(Hold::of(Series::new(26, 2)), Some(Hold::AutoUpgrade));
        assert_eq!(Hold::PreserveDowngrade.value(Series::new(23, 1)), "23.1");
    }
}
