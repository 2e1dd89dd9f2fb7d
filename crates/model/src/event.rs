use serde::{Deserialize, Serialize};

use crate::{Action, NodeName, ResourceAddr};

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was made, read back, and is as desired.
    Converged,
    /// It was tried and failed, for this reason.
    Failed(String),
    /// It was not tried, for this reason.
    Skipped(String),
}

/// How a node ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeOutcome {
    /// Which node; `None` for the cluster-wide part.
    pub node: Option<NodeName>,
    /// The changes, with how each ended.
    pub changes: Vec<(ResourceAddr, Outcome)>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The nodes, cluster-wide part first.
    pub nodes: Vec<NodeOutcome>,
    /// What failed beside the changes, a sentence each: a hook, a record that could not be written.
    pub failures: Vec<String>,
    /// What else to know of it, a sentence each.
    pub notes: Vec<String>,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}

/// What is under way where no change of its own tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Every node's lock is being taken.
    Locking,
    /// All nodes are read once more, to see that nothing changed since the plan.
    Comparing,
    /// A node waits for its turn to be sent an archive.
    Queued,
    /// A node makes its changes, in one script.
    Changing,
    /// A node was started, and is looked at until it is well.
    Starting,
    /// A node that was started is well.
    Up,
    /// All nodes are read, to see what the changes came to.
    ReadingBack,
}

/// Something that happens while a plan is applied. Executors emit these; only reporters print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Something begins that no change of its own tells of.
    Phase {
        /// On which node; `None` when on all.
        node: Option<NodeName>,
        /// What.
        phase: Phase,
    },
    /// A change is about to be made.
    Started {
        /// Which.
        addr: ResourceAddr,
        /// What is done.
        action: Action,
    },
    /// A change ended.
    Finished {
        /// Which.
        addr: ResourceAddr,
        /// How.
        outcome: Outcome,
        /// How long it took, in milliseconds, as far as that is known.
        milliseconds: u64,
    },
    /// Bytes are travelling.
    Sent {
        /// To which node.
        node: NodeName,
        /// For which change.
        addr: ResourceAddr,
        /// How many have gone.
        bytes: u64,
        /// Of how many.
        total: u64,
    },
    /// A node waits for something.
    Waiting {
        /// Which node.
        node: NodeName,
        /// For what.
        reason: String,
        /// How many seconds it will go on waiting at the most; `None` when nothing bounds it but what is waited for.
        left_seconds: Option<u64>,
    },
    /// A node is being reloaded or restarted, or has been started.
    Node {
        /// Which node.
        node: NodeName,
        /// What happens, such as `restarting`, `ready`.
        what: String,
    },
    /// A hook said something.
    Hook {
        /// Around which node's disruption.
        node: NodeName,
        /// Which hook: `before_node` or `after_node`.
        hook: String,
        /// A line of what it printed.
        line: String,
    },
    /// The run ended.
    Done(RunSummary),
}

impl Phase {
    /// Returns the phase in words, as they follow a node's name: `reading back`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Locking => "taking the locks",
            Self::Comparing => "looking again before anything is changed",
            Self::Queued => "waits for its turn to be sent an archive",
            Self::Changing => "making changes",
            Self::Starting => "started, and not up yet",
            Self::Up => "up",
            Self::ReadingBack => "reading back",
        }
    }
}

impl RunSummary {
    /// Returns whether every change converged and nothing failed beside them.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
            && self
                .nodes
                .iter()
                .flat_map(|node| &node.changes)
                .all(|(_, outcome)| *outcome == Outcome::Converged)
    }
}
