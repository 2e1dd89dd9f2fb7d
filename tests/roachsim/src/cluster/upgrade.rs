//! Raising the cluster version.

use std::collections::BTreeSet;

use super::ids::NodeId;
use super::register::Register;
use super::state::State;
use crate::release::Series;

/// First series whose versions in between say where they lead.
const LONG_NAMES: Series = Series::new(23, 2);

/// A series as `SHOW CLUSTER SETTING version` has it, without the `v`.
fn plain(series: Series) -> String {
    format!("{}.{}", series.year, series.ordinal)
}

/// Returns what `SHOW CLUSTER SETTING version` says: `24.1`, or `24.1-upgrading-to-24.3-step-004` in between.
#[must_use]
pub fn version_text(state: &State) -> String {
    let from = state.version.value;
    match state.upgrading.value {
        None => plain(from),
        Some(to) if from >= LONG_NAMES => format!("{}-upgrading-to-{}-step-004", plain(from), plain(to)),
        Some(_) => format!("{}-8", plain(from)),
    }
}

/// Finds the series to which the version may rise by itself; none when all is done.
///
/// # Errors
/// With what it waits for, in the words of the log (`auto_upgrade.go`).
pub fn automatic_target(
    state: &State,
    live: &BTreeSet<NodeId>,
    draining: &BTreeSet<NodeId>,
) -> Result<Option<Series>, String> {
    let mut seen: Option<Series> = None;
    for (node, member) in state.members.iter().filter(|(_, member)| member.is_member()) {
        let descriptor = member
            .descriptor
            .as_ref()
            .filter(|_| live.contains(node) && !draining.contains(node))
            .ok_or_else(|| format!("node {node} not running, cannot determine version"))?;
        let series = descriptor.value.release.series;
        match seen {
            Some(other) if other != series => {
                return Err(format!(
                    "not all nodes are running the latest version yet (saw {} and {})",
                    plain(other),
                    plain(series)
                ));
            }
            _ => seen = Some(series),
        }
    }
    let Some(series) = seen.filter(|series| *series > state.version.value) else {
        return Ok(None);
    };
    match state.setting("cluster.preserve_downgrade_option").filter(|value| !value.is_empty()) {
        Some(_) => Err("auto upgrade is disabled for current version (preserve_downgrade_option)".to_owned()),
        None if state.setting("cluster.auto_upgrade.enabled") == Some("false") => {
            Err("auto upgrade is disabled by cluster.auto_upgrade.enabled".to_owned())
        }
        None => Ok(Some(series)),
    }
}

/// Checks `SET CLUSTER SETTING version = '…'` on a node that runs `running`, and returns the series.
///
/// # Errors
/// In the real program's words where they are known.
pub fn manual_target(
    state: &State,
    live: &BTreeSet<NodeId>,
    running: Series,
    text: &str,
) -> Result<Series, String> {
    let target: Series = format!("v{}", text.trim_start_matches('v'))
        .parse()
        .map_err(|_| format!("invalid version {text}"))?;
    let current = state.version.value;
    if target > running {
        return Err(format!("cannot upgrade to {}: node running {}", plain(target), plain(running)));
    }
    if target < running.oldest_data() {
        return Err(format!(
            "node at {} cannot run {} (minimum version is {})",
            plain(running),
            plain(target),
            plain(running.oldest_data())
        ));
    }
    if target < current {
        return Err(format!(
            "versions cannot be downgraded (attempting to downgrade from {} to {})",
            plain(current),
            plain(target)
        ));
    }
    if let Some(kept) = state.setting("cluster.preserve_downgrade_option").filter(|value| !value.is_empty()) {
        return Err(format!(
            "cannot upgrade to {}: cluster.preserve_downgrade_option is set to {kept}",
            plain(target)
        ));
    }
    for (node, member) in state.members.iter().filter(|(_, member)| member.is_member()) {
        let descriptor = member.descriptor.as_ref().filter(|_| live.contains(node));
        let Some(descriptor) = descriptor else {
            return Err(format!("n{node} required, but unavailable"));
        };
        let theirs = descriptor.value.release.series;
        if theirs < target {
            return Err(format!(
                "error when validating target cluster version: binary version {} less than target cluster version {} (n{node})",
                plain(theirs),
                plain(target)
            ));
        }
    }
    Ok(target)
}

/// Checks a value for `cluster.preserve_downgrade_option`.
///
/// # Errors
/// When it is neither empty nor the cluster version.
pub fn check_preserved(state: &State, text: &str) -> Result<(), String> {
    if text.is_empty() || text == version_text(state) {
        return Ok(());
    }
    let parsed: Result<Series, _> = format!("v{}", text.trim_start_matches('v')).parse();
    match parsed {
        Err(_) => Err(format!("invalid version {text}")),
        Ok(_) => Err(format!(
            "cannot set cluster.preserve_downgrade_option to {text} (cluster version is {})",
            version_text(state)
        )),
    }
}

impl State {
    /// Begins to raise the version: from now on no older release opens the data.
    pub fn begin_upgrade(&mut self, to: Series, by: NodeId, time: u64) {
        if to > self.version.value {
            self.upgrading = Register { stamp: self.stamp(by, time), value: Some(to) };
        }
    }

    /// Ends it; says what the version was.
    pub fn end_upgrade(&mut self, by: NodeId, time: u64) -> Option<Series> {
        let to = self.upgrading.value?;
        let before = self.version.value;
        let stamp = self.stamp(by, time);
        self.version = Register { stamp, value: to.max(before) };
        self.upgrading = Register { stamp, value: None };
        Some(before)
    }

