//! A node as the cluster knows it.

use serde::{Deserialize, Serialize};

use super::ids::StoreUuid;
use super::register::Register;
use crate::release::Release;

/// What a node says of itself at each start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Descriptor {
    /// Advertised RPC address, `host:port`.
    pub address: String,
    /// Advertised SQL address, `host:port`.
    pub sql_address: String,
    /// Advertised HTTP address, `host:port`.
    pub http_address: String,
    /// The release it runs.
    pub release: Release,
    /// Its locality as given, empty for none.
    pub locality: String,
    /// Its attributes as given, empty for none.
    pub attrs: String,
    /// When it started, Unix microseconds.
    pub started_at: i64,
}

/// Whether a node belongs to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Membership {
    /// It does.
    Active,
    /// It is being emptied.
    Decommissioning,
    /// It left and may never come back.
    Decommissioned,
}

impl Membership {
    /// The word in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Decommissioning => "decommissioning",
            Self::Decommissioned => "decommissioned",
        }
    }
}

/// A node's durable record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// The store to which the id was given.
    pub store: StoreUuid,
    /// What it last said of itself; nothing between its joining and its start.
    pub descriptor: Option<Register<Descriptor>>,
    /// Whether it belongs to the cluster.
    pub membership: Register<Membership>,
}

impl Member {
    /// Takes over what the other record knows later; says whether anything changed.
    pub fn merge(&mut self, other: &Self) -> bool {
        let store = self.store;
        // Grants keep stores apart; should two ever meet, all nodes settle on the same one.
        self.store = self.store.min(other.store);
        let described = match (&mut self.descriptor, &other.descriptor) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine @ None, Some(theirs)) => {
                *mine = Some(theirs.clone());
                true
            }
            (_, None) => false,
        };
        let (mine, theirs) = (self.membership.value, other.membership.value);
        let gone = Membership::Decommissioned;
        // Nothing leads back from having left, however late it was written.
        let moved = match (mine == gone, theirs == gone) {
            (true, false) => false,
            (false, true) => {
                self.membership.clone_from(&other.membership);
                true
            }
            _ => self.membership.merge(&other.membership),
        };
        described || moved || self.store != store
    }

    /// Whether it has not left for good.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.membership.value != Membership::Decommissioned
    }
}
