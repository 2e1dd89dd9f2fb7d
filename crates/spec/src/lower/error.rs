use crdbctl_model::NodeName;

use crate::Arch;

/// Why a manifest cannot be lowered, and for which node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{node}: {kind}")]
pub struct LowerError {
    /// The node.
    pub node: NodeName,
    /// What is wrong.
    pub kind: LowerErrorKind,
}

/// What keeps a manifest from being lowered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LowerErrorKind {
    /// Nothing is known of the archive for this architecture.
    #[error("nothing is known of the archive for {0}: fetch it first")]
    NoArchive(Arch),
    /// The archive has no `cockroach` in it.
    #[error("the archive for {0} holds no program `cockroach`: is it a release of CockroachDB?")]
    NoBinary(Arch),
    /// The unit's template gives no unit. [`crate::parse`] refuses such manifests.
    #[error("the unit's template gives no unit: {0}")]
    Template(String),
}
