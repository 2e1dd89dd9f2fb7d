use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{NodeName, SettingName};

/// Who makes an upgrade to another series permanent, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finalize {
    /// CockroachDB itself, as soon as every node runs the new version.
    Auto,
    /// Nobody, until the manifest says `auto`: until then the cluster can go back.
    Manual,
}

/// The version of the cluster as a whole: what its data is upgraded to, once every node runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredVersion {
    /// The version that nodes shall run, such as `v24.3.1`.
    pub version: String,
    /// Who finalises.
    pub finalize: Finalize,
}

/// A SQL cluster setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredSetting {
    /// Its name.
    pub name: SettingName,
    /// Its value, as the manifest spells it.
    pub value: String,
}

/// Who belongs to the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredMembers {
    /// The nodes that stay, each with the `host:port` that it advertises.
    pub staying: BTreeMap<NodeName, String>,
    /// The nodes that leave or have left, likewise.
    pub leaving: BTreeMap<NodeName, String>,
    /// The dead members that nodes that stay were before they lost their data, by number. Only a plan has any: which these are
    /// is not in the manifest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replaced: BTreeMap<NodeName, BTreeSet<u32>>,
}

impl DesiredMembers {
    /// Returns whether `member` is one that a node was before it lost its data.
    pub fn replaces(&self, member: &MemberFact) -> bool {
        self.replaced.values().any(|ids| ids.contains(&member.id))
    }
}

/// The version of the cluster as CockroachDB tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionFact {
    /// `SHOW CLUSTER SETTING version`: `24.1`, or more while an upgrade is being finalised.
    pub version: String,
    /// `cluster.auto_upgrade.enabled`; `None` when this version has no such setting (before v23.2).
    pub auto_upgrade: Option<bool>,
    /// `cluster.preserve_downgrade_option`, empty when nothing is held back; `None` when this version has no such setting.
    pub preserve_downgrade: Option<String>,
}

/// A SQL cluster setting as `SHOW CLUSTER SETTING` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingFact {
    /// Its value, as CockroachDB writes it.
    pub value: String,
}

/// The members of the cluster, those that have left included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersFact {
    /// By number, the lowest first. Numbers are never used again.
    pub members: Vec<MemberFact>,
}

/// Where a member stands between joining and having left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MembershipFact {
    /// It belongs to the cluster.
    Active,
    /// It hands its data over; can be taken back.
    Decommissioning,
    /// It has left for good.
    Decommissioned,
    /// CockroachDB used a word that is not known here.
    Other,
}

/// A member of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberFact {
    /// Its number.
    pub id: u32,
    /// The `host:port` that it advertises; `None` for some that left long ago.
    pub address: Option<String>,
    /// The version that it reported last.
    pub build: Option<String>,
    /// Whether it belongs to the cluster.
    pub membership: MembershipFact,
    /// What changes by itself.
    pub figures: MemberFigures,
}

/// What changes of a member from one look to the next, and makes no plan stale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberFigures {
    /// Whether it is heard of and its liveness record has not expired.
    pub live: Option<bool>,
    /// Whether it drains.
    pub draining: Option<bool>,
    /// When it started, in UTC: `2026-01-02 03:04:05.1`.
    pub started_at: Option<String>,
    /// Ranges with a replica on it.
    pub ranges: Option<u64>,
    /// Ranges without a quorum, as far as it is to count them.
    pub unavailable: Option<u64>,
    /// Ranges with less replicas than they should have, as far as it is to count them.
    pub underreplicated: Option<u64>,
    /// Replicas that it still holds, as gossip has it.
    pub replicas: Option<u64>,
}

impl MembersFact {
    /// Returns the members without what changes by itself.
    #[must_use]
    pub fn at_rest(&self) -> Self {
        let members = self.members.iter().cloned();
        let at_rest = members.map(|member| MemberFact { figures: MemberFigures::default(), ..member });
        Self { members: at_rest.collect() }
    }

    /// Returns the members that have not left.
    pub fn standing(&self) -> impl Iterator<Item = &MemberFact> {
        self.members.iter().filter(|member| !member.has_left())
    }
}

impl MemberFact {
    /// Returns whether it has left for good.
    pub fn has_left(&self) -> bool {
        self.membership == MembershipFact::Decommissioned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: u32, address: &str, membership: MembershipFact) -> MemberFact {
        let figures = MemberFigures { ranges: Some(u64::from(id)), ..MemberFigures::default() };
        MemberFact { id, address: Some(address.to_owned()), build: None, membership, figures }
    }

    #[test]
    fn figures_do_not_count_at_rest() {
        let of = |id, ranges| {
            let mut member = member(id, "a:1", MembershipFact::Active);
            member.figures.ranges = Some(ranges);
            MembersFact { members: vec![member] }
        };
        assert_eq!(of(1, 60).at_rest(), of(1, 61).at_rest());
        assert_ne!(of(1, 60).at_rest(), of(2, 60).at_rest());
    }
}
