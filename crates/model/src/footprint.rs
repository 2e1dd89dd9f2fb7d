use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{FileKind, HostPath, LockHolder, MountPoint, StepNote};

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

/// A certificate file in the certificates' directory of a node that crdbctl does not write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherCertificate {
    /// Its text.
    Pem(String),
    /// It could not be read, or is no regular file of a usual size.
    Unread {
        /// Why.
        reason: String,
    },
}

/// The certificate files of a node that crdbctl does not write: all `*.crt` in its directory but `ca.crt` and `node.crt`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherCertificates {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// All of them, by name, percent-encoded where a name has unusual characters.
    Found(BTreeMap<String, OtherCertificate>),
    /// The directory could not be listed, or holds too much.
    Unread {
        /// Why.
        reason: String,
        /// Those of [`NAMED`](OtherCertificates::NAMED) that are there; `None` when they could not be looked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        named: Option<BTreeMap<String, OtherCertificate>>,
    },
}

impl OtherCertificates {
    /// The file with which nodes dial each other, where it exists (CockroachDB docs, split-node certificates).
    pub const NODE_CLIENT: &str = "client.node.crt";
    /// The authorities by which nodes verify clients and each other, where it exists (pkg/security/certificate_manager.go).
    pub const CLIENT_AUTHORITIES: &str = "ca-client.crt";
    /// The files that are looked for by name, so that they are known whatever else the directory holds.
    pub const NAMED: [&str; 3] = [Self::NODE_CLIENT, Self::CLIENT_AUTHORITIES, "ui.crt"];

    /// Returns what was found under a name; `None` when nothing is there.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn get(&self, name: &str) -> Result<Option<&OtherCertificate>, &str> {
        match self {
            Self::NotAsked => Err("it was not asked for"),
            Self::Found(found) => Ok(found.get(name)),
            Self::Unread { named: Some(named), .. } if Self::NAMED.contains(&name) => Ok(named.get(name)),
            Self::Unread { reason, .. } => Err(reason),
        }
    }

    /// Returns what is known of the files, by name, whether or not these are all of them.
    pub fn known(&self) -> impl Iterator<Item = (&String, &OtherCertificate)> {
        let files = match self {
            Self::NotAsked | Self::Unread { named: None, .. } => None,
            Self::Found(files) | Self::Unread { named: Some(files), .. } => Some(files),
        };
        files.into_iter().flatten()
    }

    /// Whether nobody asked.
    pub const fn is_not_asked(&self) -> bool {
        matches!(self, Self::NotAsked)
    }
}

/// What stands at the path of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreState {
    /// Nothing.
    Absent,
    /// A directory with nothing in it, or with `lost+found` alone.
    Empty,
    /// A directory with something in it.
    Used,
    /// No directory: a file, or a link that leads nowhere.
    Other,
    /// It could not be read.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// A store of a node, and the file system that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorePlace {
    /// What stands there.
    pub state: StoreState,
    /// The mount point of the file system that holds it, links followed.
    pub mount: MountPoint,
    /// The mount points at or above it that /etc/fstab or a mount unit has, and where nothing is mounted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub missing: BTreeSet<MountPoint>,
}

/// What must be known of a node, beside its resources, before anything is removed from it or it joins the cluster anew.
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
    /// The stores that the node shall have, by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub store_places: BTreeMap<HostPath, StorePlace>,
    /// The certificates that crdbctl does not write, beside those that it does.
    #[serde(default, skip_serializing_if = "OtherCertificates::is_not_asked")]
    pub certificates: OtherCertificates,
    /// What steps of an apply noted before they did it, and the record does not tell of yet, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noted: Vec<StepNote>,
    /// The run that held the node's lock when it was read; `None` when nobody did, or who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<LockHolder>,
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
