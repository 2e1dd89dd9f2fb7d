use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use crdbctl_model::{
    Desired, DesiredCa, DesiredClientCertificate, DesiredNodeCertificate, Presence, Resource, ResourceAddr,
    ResourceKind, ResourceName,
};

use super::authority::seconds;
use crate::lower::context::{MODE_0644, NodeContext, authority_addr, join, origin};
use crate::manifest::{Manifest, PeerName};

/// Returns the certificates of the clients: `cluster/certificate.client.<user>`.
pub(in crate::lower) fn clients(manifest: &Manifest) -> impl Iterator<Item = Resource> {
    let certificates = &manifest.certificates;
    certificates.clients.iter().map(move |user| Resource {
        addr: ResourceAddr::of_cluster(
            ResourceKind::Certificate,
            ResourceName::encode(format!("client.{}", user.value).as_bytes()),
        ),
        desired: Desired::ClientCertificate(DesiredClientCertificate {
            user: user.to_string(),
            key: certificates.key.value,
            lifetime: seconds(certificates.lifetime.client.value),
            renew_before: seconds(certificates.renew_before.value),
        }),
        presence: Presence::Present,
        depends_on: BTreeSet::from([authority_addr()]),
        origin: origin(manifest, user.span),
    })
}

/// Returns what a node has of certificates: `certificate.ca` and `certificate.node`.
pub(in crate::lower) fn of_node(context: &NodeContext<'_>) -> [Resource; 2] {
    let certificates = &context.manifest.certificates;
    let ca = Desired::Ca(DesiredCa {
        path: join(&context.certs(), "ca.crt"),
        owner: context.user(),
        group: context.group(),
        mode: MODE_0644,
    });
    let (dns_names, addresses) = names(context);
    let node = Desired::NodeCertificate(DesiredNodeCertificate {
        certificate: join(&context.certs(), "node.crt"),
        key: join(&context.certs(), "node.key"),
        owner: context.user(),
        group: context.group(),
        dns_names,
        addresses,
        key_type: certificates.key.value,
        lifetime: seconds(certificates.lifetime.node.value),
        renew_before: seconds(certificates.renew_before.value),
    });
    let kind = ResourceKind::Certificate;
    let directory = || context.directory_addr("certs");
    let authority = || Some(authority_addr());
    [
        context.resource((kind, "ca"), ca, [directory(), authority()], certificates.authority.span),
        context.resource(
            (kind, "node"),
            node,
            [directory(), authority(), Some(context.addr(kind, "ca"))],
            context.node.span,
        ),
    ]
}

/// Returns the names that a node's certificate covers: its own, those of the host itself, and the extra ones.
fn names(context: &NodeContext<'_>) -> (BTreeSet<String>, BTreeSet<IpAddr>) {
    let node = context.node;
    let mut dns_names = BTreeSet::from(["localhost".to_owned(), node.name.to_string()]);
    let mut addresses = BTreeSet::from([Ipv4Addr::LOCALHOST.into(), node.address.value]);
    let extra = context.manifest.certificates.extra_names.iter().map(|name| &name.value);
    for name in extra.chain([&node.hostname.value]) {
        match name {
            PeerName::Dns(name) => {
                dns_names.insert(name.clone());
            }
            PeerName::Address(address) => {
                addresses.insert(*address);
            }
        }
    }
    (dns_names, addresses)
}
