use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{FileKind, HostPath};

/// What is in a directory: its entries, by path below it, percent-encoded where a name has unusual characters. Nothing
/// for a directory that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listing {
    /// All of its entries that were asked for.
    Entries(BTreeMap<String, FileKind>),
    /// It could not be listed, or not to its end.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// What must be known of a node, beside its resources, before anything is removed from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    /// The packages, with what is in them; of a node that leaves, the entries of its directories too.
    pub listings: BTreeMap<HostPath, Listing>,
    /// The packages that a process runs a program of, by name; of [dropped](crate::Dropped) ones elsewhere, those that
    /// another process than the service runs a program of, by path.
    pub packages_in_use: BTreeSet<String>,
    /// The directories among those asked for that are mount points.
    pub mount_points: BTreeSet<HostPath>,
    /// What an interrupted apply set out to create, by local address, with its paths: made by crdbctl and not yet in
    /// the record.
    pub begun: BTreeMap<String, Vec<HostPath>>,
    /// Whether there is anything in the directories of data that the manifest no longer names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stores: BTreeMap<HostPath, bool>,
    /// Where [dropped](crate::Dropped) things really are whose path leads over a link, by that path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<HostPath, HostPath>,
}

impl Footprint {
    /// Returns what was found in a directory; unknown when nobody asked.
    pub fn listing(&self, directory: &HostPath) -> Listing {
        self.listings
            .get(directory)
            .cloned()
            .unwrap_or_else(|| Listing::Unknown { reason: "it was not asked for".to_owned() })
    }
}
