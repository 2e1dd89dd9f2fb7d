use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{NodeName, ResourceName};

/// Where a resource lives: on one node, or in the cluster as a whole.
///
/// Cluster-wide resources are those of the control host (the certificate authority) and those that
/// CockroachDB itself holds (its initialisation).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Cluster-wide; `cluster` in an address.
    Cluster,
    /// On the node with this name.
    Node(NodeName),
}

/// What a resource is. The set is closed: adding a kind is following the compiler.
///
/// The order is the order in which a reader meets them on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    /// The certificate authority in its directory on the control host.
    Authority,
    /// A group of a node.
    Group,
    /// A user of a node.
    User,
    /// An unpacked CockroachDB release.
    Package,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A certificate, with its key where it has one.
    Certificate,
    /// A plain file: the ufw profile.
    File,
    /// The allow rules of the firewall.
    Firewall,
    /// The systemd unit's file.
    Unit,
    /// A systemd drop-in of the unit.
    DropIn,
    /// The running service: enabled, active, with the wanted process.
    Service,
    /// The ownership record of a node; planned only to be removed.
    Record,
    /// The initialisation of the cluster.
    Init,
    /// A SQL cluster setting.
    Setting,
    /// Who belongs to the cluster.
    Members,
    /// The version of the cluster as a whole.
    Version,
}

impl ResourceKind {
    /// Every kind, in order.
    pub const ALL: [Self; 17] = [
        Self::Authority,
        Self::Group,
        Self::User,
        Self::Package,
        Self::Directory,
        Self::Link,
        Self::Certificate,
        Self::File,
        Self::Firewall,
        Self::Unit,
        Self::DropIn,
        Self::Service,
        Self::Record,
        Self::Init,
        Self::Setting,
        Self::Members,
        Self::Version,
    ];

    /// Returns the word that stands for the kind in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Group => "group",
            Self::User => "user",
            Self::Package => "package",
            Self::Directory => "directory",
            Self::Link => "link",
            Self::Certificate => "certificate",
            Self::File => "file",
            Self::Firewall => "firewall",
            Self::Unit => "unit",
            Self::DropIn => "drop-in",
            Self::Service => "service",
            Self::Record => "record",
            Self::Init => "init",
            Self::Setting => "setting",
            Self::Members => "members",
            Self::Version => "version",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The address of a resource: `store-1/unit.cockroach`, or `cluster/init.store`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceAddr {
    /// The node, or the cluster.
    pub scope: Scope,
    /// The kind.
    pub kind: ResourceKind,
    /// The name, unique within scope and kind.
    pub name: ResourceName,
}

/// Text that is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an address: write node/kind.name, for example store-1/unit.cockroach ({why})")]
pub struct ParseAddrError {
    text: String,
    why: String,
}

impl ResourceAddr {
    /// Returns the address of a resource on `node`.
    pub const fn on_node(node: NodeName, kind: ResourceKind, name: ResourceName) -> Self {
        Self { scope: Scope::Node(node), kind, name }
    }

    /// Returns where the addresses of `node` begin in their order: nothing has this one.
    pub fn first_of(node: &NodeName) -> Self {
        Self::on_node(node.clone(), ResourceKind::ALL[0], ResourceName::least())
    }

    /// Returns the address of a cluster-wide resource.
    pub const fn of_cluster(kind: ResourceKind, name: ResourceName) -> Self {
        Self { scope: Scope::Cluster, kind, name }
    }

    /// Returns the node, unless the resource is cluster-wide.
    pub const fn node(&self) -> Option<&NodeName> {
        match &self.scope {
            Scope::Cluster => None,
            Scope::Node(node) => Some(node),
        }
    }

    /// Returns the address without its scope: `unit.cockroach`.
    pub fn local(&self) -> String {
        format!("{}.{}", self.kind, self.name)
    }
}

impl fmt::Display for ResourceAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Cluster => write!(f, "cluster/{}.{}", self.kind, self.name),
            Scope::Node(node) => write!(f, "{node}/{}.{}", self.kind, self.name),
        }
    }
}

impl FromStr for ResourceAddr {
    type Err = ParseAddrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |why: &dyn fmt::Display| ParseAddrError {
            text: text.chars().take(200).collect(),
            why: why.to_string(),
        };
        let (scope, rest) = text.split_once('/').ok_or_else(|| fail(&"it has no /"))?;
        let (kind, name) = rest.split_once('.').ok_or_else(|| fail(&"it has no . after the kind"))?;
        let scope = match scope {
            "cluster" => Scope::Cluster,
            node => Scope::Node(NodeName::new(node).map_err(|e| fail(&e))?),
        };
        let kind = ResourceKind::ALL
            .into_iter()
            .find(|known| known.word() == kind)
            .ok_or_else(|| fail(&format_args!("there is no kind {kind:?}")))?;
        let name = ResourceName::new(name).map_err(|e| fail(&e))?;
        Ok(Self { scope, kind, name })
    }
}

impl TryFrom<String> for ResourceAddr {
    type Error = ParseAddrError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ResourceAddr> for String {
    fn from(addr: ResourceAddr) -> Self {
        addr.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip_for_every_kind() {
        for kind in ResourceKind::ALL {
            for scope in [Scope::Cluster, Scope::Node(NodeName::new("store-1.int").unwrap())] {
                let addr = ResourceAddr { scope, kind, name: ResourceName::new("a.b-c_d%20").unwrap() };
                assert_eq!(addr.to_string().parse(), Ok(addr.clone()), "{addr}");
            }
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, why) in [
            ("store-1", "it has no /"),
            ("store-1/unit", "it has no . after the kind"),
            ("store-1/units.x", "there is no kind \"units\""),
            ("-/unit.x", "not a node name"),
            ("store-1/unit.a b", "not a resource name"),
        ] {
            let error = text.parse::<ResourceAddr>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
