use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::decode::Decoder;
use crate::manifest::node::Draft;
use crate::manifest::{PeerName, Ssh};
use crate::{Diagnostic, Span, Spanned};

/// Checks that no two nodes share a name, an address or a host to log in to.
pub(in crate::manifest) fn unique(decoder: &mut Decoder, nodes: &[Draft], ssh: &Ssh) {
    let names: Vec<_> = nodes.iter().filter_map(|node| node.name.clone()).collect();
    super::doubles(decoder, &names, "the node name");
    let addresses: Vec<Spanned<IpAddr>> = nodes.iter().filter_map(|node| node.address).collect();
    super::doubles(decoder, &addresses, "the address");

    let mut hosts: BTreeMap<(PeerName, u16), Span> = BTreeMap::new();
    for node in nodes {
        let Some(hostname) = &node.hostname else { continue };
        let port = node.ssh.port.or(ssh.port).map_or(22, |port| port.value);
        if let Some(first) = hosts.insert((hostname.value.clone(), port), hostname.span) {
            decoder.report(
                Diagnostic::new(hostname.span, format!("two nodes on the host `{}`", hostname.value))
                    .label("again here")
                    .related(first, "first here")
                    .help("each node is a host of its own; hosts behind one name need an `ssh.port` each"),
            );
        }
        let others = || nodes.iter().filter(|other| other.span != node.span);
        let foreign_name = others().find_map(|other| {
            other.name.as_ref().filter(|name| hostname.value == PeerName::Dns(name.to_string()))
        });
        if let Some(name) = foreign_name {
            decoder.report(
                Diagnostic::new(hostname.span, format!("`{}` is another node's name", hostname.value))
                    .related(name.span, "that node's")
                    .help("write where ssh reaches this node"),
            );
        }
        let foreign = others().find_map(|other| {
            other.address.filter(|address| hostname.value == PeerName::Address(address.value))
        });
        if let Some(address) = foreign {
            decoder.report(
                Diagnostic::new(hostname.span, format!("`{}` is another node's address", hostname.value))
                    .related(address.span, "that node's")
                    .help("write where ssh reaches this node"),
            );
        }
    }
}

/// Checks that nodes of a cluster can reach each other's addresses.
pub(in crate::manifest) fn reachable(decoder: &mut Decoder, nodes: &[Draft]) {
    if nodes.len() < 2 {
        return;
    }
    for address in nodes.iter().filter_map(|node| node.address).filter(|address| address.is_loopback()) {
        decoder.report(
            Diagnostic::new(
                address.span,
                format!("`{}` is a loopback address: other nodes cannot reach it", address.value),
            )
            .help("write the address by which the other nodes reach this one"),
        );
    }
}
