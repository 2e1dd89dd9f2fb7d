use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Action, AddrPattern, Cause, NodeName, ResourceAddr, ShardContext};

/// Which side moved: what a divergence comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Divergence {
    /// The host is not what it was when crdbctl applied: somebody changed it, or a certificate nears its end.
    Drift,
    /// The hosts were never brought to what the manifest says now: the manifest is ahead of them.
    Change,
}

/// Which changes somebody asked for, of those of the whole plan. Empty lists mean no restriction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Those on one of these nodes.
    pub nodes: BTreeSet<NodeName>,
    /// Those whose address one of these means.
    pub targets: BTreeSet<AddrPattern>,
}

/// A share of a cluster's nodes, so that several runs, each with one, see all of them: `2/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: usize,
    of: usize,
}

/// Text that is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a shard: write I/N, for example 1/4, with I from 1 to N and N at most {max}", max = Shard::MAX)]
pub struct ParseShardError(String);

/// Which part of the whole a plan is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The changes that were asked for.
    #[serde(default)]
    pub selection: Selection,
    /// The only kind of divergence that was asked for.
    #[serde(default)]
    pub only: Option<Divergence>,
    /// The nodes that were looked at; cluster-wide resources are looked at with the first shard.
    #[serde(default)]
    pub shard: Option<Shard>,
    /// What a shard tells for those who join it with the others; `None` when all nodes were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Box<ShardContext>>,
    /// How many shards this is joined from. Such a plan is to be shown: it knows neither what of one shard waits for what of
    /// another nor in which order nodes go, and cannot be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<usize>,
}

/// Why a change is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOutWhy {
    /// It was not selected.
    Selection,
    /// It is the other kind of divergence than the one that was asked for.
    Only,
    /// Its drift is accepted for a time.
    Accepted {
        /// The last day, `YYYY-MM-DD`.
        until: String,
        /// Why, in the words of who accepted it.
        reason: String,
    },
}

/// A change of the whole plan, or attributes of one, that this part of it leaves out. It is told, and never counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Which resource.
    pub addr: ResourceAddr,
    /// What the whole plan does to it.
    pub action: Action,
    /// Why the whole plan does.
    pub cause: Cause,
    /// The attributes that are left out, when others of the same change are not; empty when all of it is.
    pub attributes: Vec<String>,
    /// Why it is left out.
    pub why: LeftOutWhy,
}

impl Cause {
    /// Returns which side moved; that of the host where both did, because that is what somebody must look into.
    pub const fn divergence(self) -> Divergence {
        match self {
            Self::Drift | Self::ManifestAndDrift | Self::Expiry => Divergence::Drift,
            // Without a record crdbctl never applied it, so that nothing can have moved since.
            Self::Manifest
            | Self::Differs
            | Self::Missing
            | Self::Unfinished
            | Self::Rotation
            | Self::Surplus => Divergence::Change,
        }
    }

    /// Returns whether this side moved, alone or with the other.
    pub fn is_of(self, side: Divergence) -> bool {
        self == Self::ManifestAndDrift || self.divergence() == side
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drift => "drift",
            Self::Change => "change",
        })
    }
}

impl Selection {
    /// Returns whether everything is selected.
    pub fn is_whole(&self) -> bool {
        self.nodes.is_empty() && self.targets.is_empty()
    }

    /// Returns whether the change of this resource is selected.
    pub fn contains(&self, addr: &ResourceAddr) -> bool {
        let on_node = self.nodes.is_empty() || addr.node().is_some_and(|node| self.nodes.contains(node));
        on_node && (self.targets.is_empty() || self.targets.iter().any(|target| target.matches(addr)))
    }

    /// Returns whether a change on this node can be selected.
    pub fn reaches(&self, node: &NodeName) -> bool {
        let is_named = self.nodes.is_empty() || self.nodes.contains(node);
        is_named && (self.targets.is_empty() || self.targets.iter().any(|target| target.matches_node(node)))
    }
}

/// As it is given on a command line: `--node store-1 --target '*/unit.*'`.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.nodes.iter().map(|node| format!("--node {node}"));
        let targets = self.targets.iter().map(|target| format!("--target '{target}'"));
        f.write_str(&nodes.chain(targets).collect::<Vec<_>>().join(" "))
    }
}

impl Shard {
    /// The most shards that a cluster is split into.
    pub const MAX: usize = 1000;

    /// Returns whether this is the first shard: that with what is cluster-wide.
    pub const fn is_first(self) -> bool {
        self.index == 1
    }

    /// Returns its number, from 1.
    pub const fn index(self) -> usize {
        self.index
    }

    /// Returns how many shards there are.
    pub const fn of(self) -> usize {
        self.of
    }

