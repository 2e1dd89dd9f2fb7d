use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{AddrPattern, ClusterName, NodeName, ResourceAddr, Selection};

/// How many lines, and how many names in a line, are told; the first few say what is wrong.
const MOST: usize = 12;

/// From so many resources of one node on, what to add is all of the node.
const MANY: usize = 5;

/// Why a selection is refused. Nothing can be done with it but to select otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A node that the manifest does not have.
    #[error("{node} is no node of the cluster {cluster}")]
    UnknownNode {
        /// What was given.
        node: NodeName,
        /// The cluster.
        cluster: ClusterName,
        /// The nodes that it has.
        known: Vec<NodeName>,
    },
    /// A target that means no resource of the graph, nor anything that was found and is in the plan; or none on the selected nodes.
    #[error("--target '{target}' means no resource of {within}")]
    UnknownTarget {
        /// What was given.
        target: AddrPattern,
        /// Where it means nothing, in words: `the cluster store`, `store-1 and store-2`.
        within: String,
        /// What there is, of which it may be like something.
        known: BTreeSet<ResourceAddr>,
    },
    /// Selected changes that rest on changes that are not selected.
    #[error("the selection breaks the order of the plan: what is selected rests on what is not\n{}", lines(.needs))]
    BreaksOrder {
        /// Each selected change that does, in the plan's order.
        needs: Vec<Needs>,
        /// The options with which all of them are selected, too: `--target cluster/authority.ca`.
        add: Vec<String>,
        /// Whether these take the place of all the options that were given, because `--node` leaves out what is needed.
        instead: bool,
    },
}

/// A selected change, and what is missing before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// The change.
    pub addr: ResourceAddr,
    /// The changes that it depends on, over any number of others, and that are not selected.
    pub missing: BTreeSet<ResourceAddr>,
}

impl SelectionError {
    /// Returns that a selection breaks the order, with what to add to it.
    pub(super) fn breaks_order(needs: Vec<Needs>, selection: &Selection) -> Self {
        let missing: BTreeSet<&ResourceAddr> = needs.iter().flat_map(|it| &it.missing).collect();
        let instead = !missing.iter().all(|addr| {
            selection.nodes.is_empty() || addr.node().is_some_and(|node| selection.nodes.contains(node))
        });
        let mut add = if instead { as_targets(selection) } else { Vec::new() };
        add.extend(targets(missing));
        Self::BreaksOrder { needs, add, instead }
    }

    /// Returns what to do next; `None` where the caller knows better: which addresses a target is like.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::UnknownNode { known, .. } => {
                let names: Vec<&str> = known.iter().map(NodeName::as_str).take(20).collect();
                let more = if known.len() > names.len() { ", …" } else { "" };
                Some(format!("its nodes are {}{more}", names.join(", ")))
            }
            Self::UnknownTarget { .. } => None,
            Self::BreaksOrder { add, instead: false, .. } => Some(format!("add {}", add.join(" "))),
            Self::BreaksOrder { add, instead: true, .. } => {
                Some(format!("--node leaves that out; write instead {}", add.join(" ")))
            }
        }
    }
}

/// A selection with its nodes written as targets: `--node` and `--target` restrict together, so that nothing can be added to nodes.
fn as_targets(selection: &Selection) -> Vec<String> {
    let mut targets: BTreeSet<String> = BTreeSet::new();
    for node in &selection.nodes {
        if selection.targets.is_empty() {
            targets.insert(format!("--target '{node}/*'"));
        }
        for target in selection.targets.iter().filter(|target| target.matches_node(node)) {
            let text = target.to_string();
            let (_, local) = text.split_once('/').unwrap_or(("", "*"));
            targets.insert(format!("--target '{node}/{local}'"));
        }
    }
    targets.into_iter().collect()
}

fn targets(missing: BTreeSet<&ResourceAddr>) -> Vec<String> {
    let mut by_node: BTreeMap<Option<&NodeName>, Vec<&ResourceAddr>> = BTreeMap::new();
    for addr in missing {
        by_node.entry(addr.node()).or_default().push(addr);
    }
    let of_node = |(node, addrs): (Option<&NodeName>, Vec<&ResourceAddr>)| match node {
        Some(node) if addrs.len() > MANY => vec![format!("--target '{node}/*'")],
        _ => addrs.iter().map(|addr| format!("--target {addr}")).collect(),
    };
    by_node.into_iter().flat_map(of_node).collect()
}

fn lines(needs: &[Needs]) -> String {
    let line = |it: &Needs| {
        let mut names: Vec<String> = it.missing.iter().take(MOST).map(ToString::to_string).collect();
        let more = it.missing.len() - names.len();
        names.extend((more > 0).then(|| format!("{more} more")));
        format!("{} needs {}", it.addr, names.join(", "))
    };
    let mut lines: Vec<String> = needs.iter().take(MOST).map(line).collect();
    let more = needs.len() - lines.len();
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines.join("\n")
}