    /// The newest version whose data this may hold.
    #[must_use]
    pub fn newest_data(&self) -> Series {
        self.upgrading.value.unwrap_or(self.version.value).max(self.version.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{ClusterId, Descriptor, StoreUuid};

    fn cluster(version: &str, releases: &[&str]) -> State {
        let version: Series = version.parse().unwrap();
        let mut state = State::bootstrap(ClusterId::random(), StoreUuid::numbered(1), version, 1);
        for (node, release) in (1_u32..).zip(releases) {
            state.admit(NodeId(node), StoreUuid::numbered(node.into()), NodeId(1), 2);
            let descriptor = Descriptor {
                address: String::new(),
                sql_address: String::new(),
                http_address: String::new(),
                release: release.parse().unwrap(),
                locality: String::new(),
                attrs: String::new(),
                started_at: 0,
            };
            state.describe(NodeId(node), descriptor, 3);
        }
        state
    }

    fn ids(ids: &[u32]) -> BTreeSet<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    #[test]
    fn versions_rise_by_themselves_once_all_are_live_and_new() {
        let none = BTreeSet::new();
        let mixed = cluster("v24.1", &["v24.3.0", "v24.1.5"]);
        assert_eq!(
            automatic_target(&mixed, &ids(&[1, 2]), &none).unwrap_err(),
            "not all nodes are running the latest version yet (saw 24.3 and 24.1)"
        );
        let mut new = cluster("v24.1", &["v24.3.0", "v24.3.1"]);
        let stopped = "node 2 not running, cannot determine version";
        assert_eq!(automatic_target(&new, &ids(&[1]), &none).unwrap_err(), stopped);
        assert_eq!(automatic_target(&new, &ids(&[1, 2]), &ids(&[2])).unwrap_err(), stopped);
        assert_eq!(automatic_target(&new, &ids(&[1, 2]), &none), Ok(Some(Series::new(24, 3))));
        new.set("cluster.preserve_downgrade_option", Some("24.1".to_owned()), NodeId(1), 9);
        assert!(automatic_target(&new, &ids(&[1, 2]), &none).is_err());
        new.set("cluster.preserve_downgrade_option", None, NodeId(1), 10);
        new.set("cluster.auto_upgrade.enabled", Some("false".to_owned()), NodeId(1), 11);
        assert!(automatic_target(&new, &ids(&[1, 2]), &none).is_err());
        let patch = cluster("v24.1", &["v24.1.0", "v24.1.9"]);
        assert_eq!(automatic_target(&patch, &ids(&[1, 2]), &none), Ok(None));
    }

    #[test]
    fn versions_raised_by_hand_are_checked() {
        let both = ids(&[1, 2]);
        let said = |state: &State, live: &BTreeSet<NodeId>, text: &str| {
            manual_target(state, live, Series::new(24, 3), text).map(|series| series.to_string())
        };
        let state = cluster("v24.1", &["v24.3.0", "v24.3.0"]);
        assert_eq!(said(&state, &both, "24.3"), Ok("v24.3".to_owned()));
        assert_eq!(said(&state, &both, "25.1").unwrap_err(), "cannot upgrade to 25.1: node running 24.3");
        assert_eq!(
            said(&cluster("v24.3", &["v24.3.0", "v24.3.0"]), &both, "24.2").unwrap_err(),
            "versions cannot be downgraded (attempting to downgrade from 24.3 to 24.2)"
        );
        assert_eq!(said(&state, &ids(&[1]), "24.3").unwrap_err(), "n2 required, but unavailable");
        let mixed = cluster("v24.1", &["v24.3.0", "v24.1.0"]);
        assert!(said(&mixed, &both, "24.3").unwrap_err().contains("binary version 24.1 less than target"));
        let mut kept = state;
        kept.set("cluster.preserve_downgrade_option", Some("24.1".to_owned()), NodeId(1), 9);
        assert_eq!(
            said(&kept, &both, "24.3").unwrap_err(),
            "cannot upgrade to 24.3: cluster.preserve_downgrade_option is set to 24.1"
        );
        assert!(said(&kept, &both, "soon").unwrap_err().contains("invalid version soon"));
    }

    #[test]
    fn only_the_current_version_is_preserved() {
        let state = cluster("v24.1", &["v24.3.0"]);
        assert_eq!(check_preserved(&state, "24.1"), Ok(()));
        assert_eq!(check_preserved(&state, ""), Ok(()));
        assert_eq!(
            check_preserved(&state, "24.3").unwrap_err(),
            "cannot set cluster.preserve_downgrade_option to 24.3 (cluster version is 24.1)"
        );
    }

    #[test]
    fn in_between_the_version_says_where_it_leads() {
        let mut state = cluster("v24.1", &["v24.3.0"]);
        state.begin_upgrade(Series::new(24, 3), NodeId(1), 9);
        assert_eq!(version_text(&state), "24.1-upgrading-to-24.3-step-004");
        assert_eq!(state.newest_data(), Series::new(24, 3));
        assert_eq!(state.end_upgrade(NodeId(1), 10), Some(Series::new(24, 1)));
        assert_eq!(version_text(&state), "24.3");
        assert_eq!(state.end_upgrade(NodeId(1), 11), None);
        let mut old = cluster("v22.2", &["v23.1.0"]);
        old.begin_upgrade(Series::new(23, 1), NodeId(1), 9);
        assert_eq!(version_text(&old), "22.2-8");
    }
}