    /// Returns the nodes of this shard. In order of their names each goes to the next shard, so that every node is in exactly one
    /// and shards differ by one node at most.
    pub fn nodes<'a>(self, all: impl IntoIterator<Item = &'a NodeName>) -> BTreeSet<NodeName> {
        let sorted: BTreeSet<&NodeName> = all.into_iter().collect();
        sorted.into_iter().skip(self.index - 1).step_by(self.of).cloned().collect()
    }

    /// Returns all shards of as many as this one is of, itself among them.
    pub fn all(self) -> impl Iterator<Item = Self> {
        (1..=self.of).map(move |index| Self { index, of: self.of })
    }

    /// Returns the shards of `shards` that are missing, and those that are there more than once. All are of one number, that of
    /// the first.
    pub fn gaps(shards: &[Self]) -> (Vec<Self>, Vec<Self>) {
        let Some(of) = shards.first().map(|shard| shard.of) else { return (Vec::new(), Vec::new()) };
        let mut seen: BTreeMap<usize, usize> = (1..=of).map(|index| (index, 0)).collect();
        for shard in shards.iter().filter(|shard| shard.of == of) {
            *seen.entry(shard.index).or_default() += 1;
        }
        let with = |wanted: fn(usize) -> bool| {
            seen.iter()
                .filter(|(_, times)| wanted(**times))
                .map(|(index, _)| Self { index: *index, of })
                .collect()
        };
        (with(|times| times == 0), with(|times| times > 1))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = ParseShardError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || ParseShardError(text.chars().take(50).collect());
        let number = |digits: &str| {
            // `parse` would take a sign.
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<usize>().ok()).flatten().ok_or_else(fail)
        };
        let (index, of) = text.split_once('/').ok_or_else(fail)?;
        let (index, of) = (number(index)?, number(of)?);
        if index == 0 || index > of || of > Self::MAX { Err(fail()) } else { Ok(Self { index, of }) }
    }
}

impl TryFrom<String> for Shard {
    type Error = ParseShardError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl Part {
    /// Returns whether this can be shown and not be applied: it knows one shard alone, or is joined of several.
    pub const fn is_to_be_shown(&self) -> bool {
        self.shard.is_some() || self.joined.is_some()
    }

    /// Returns whether nothing is left out: this is the whole plan, as one run made it.
    pub fn is_whole(&self) -> bool {
        self.selection.is_whole() && self.only.is_none() && self.shard.is_none() && self.joined.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<NodeName> {
        names.iter().map(|name| NodeName::new(*name).unwrap()).collect()
    }

    #[test]
    fn every_node_is_in_exactly_one_shard() {
        let all = names(&["store-3", "store-1", "store-2", "store-10", "store-4"]);
        for of in 1..=7 {
            let shards: Vec<Shard> = (1..=of).map(|index| format!("{index}/{of}").parse().unwrap()).collect();
            let mut seen: Vec<NodeName> = shards.iter().flat_map(|shard| shard.nodes(&all)).collect();
            seen.sort();
            assert_eq!(seen, all.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
            let sizes: Vec<usize> = shards.iter().map(|shard| shard.nodes(&all).len()).collect();
            assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
        }
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        for text in ["", "1", "0/2", "3/2", "1/0", "+1/2", "1/2/3", "a/2", "1/1001", " 1/2", "1/-2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        let shard: Shard = "2/3".parse().unwrap();
        assert_eq!(
            (shard.index(), shard.of(), shard.is_first(), shard.to_string().as_str()),
            (2, 3, false, "2/3")
        );
    }

    #[test]
    fn missing_and_repeated_shards_are_seen() {
        let shards = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Shard>>();
        let (missing, twice) = Shard::gaps(&shards(&["1/4", "3/4", "3/4"]));
        assert_eq!((missing, twice), (shards(&["2/4", "4/4"]), shards(&["3/4"])));
        assert_eq!(Shard::gaps(&shards(&["2/2", "1/2"])), (Vec::new(), Vec::new()));
    }

    #[test]
    fn nodes_and_targets_restrict_together() {
        let targets = BTreeSet::from(["*/unit.*".parse().unwrap(), "cluster/*".parse().unwrap()]);
        let contains = |selection: &Selection, addr: &str| selection.contains(&addr.parse().unwrap());
        let both = Selection { nodes: names(&["store-1"]).into_iter().collect(), targets: targets.clone() };
        assert!(contains(&both, "store-1/unit.cockroach"));
        for addr in ["store-1/service.cockroach", "store-2/unit.cockroach", "cluster/init.store"] {
            assert!(!contains(&both, addr), "{addr}");
        }
        let reaches = |selection: &Selection, node: &str| selection.reaches(&NodeName::new(node).unwrap());
        assert!(reaches(&both, "store-1") && !reaches(&both, "store-2"));
        let targets = Selection { targets, ..Selection::default() };
        assert!(reaches(&targets, "store-2"));
        assert!(contains(&targets, "cluster/init.store") && contains(&targets, "store-2/unit.cockroach"));
        assert!(Selection::default().is_whole() && !both.is_whole());
        assert_eq!(both.to_string(), "--node store-1 --target '*/unit.*' --target 'cluster/*'");
    }
}
