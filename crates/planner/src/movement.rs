use std::collections::{BTreeMap, BTreeSet};

use crdbctl_cockroach::members::MemberAddresses;
use crdbctl_cockroach::upgrade::{StepKind, UpgradeStep, judge};
use crdbctl_cockroach::{ClusterVersion, Version};
use crdbctl_model::{
    Desired, Fact, MembersFact, NodeName, Observations, Observed, ResourceGraph, ResourceKind, ServiceFact,
    VersionFact,
};

use crate::context::service;
use crate::view::View;

/// Which versions the nodes have, which one they shall have, and whether that may be.
#[derive(Clone, Debug)]
pub(crate) struct Movement {
    /// The version that each node has, where it is known: that of its process, else the last one that it reported to the
    /// cluster, else that of the package that its program belongs to.
    pub(crate) builds: BTreeMap<NodeName, Version>,
    /// The versions of the members that the manifest does not keep: unmanaged ones, and those that leave.
    pub(crate) others: BTreeMap<String, Version>,
    /// The cluster's version, when it could be read.
    pub(crate) cluster: Option<ClusterVersion>,
    /// What the manifest wants; `None` when it is not a version.
    pub(crate) wanted: Option<Version>,
    /// Whether that may be.
    pub(crate) verdict: MovementVerdict,
}

/// Whether the nodes may go where the manifest wants them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MovementVerdict {
    /// They may.
    Allowed(StepKind),
    /// They may not.
    Refused {
        /// Why.
        reason: String,
        /// What to do instead.
        instead: String,
    },
}

impl Movement {
    pub(crate) fn new(
        graph: &ResourceGraph,
        observations: &Observations,
        addresses: &MemberAddresses,
        view: &View,
    ) -> Self {
        let members = members(graph, observations);
        let builds: BTreeMap<NodeName, Version> = graph
            .staying()
            .filter_map(|node| {
                Some((node.clone(), build(graph, observations, addresses, members.as_ref(), node)?))
            })
            .collect();
        let others = members.as_ref().map(|members| others(graph, members, addresses)).unwrap_or_default();
        let wanted = graph.version.parse::<Version>().ok();
        let (cluster, verdict) = match &wanted {
            None => (None, MovementVerdict::Allowed(StepKind::Same)),
            // Whether the cluster may go there is told with the first shard, which asks the cluster.
            Some(_) if !view.has_cluster() && members.is_none() => {
                (None, MovementVerdict::Allowed(StepKind::Same))
            }
            Some(wanted) => verdict(graph, observations, &builds, &others, wanted),
        };
        Self { builds, others, cluster, wanted, verdict }
    }

    /// Returns whether a node that stays does not have a version of the wanted series yet, as far as is known.
    pub(crate) fn is_ahead(&self) -> bool {
        let wanted = self.wanted.as_ref().map(Version::series);
        self.builds.values().any(|build| Some(build.series()) != wanted)
    }

    /// Returns whether a node is known to have a version of the wanted series.
    pub(crate) fn has_arrived(&self, node: &NodeName) -> bool {
        let series = |version: Option<&Version>| version.map(Version::series);
        series(self.builds.get(node)).is_some_and(|has| Some(has) == series(self.wanted.as_ref()))
    }

    /// Returns why `node` may not get the wanted version, when it has another one and may not.
    pub(crate) fn refusal(&self, node: Option<&NodeName>) -> Option<(&str, &str)> {
        let MovementVerdict::Refused { reason, instead } = &self.verdict else { return None };
        let has = node.and_then(|node| self.builds.get(node));
        (has.is_none() || has != self.wanted.as_ref()).then_some((reason.as_str(), instead.as_str()))
    }
}

