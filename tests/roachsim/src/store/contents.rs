//! What a store holds, and whether a release may open it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::{NodeId, State, StoreUuid};
use crate::release::{Release, Series};

/// Everything a node stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Identifies the store.
    pub store: StoreUuid,
    /// The release that last wrote it.
    pub last_release: Release,
    /// The node's id once it has one; then there is a state too.
    pub node: Option<NodeId>,
    /// What the node knows of its cluster.
    pub state: Option<State>,
    /// Node ids that this node has granted, and to which store: each id once and for all.
    pub grants: BTreeMap<NodeId, StoreUuid>,
}

/// Why a release may not open a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitStore {
    /// The binary is too new.
    #[error(
        "store last used with cockroach version {data} is too old for running version {running} (which requires data from {oldest} or later)"
    )]
    TooOld {
        /// Version of the data.
        data: Series,
        /// The binary's.
        running: Series,
        /// The oldest data that it opens.
        oldest: Series,
    },
    /// The binary is too old.
    #[error("store last used with cockroach version {data} is too high for running version {running}")]
    TooHigh {
        /// Version of the data.
        data: Series,
        /// The binary's.
        running: Series,
    },
    /// The node has left the cluster; since when is in the words.
    #[error("{0}")]
    Removed(String),
}

impl Contents {
    /// An empty store.
    #[must_use]
    pub fn new(store: StoreUuid, release: Release) -> Self {
        Self { store, last_release: release, node: None, state: None, grants: BTreeMap::new() }
    }

    /// Checks that a release may open it.
    ///
    /// # Errors
    /// With the reason, in the real program's words.
    pub fn fits(&self, running: Release) -> Result<(), UnfitStore> {
        let Some(state) = &self.state else {
            return Ok(());
        };
        let (data, running) = (state.version.value, running.series);
        let newest = state.newest_data();
        if newest > running {
            return Err(UnfitStore::TooHigh { data: newest, running });
        }
        let oldest = running.oldest_data();
        if data < oldest {
            return Err(UnfitStore::TooOld { data, running, oldest });
        }
        match self.node.and_then(|node| state.removed(node)) {
            Some(words) => Err(UnfitStore::Removed(words)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::ClusterId;

    fn opened(data: &str, running: &str) -> Result<(), String> {
        let running: Release = running.parse().unwrap();
        let mut contents = Contents::new(StoreUuid::numbered(1), running);
        let version = data.parse().unwrap();
        contents.state = Some(State::bootstrap(ClusterId::random(), contents.store, version, 1));
        contents.fits(running).map_err(|why| why.to_string())
    }

    #[test]
    fn every_jump_that_is_allowed_opens() {
        for (data, running) in
            [("v24.1", "v24.1.7"), ("v23.2", "v24.1.0"), ("v24.1", "v24.3.0"), ("v25.2", "v25.4.1")]
        {
            assert_eq!(opened(data, running), Ok(()), "{data} {running}");
        }
    }

    #[test]
    fn other_jumps_say_why_not() {
        assert_eq!(
            opened("v23.1", "v24.1.0").unwrap_err(),
            "store last used with cockroach version v23.1 is too old for running version v24.1 (which requires data from v23.2 or later)"
        );
        assert_eq!(
            opened("v24.3", "v24.1.9").unwrap_err(),
            "store last used with cockroach version v24.3 is too high for running version v24.1"
        );
    }

    #[test]
    fn a_fresh_store_fits_everything() {
        let release = "v24.1.0".parse().unwrap();
        assert_eq!(Contents::new(StoreUuid::numbered(1), release).fits("v2.0.0".parse().unwrap()), Ok(()));
    }
}
