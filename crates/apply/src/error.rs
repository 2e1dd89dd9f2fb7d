use crdbctl_model::{LockHolder, NodeName};
use crdbctl_transport::TransportError;

/// Why an apply did not start. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another run is at work.
    #[error("another {} holds the lock of {node}: {holder}", .holder.command)]
    Locked {
        /// The node.
        node: NodeName,
        /// Who holds it, as the lock says.
        holder: Box<LockHolder>,
    },
    /// The hosts are no more as the plan found them.
    #[error("the plan is stale: {}", .what.join("; "))]
    Stale {
        /// What changed, a line each.
        what: Vec<String>,
    },
    /// A node could not be reached for the apply.
    #[error("cannot begin on {node}: {source}")]
    Node {
        /// The node.
        node: NodeName,
        /// Why.
        #[source]
        source: TransportError,
    },
    /// A node refused to begin.
    #[error("{node} cannot be prepared: {said}")]
    Refused {
        /// The node.
        node: NodeName,
        /// Its own words.
        said: String,
    },
    /// The plan has nodes to which there is no connection.
    #[error("there is no connection to {node}")]
    NotConnected {
        /// The node.
        node: NodeName,
    },
    /// The plan has CockroachDB asked, and there is nothing to be let in with.
    #[error("nodes cannot be spoken to: {why}")]
    NoOperator {
        /// Why.
        why: String,
    },
    /// The plan needs an archive that is not at hand.
    #[error("there is no release archive for {arch} at hand, and {node} needs one")]
    NoArchive {
        /// The node.
        node: NodeName,
        /// Its architecture.
        arch: String,
    },
}