fn verdict(
    graph: &ResourceGraph,
    observations: &Observations,
    builds: &BTreeMap<NodeName, Version>,
    others: &BTreeMap<String, Version>,
    wanted: &Version,
) -> (Option<ClusterVersion>, MovementVerdict) {
    let running: BTreeSet<Version> = builds.values().chain(others.values()).cloned().collect();
    let crosses = running.iter().any(|running| running.series() != wanted.series());
    let observed = graph
        .of_cluster(ResourceKind::Version)
        .next()
        .map_or(Observed::Absent, |resource| observations.of(&resource.addr));
    let cluster = match observed {
        // Without data there is nothing that a version could not read.
        Observed::Absent => return (None, MovementVerdict::Allowed(StepKind::Same)),
        Observed::Deferred { .. } => None,
        Observed::Unknown { reason } if crosses => {
            let reason = format!(
                "whether the last upgrade is finalised is not known, and {wanted} hangs on it: {reason}"
            );
            let instead = "mend what keeps the cluster from being asked, then plan again".to_owned();
            return (None, MovementVerdict::Refused { reason, instead });
        }
        Observed::Unknown { .. } => None,
        Observed::Present(fact) => match *fact {
            Fact::Version(VersionFact { version, .. }) => match version.parse::<ClusterVersion>() {
                Ok(version) => Some(version),
                Err(error) => {
                    let instead = "look at `SHOW CLUSTER SETTING version`".to_owned();
                    return (None, MovementVerdict::Refused { reason: error.to_string(), instead });
                }
            },
            _ => None,
        },
    };
    let verdict = match judge(cluster.as_ref(), &running, wanted) {
        UpgradeStep::Allowed { kind } => MovementVerdict::Allowed(kind),
        UpgradeStep::Refused { reason, instead } => {
            let have: Vec<String> = running.iter().map(ToString::to_string).collect();
            let reason = if have.is_empty() {
                reason
            } else {
                format!("{} runs, and {wanted} cannot follow: {reason}", have.join(" and "))
            };
            MovementVerdict::Refused { reason, instead }
        }
    };
    (cluster, verdict)
}

/// The members as far as they could be read.
pub(crate) fn members(graph: &ResourceGraph, observations: &Observations) -> Option<MembersFact> {
    let resource = graph.of_cluster(ResourceKind::Members).next()?;
    match observations.of(&resource.addr) {
        Observed::Present(fact) => match *fact {
            Fact::Members(members) => Some(members),
            _ => None,
        },
        _ => None,
    }
}

fn build(
    graph: &ResourceGraph,
    observations: &Observations,
    addresses: &MemberAddresses,
    members: Option<&MembersFact>,
    node: &NodeName,
) -> Option<Version> {
    let found = service(graph, observations, node);
    let running = found.and_then(running_version);
    let reported = || {
        let member = addresses.member(node, &members?.members).filter(|member| !member.has_left())?;
        member.build.as_ref()?.parse().ok()
    };
    let is_down = || found.is_some_and(|service| service.process.is_none());
    running.or_else(reported).or_else(|| is_down().then(|| linked(graph, observations, node)).flatten())
}

/// The version of a process, from the name of its package; of a program elsewhere nothing is known.
fn running_version(service: &ServiceFact) -> Option<Version> {
    packaged(&service.process.as_ref()?.exe)
}

/// The version of the package that the node's program belongs to, when it has a store that this version may have written.
fn linked(graph: &ResourceGraph, observations: &Observations, node: &NodeName) -> Option<Version> {
    let program = &graph.service(node)?.program;
    let link = graph.of_node(node).find(
        |resource| matches!(&resource.desired, Desired::Link(link) if link.path.as_str() == program.as_str()),
    )?;
    match observations.of(&link.addr) {
        Observed::Present(fact) => match *fact {
            Fact::Link(link) => packaged(&link.target?),
            _ => None,
        },
        _ => None,
    }
}

/// `v24.1.0` of `/opt/cockroach-v24.1.0.linux-amd64/cockroach`.
fn packaged(path: &str) -> Option<Version> {
    let package = path.rsplit('/').nth(1)?.strip_prefix("cockroach-")?;
    package.split(".linux-").next()?.parse().ok()
}

fn others(
    graph: &ResourceGraph,
    members: &MembersFact,
    addresses: &MemberAddresses,
) -> BTreeMap<String, Version> {
    members
        .standing()
        .filter(|member| addresses.node_of(*member).is_none_or(|node| graph.is_leaving(node)))
        .filter_map(|member| {
            let name = member.address.clone().unwrap_or_else(|| "an unknown address".to_owned());
            Some((format!("n{} at {name}", member.id), member.build.as_ref()?.parse().ok()?))
        })
        .collect()
}
