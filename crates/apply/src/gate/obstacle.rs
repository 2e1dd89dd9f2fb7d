use std::fmt;

use crdbctl_model::NodeName;

/// What keeps a gate shut, worded for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// A node does not say that it is ready.
    NotReady { node: NodeName, said: String },
    /// A node cannot be asked, and will not be able to in this run.
    NoConnection { node: NodeName, why: String },
    /// The cluster could not be asked for its members.
    NoStatus { why: String },
    /// The cluster has no member at the node's address.
    NoRow { node: NodeName, addresses: String },
    /// A member is down, or cut off.
    NotLive { member: String },
    /// A dead member had the address of a node that has joined anew since.
    Replaced { node: NodeName, member: String },
    /// A member that was to be decommissioned as dead is live.
    Alive { member: String },
    /// A member drains.
    Draining { member: String },
    /// A node was decommissioned.
    Gone { node: NodeName, id: u32 },
    /// A node runs another version than it shall.
    OtherBuild { node: NodeName, runs: String, wanted: String },
    /// A member has not counted its ranges yet.
    NoFigures { member: String },
    /// Ranges have no quorum.
    Unavailable { ranges: u64, members: String },
    /// Ranges lack replicas.
    Underreplicated { ranges: u64, members: String },
}

impl Obstacle {
    /// Returns whether waiting cannot help.
    pub(crate) const fn is_final(&self) -> bool {
        matches!(self, Self::NoConnection { .. } | Self::Gone { .. } | Self::Alive { .. })
    }

    /// Returns what to do next, as a clause.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::NotReady { node, .. } => {
                format!("look at CockroachDB's log on {node} (journalctl), and apply again when it is ready")
            }
            Self::NoConnection { .. } => "apply again when it can be reached".to_owned(),
            Self::NoStatus { .. } => {
                "without a majority of the nodes no command comes to an end: bring nodes back first"
                    .to_owned()
            }
            Self::NoRow { node, .. } => {
                format!(
                    "see `cockroach node status`: {node} may not have joined, or advertise another address"
                )
            }
            Self::NotLive { .. } => "start it, or decommission it for good, and apply again".to_owned(),
            Self::Replaced { node, .. } => {
                format!(
                    "see `crdbctl plan`: it says whether the dead member can be decommissioned, now that {node} has joined anew"
                )
            }
            Self::Alive { .. } => {
                "plan again: it has come back, or another machine runs with its data".to_owned()
            }
            Self::Draining { .. } => {
                "if nobody is about to stop it, restart its cockroach, and apply again".to_owned()
            }
            Self::Gone { node, .. } => {
                format!("{node} needs an empty store to join as a new member: its data cannot come back")
            }
            Self::OtherBuild { .. } => {
                "see what the archive holds: its binary says another version than the manifest".to_owned()
            }
            Self::NoFigures { .. } => "apply again in a minute".to_owned(),
            Self::Unavailable { .. } => {
                "find the nodes that hold their replicas (DB Console, Problem Ranges) and bring them back"
                    .to_owned()
            }
            Self::Underreplicated { .. } => {
                "give CockroachDB time to heal them, or see the DB Console for what keeps it, and apply again"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady { node, said } => write!(f, "{node} is not ready: {said}"),
            Self::NoConnection { node, why } => write!(f, "{node} cannot be asked, and may be down: {why}"),
            Self::NoStatus { why } => write!(f, "the cluster could not be asked for its nodes: {why}"),
            Self::NoRow { node, addresses } => {
                write!(f, "{node} is not among the cluster's nodes (at {addresses})")
            }
            Self::NotLive { member } => write!(f, "{member} is not live"),
            Self::Replaced { member, .. } => write!(f, "{member} is dead"),
            Self::Alive { member } => write!(f, "{member} is live, and was dead in the plan"),
            Self::Draining { member } => write!(f, "{member} drains"),
            Self::Gone { node, id } => write!(f, "{node} (n{id}) is decommissioned"),
            Self::OtherBuild { node, runs, wanted } => {
                write!(f, "{node} runs {runs}, and {wanted} is wanted")
            }
            Self::NoFigures { member } => write!(f, "{member} has not counted its ranges yet"),
            Self::Unavailable { ranges, members } => write!(f, "{} unavailable ({members})", count(*ranges)),
            Self::Underreplicated { ranges, members } => {
                write!(f, "{} under-replicated ({members})", count(*ranges))
            }
        }
    }
}

fn count(ranges: u64) -> String {
    if ranges == 1 { "1 range is".to_owned() } else { format!("{ranges} ranges are") }
}
