use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{AllowFrom, ClusterName, Desired, Digest, HostPath, MountPoint, RecordedArchive, Timestamp};

/// What crdbctl remembers on a node of a resource that it brought to its desired state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedResource {
    /// The digest of the [`crate::Desired`] that was in place.
    pub desired: Digest,
    /// Whether crdbctl made the resource; what it did not make it never removes.
    pub created: bool,
    /// When it was last seen in that state by an apply.
    pub applied_at: Timestamp,
    /// Where it is on the host ([`crate::Desired::paths`]): what lies elsewhere was not made by crdbctl, even if the
    /// manifest now names it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<HostPath>,
    /// How crdbctl knows its own work again when the manifest no longer tells what it was; `None` for what needs none, and
    /// in records of before there were marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// How crdbctl knows its own work again, without what it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The digest of what it wrote to a file.
    Content(Digest),
    /// Where it led a link.
    Target(HostPath),
    /// The rules that it added to a firewall: by profile, whom each lets in.
    Rules(BTreeMap<String, BTreeSet<AllowFrom>>),
}

impl Mark {
    /// Returns the mark of a resource that crdbctl has just made, with all of it being its own; `None` for what needs none, and
    /// for `ca.crt`, of which the resource does not tell the bytes.
    pub fn of(desired: &Desired) -> Option<Self> {
        match desired {
            Desired::File(file) => Some(Self::Content(Digest::of(&file.content))),
            Desired::Unit(unit) => Some(Self::Content(Digest::of(&unit.file.content))),
            Desired::Link(link) => Some(Self::Target(link.target.clone())),
            Desired::Firewall(firewall) => {
                Some(Self::Rules([(firewall.profile.clone(), firewall.allow_from.clone())].into()))
            }
            _ => None,
        }
    }
}

/// That a node was disrupted without its gates, because somebody said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForcedGate {
    /// The id of the run.
    pub run: String,
    /// Who said so: user and host of the control side.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What the gate would have waited for, or that it would have opened.
    pub seen: String,
}

/// The ownership record of a node: `/var/lib/crdbctl/<cluster>.json`, root, 0600. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this document's form.
    pub format_version: u32,
    /// The cluster that the node belongs to.
    pub cluster: ClusterName,
    /// Who applied last: user and host of the control side.
    pub applied_by: String,
    /// The digest of the manifest that was applied last.
    pub manifest: Digest,
    /// The id of the run that applied last.
    pub run: String,
    /// Whether the cluster was seen initialised.
    pub initialised: bool,
    /// The last time that the node's gates were skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced_gate: Option<ForcedGate>,
    /// What the node's package was unpacked from.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::recorded_archive::if_understood"
    )]
    pub archive: Option<RecordedArchive>,
    /// The mount point of the file system that held the store at the last apply; `None` in older records, and while there is no
    /// store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_mount: Option<MountPoint>,
    /// The resources, by local address (`unit.cockroach`).
    pub resources: BTreeMap<String, RecordedResource>,
}

impl Record {
    /// The form that this crdbctl writes and reads.
    pub const FORMAT_VERSION: u32 = 1;
}
