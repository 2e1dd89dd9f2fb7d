use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Desired, Fact, Removal, ResourceAddr};

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing is there: it is made.
    Create,
    /// It is mended in place.
    Update,
    /// A new one takes its place: what stood there is set aside or superseded.
    Replace,
    /// It goes, or is set aside.
    Delete,
}

/// What a change does to a running node; the greater includes the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// Nothing.
    None,
    /// CockroachDB reads its certificates again; no connection is lost.
    Reload,
    /// CockroachDB stops and starts.
    Restart,
}

/// Why a change is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The manifest says something else than what was applied last.
    Manifest,
    /// The manifest says something else than what was applied last, and the host changed since as well.
    ManifestAndDrift,
    /// The host changed since crdbctl applied.
    Drift,
    /// It differs, and no record tells who moved.
    Differs,
    /// A certificate nears its end.
    Expiry,
    /// It was never there.
    Missing,
    /// An earlier apply was interrupted before it was done.
    Unfinished,
    /// A new authority takes the place of an old one.
    Rotation,
    /// It is there and no longer wanted: its node leaves, the manifest no longer has it, or it is an older package than
    /// those that are kept.
    Surplus,
}

/// A value before or after a change, in the shape in which it is best compared by eye.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// One line.
    Word(String),
    /// Text, compared line by line.
    Text(String),
    /// Several values.
    List(Vec<String>),
}

/// One attribute that a change moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeDiff {
    /// The attribute: `mode`, `content`, `flags.cache`, …
    pub name: String,
    /// What it is; `None` when it has no value.
    pub before: Option<Value>,
    /// What it will be; `None` when it will have no value.
    pub after: Option<Value>,
    /// What this attribute's change does to the running node.
    pub impact: Impact,
    /// A remark for people, without final stop.
    pub remark: Option<String>,
}

/// A resource that will be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub addr: ResourceAddr,
    /// What is done.
    pub action: Action,
    /// Why.
    pub cause: Cause,
    /// The cause in words when there is more to say: `expires in 12 days`.
    pub reason: Option<String>,
    /// What differs.
    pub attributes: Vec<AttributeDiff>,
    /// How many attributes were compared and are as they shall be.
    pub unchanged: usize,
    /// The greatest impact of its attributes.
    pub impact: Impact,
    /// The changes of this plan that come before it.
    pub depends_on: BTreeSet<ResourceAddr>,
    /// What it shall be; `None` for a delete.
    pub desired: Option<Desired>,
    /// How it is removed; `None` for all but what crdbctl made and takes away. A drop-in that is set aside has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removal: Option<Removal>,
    /// What was found; `None` when nothing is there.
    pub before: Option<Fact>,
    /// How many bytes of payload travel to the node for it.
    pub bytes: u64,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 9] = [
        Self::Manifest,
        Self::ManifestAndDrift,
        Self::Drift,
        Self::Differs,
        Self::Expiry,
        Self::Missing,
        Self::Unfinished,
        Self::Rotation,
        Self::Surplus,
    ];
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
        })
    }
}

impl Value {
    /// Returns a one-line value.
    pub fn word(value: impl fmt::Display) -> Self {
        Self::Word(value.to_string())
    }
}

impl AttributeDiff {
    /// Returns a difference of one-line values without impact.
    pub fn words(
        name: impl Into<String>,
        before: Option<impl fmt::Display>,
        after: Option<impl fmt::Display>,
    ) -> Self {
        Self {
            name: name.into(),
            before: before.map(Value::word),
            after: after.map(Value::word),
            impact: Impact::None,
            remark: None,
        }
    }

    /// Returns a difference of texts without impact.
    pub fn texts(
        name: impl Into<String>,
        before: Option<impl Into<String>>,
        after: Option<impl Into<String>>,
    ) -> Self {
        Self {
            name: name.into(),
            before: before.map(|text| Value::Text(text.into())),
            after: after.map(|text| Value::Text(text.into())),
            impact: Impact::None,
            remark: None,
        }
    }

    /// Returns the difference with `impact`.
    #[must_use]
    pub fn with_impact(mut self, impact: Impact) -> Self {
        self.impact = impact;
        self
    }

    /// Returns the difference with a remark for people.
    #[must_use]
    pub fn with_remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = Some(remark.into());
        self
    }
}
