use std::net::IpAddr;

use crdbctl_model::NodeName;

use super::{Flags, Locality, PeerName, Ssh};
use crate::decode::{Decoder, Fields, read};
use crate::yaml;
use crate::{Arch, Diagnostic, Span, Spanned};

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: Spanned<NodeName>,
    /// What it listens on and advertises.
    pub address: Spanned<IpAddr>,
    /// Where ssh goes; the address when the manifest has no other.
    pub hostname: Spanned<PeerName>,
    /// Where it stands.
    pub locality: Option<Spanned<Locality>>,
    /// Its own flags, over the cluster's.
    pub flags: Flags,
    /// Its own ssh settings, over the cluster's.
    pub ssh: Ssh,
    /// Its own architecture; `None` for the cluster's.
    pub arch: Option<Spanned<Arch>>,
    /// Whether it belongs to the cluster.
    pub state: Spanned<NodeState>,
    /// Where it stands in the manifest.
    pub span: Span,
}

/// Whether a node belongs to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It does.
    Present,
    /// It leaves, or has left.
    Decommissioned,
}

/// What was understood of a node, for comparing nodes even where some are faulty.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: Option<Spanned<NodeName>>,
    pub(super) address: Option<Spanned<IpAddr>>,
    pub(super) hostname: Option<Spanned<PeerName>>,
    pub(super) locality: Option<Spanned<Locality>>,
    /// Whether a locality was written, understood or not.
    pub(super) has_locality: bool,
    pub(super) flags: Flags,
    pub(super) ssh: Ssh,
    pub(super) arch: Option<Spanned<Arch>>,
    pub(super) state: Spanned<NodeState>,
    pub(super) span: Span,
}

impl Draft {
    pub(super) fn decode(decoder: &mut Decoder, node: &yaml::Node, path: &str) -> Option<Self> {
        let mut fields = Fields::of(decoder, node, path)?;
        let name = fields.required(decoder, "name", "name: store-1", name);
        let address = fields.required(decoder, "address", "address: 198.0.2.166", address);
        let hostname = fields.optional(decoder, "hostname", hostname);
        let has_locality = fields.entry("locality").is_some();
        let locality = fields.optional(decoder, "locality", read::parsed);
        let flags = fields.section(decoder, "flags");
        let flags = Flags::decode(decoder, flags);
        let ssh = fields.section(decoder, "ssh");
        let ssh = Ssh::decode(decoder, ssh);
        let arch = fields.optional(decoder, "arch", read::parsed);
        let states = [("present", NodeState::Present), ("decommissioned", NodeState::Decommissioned)];
        let state = fields.or(decoder, "state", NodeState::Present, read::word(&states));
        let span = fields.span;
        fields.finish(decoder);
        Some(Self { name, address, hostname, locality, has_locality, flags, ssh, arch, state, span })
    }

    /// Returns the node, when all that a node must have was understood.
    pub(super) fn complete(self) -> Option<Node> {
        let (name, address) = (self.name?, self.address?);
        let hostname = self.hostname.unwrap_or(address.map(PeerName::Address));
        Some(Node {
            name,
            address,
            hostname,
            locality: self.locality,
            flags: self.flags,
            ssh: self.ssh,
            arch: self.arch,
            state: self.state,
            span: self.span,
        })
    }
}

/// Returns a name that can stand in a certificate beside addresses without being taken for one.
fn name(decoder: &mut Decoder, node: &yaml::Node, path: &str) -> Option<NodeName> {
    let name: NodeName = read::parsed(decoder, node, path)?;
    match name.as_str().parse::<PeerName>() {
        Ok(PeerName::Dns(_)) => Some(name),
        Ok(PeerName::Address(_)) | Err(_) => {
            decoder.report(
                Diagnostic::new(node.span, format!("`{path}`: `{name}` is not a DNS name, and it becomes one in the certificate"))
                    .help("use a name such as store-1: labels of letters, digits and -, the last one not of digits alone"),
            );
            None
        }
    }
}

/// Returns an address that a node can listen on and others can reach.
fn address(decoder: &mut Decoder, node: &yaml::Node, path: &str) -> Option<IpAddr> {
    let text = read::text(decoder, node, path)?;
    let Ok(address) = text.parse::<IpAddr>() else {
        let help = match text.parse::<PeerName>() {
            Ok(PeerName::Dns(_)) => "write the IP address here, and the name as `hostname`",
            _ => "write it as in 198.0.2.166 or 2001:db8::1, without port and brackets",
        };
        let message = format!("`{path}` is not an IP address: {}", crate::diagnostic::quoted(&text));
        decoder.report(Diagnostic::new(node.span, message).help(help));
        return None;
    };
    let wrong = match address {
        _ if address.is_unspecified() => Some("stands for every address of a host"),
        _ if address.is_multicast() => Some("is a multicast address"),
        IpAddr::V4(v4) if v4.is_broadcast() => Some("is the broadcast address"),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            Some("is link-local, and means nothing without an interface")
        }
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Some("is an IPv4 address in the clothes of IPv6"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        decoder.report(
            Diagnostic::new(node.span, format!("`{path}`: {address} {wrong}"))
                .help("write the node's own address, which the other nodes reach it by"),
        );
        return None;
    }
    Some(address)
}

fn hostname(decoder: &mut Decoder, node: &yaml::Node, path: &str) -> Option<PeerName> {
    let name: PeerName = read::parsed(decoder, node, path)?;
    if name.is_wildcard() {
        decoder.report(
            Diagnostic::new(node.span, format!("`{path}` is a wildcard, and ssh needs one host"))
                .help("wildcards belong under `certificates.extra_names`"),
        );
        return None;
    }
    Some(name)
}
