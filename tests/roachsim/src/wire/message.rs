//! Requests and responses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::{
    ClusterId, DecommissionStatus, Heartbeats, Membership, NodeId, PreCheck, State, StoreUuid,
};
use crate::release::Release;

/// What can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// The first message of an RPC connection: who is calling.
    Hello {
        /// The caller's cluster, when it is in one.
        cluster_id: Option<ClusterId>,
        /// `--cluster-name`, empty for none.
        cluster_name: String,
        /// Whether names must agree; nodes can switch that off.
        check_name: bool,
        /// The calling node, when it has an id.
        node: Option<NodeId>,
        /// The caller's release.
        release: Release,
    },
    /// Whether the process answers.
    Health,
    /// `cockroach init`.
    Bootstrap,
    /// A node without an id asks to be let in.
    Join {
        /// Its store.
        store: StoreUuid,
        /// Its release.
        release: Release,
    },
    /// A member asks for a majority's word that an id is this store's.
    Grant {
        /// The id.
        node: NodeId,
        /// The store.
        store: StoreUuid,
    },
    /// News.
    Gossip {
        /// All beats that the caller knows.
        beats: Heartbeats,
        /// Digest of its state, to send that only when needed.
        fingerprint: String,
    },
    /// The caller's state, sent when the other side's differs.
    Push {
        /// The state.
        state: Box<State>,
    },
    /// `cockroach node drain`.
    Drain {
        /// The node to drain; the asked one when there is none.
        node: Option<NodeId>,
        /// Drain it.
        drain: bool,
        /// End its process.
        shutdown: bool,
    },
    /// Who is asked, and how all nodes are.
    Nodes,
    /// `cockroach node decommission` and `recommission`.
    Decommission {
        /// The nodes.
        nodes: Vec<NodeId>,
        /// What they shall be; nothing only asks.
        to: Option<Membership>,
        /// How many ranges to name that each still holds.
        report: usize,
    },
    /// Whether nodes could leave.
    PreCheck {
        /// The nodes.
        nodes: Vec<NodeId>,
    },
    /// Values of settings.
    Settings {
        /// Their keys.
        keys: Vec<String>,
    },
}

impl Request {
    /// Its name in messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "Ping",
            Self::Health => "Health",
            Self::Bootstrap => "Bootstrap",
            Self::Join { .. } => "Join",
            Self::Grant { .. } => "Grant",
            Self::Gossip { .. } | Self::Push { .. } => "Gossip",
            Self::Drain { .. } => "Drain",
            Self::Settings { .. } => "Settings",
            Self::Nodes => "Nodes",
            Self::Decommission { .. } => "Decommission",
            Self::PreCheck { .. } => "DecommissionPreCheck",
        }
    }
}

/// What comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// Done, or welcome.
    Ok,
    /// An id and everything that is known.
    Joined {
        /// The new node's id.
        node: NodeId,
        /// The cluster.
        state: Box<State>,
    },
    /// Whether the id is the store's, and the highest id known here.
    Grant {
        /// It is.
        granted: bool,
        /// Highest id that was granted or is taken.
        highest: NodeId,
    },
    /// News.
    Gossip {
        /// All beats known here.
        beats: Heartbeats,
        /// Digest of the state here.
        fingerprint: String,
        /// The state here, when it differs from the caller's.
        state: Option<Box<State>>,
    },
    /// How far a drain is.
    Drain {
        /// The node is draining.
        draining: bool,
        /// What is left to do.
        remaining: u64,
    },
    /// Who is asked, and how all nodes are.
    Nodes {
        /// The asked one.
        me: NodeId,
        /// `NODE_STATUS_LIVE` and so on.
        liveness: BTreeMap<NodeId, String>,
    },
    /// Where nodes stand.
    Decommission {
        /// In order of ids.
        statuses: Vec<DecommissionStatus>,
    },
    /// Whether nodes could leave.
    PreCheck {
        /// In order of ids.
        checks: Vec<PreCheck>,
    },
    /// Values by key.
    Settings {
        /// In nanoseconds for durations, else as stored.
        values: BTreeMap<String, String>,
    },
    /// It failed.
    Error {
        /// Kind.
        code: Code,
        /// Words.
        message: String,
    },
}

/// Kinds of failures, named as in gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Code {
    /// Not now.
    Unavailable,
    /// Not for this caller.
    Unauthenticated,
    /// Not with this release, or not with this node any more.
    PermissionDenied,
    /// There is no such thing.
    NotFound,
    /// Not from where it is.
    FailedPrecondition,
    /// Anything else.
    Unknown,
}

impl Response {
    /// An error.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }
}
