use std::collections::BTreeSet;

use crdbctl_model::{
    Desired, Fact, NodeName, NodeObservation, Observations, Observed, OtherCertificate, OtherCertificates,
    Resource, ResourceAddr, Timestamp,
};
use crdbctl_pki::{AuthorityDirectory, Certificate};
use crdbctl_report::{CertificateEntry, CertificateListing, ChainEntry, UnreadCertificate};

use crate::cluster::Cluster;

/// Returns every certificate that was found on the nodes and is in the authority's directory.
pub(crate) fn listing(cluster: &Cluster, observations: &Observations) -> CertificateListing {
    let mut found = Found::default();
    for (node, observation) in &observations.nodes {
        match observation {
            NodeObservation::Unreadable(why) => found.unread(Some(node), None, &why.reason, &why.hint),
            NodeObservation::Read(reading) => found.others_on(node, &reading.footprint.certificates),
        }
    }
    let mut renew_before = 0;
    for resource in cluster.graph.resources.values() {
        if let Desired::NodeCertificate(desired) = &resource.desired {
            renew_before = desired.renew_before;
        }
        found.resource(resource, observations);
    }
    found.others_here(cluster);
    found.finish(cluster, observations.taken_at, renew_before)
}

#[derive(Default)]
struct Found {
    /// Where, the file's name, the certificate, and those that follow it in the file.
    certificates: Vec<(Option<NodeName>, String, Certificate, Vec<Certificate>)>,
    unknown: Vec<UnreadCertificate>,
}

impl Found {
    fn resource(&mut self, resource: &Resource, observations: &Observations) {
        let node = resource.addr.node();
        if node.is_some_and(|node| observations.reading(node).is_none()) {
            return;
        }
        let Some(file) = file_of(resource) else { return };
        let fact = match observations.of(&resource.addr) {
            Observed::Absent => return,
            Observed::Unknown { reason } | Observed::Deferred { reason } => {
                // A directory that cannot be read is told once, for the authority itself.
                let told = matches!(resource.desired, Desired::ClientCertificate(_))
                    && self.unknown.iter().any(|unread| unread.node.is_none() && unread.reason == reason);
                if !told {
                    self.unread(node, Some(&file), &reason, "");
                }
                return;
            }
            Observed::Present(fact) => *fact,
        };
        match fact {
            Fact::Ca(ca) => self.pem(node, &file, &ca.pem),
            Fact::Certificate(pair) => {
                if let Some(certificate) = pair.certificate {
                    self.pem(node, &file, &certificate.pem);
                }
            }
            _ => {}
        }
    }

    /// Certificates on a node that crdbctl does not write: `client.node.crt`, `ui.crt`, those of clients.
    fn others_on(&mut self, node: &NodeName, certificates: &OtherCertificates) {
        if let OtherCertificates::Unread { reason, .. } = certificates {
            self.unread(Some(node), None, reason, "");
        }
        for (file, certificate) in certificates.known() {
            match certificate {
                OtherCertificate::Pem(pem) => self.pem(Some(node), file, pem),
                OtherCertificate::Unread { reason } => self.unread(Some(node), Some(file), reason, ""),
            }
        }
    }

    /// Certificates in the authority's directory that the manifest does not name.
    fn others_here(&mut self, cluster: &Cluster) {
        let resources = cluster.graph.resources.values();
        let of_host = resources.filter(|resource| resource.addr.node().is_none());
        let named: BTreeSet<String> = of_host.filter_map(file_of).collect();
        // An authority that cannot be read has been told of.
        let Ok(Some(directory)) = AuthorityDirectory::open(&cluster.authority) else { return };
        match directory.other_certificates() {
            Ok(found) => {
                for (file, pem) in found.iter().filter(|(file, _)| !named.contains(*file)) {
                    self.pem(None, file, &String::from_utf8_lossy(pem));
                }
            }
            Err(error) => self.unread(None, None, &error.to_string(), ""),
        }
    }

    /// Takes the certificates of a file. Those of authorities stand beside each other; of any other file the first one is the file's
    /// own, and the others help to verify it.
    fn pem(&mut self, node: Option<&NodeName>, file: &str, pem: &str) {
        let mut certificates = match Certificate::parse_pem_bundle(pem.as_bytes()) {
            Ok(certificates) => certificates.into_iter(),
            Err(error) => {
                return self.unread(
                    node,
                    Some(file),
                    &error.to_string(),
                    "see what `crdbctl plan` says of it",
                );
            }
        };
        let here = |certificate, chain| (node.cloned(), file.to_owned(), certificate, chain);
        if file == "ca.crt" || file.starts_with("ca-") {
            self.certificates.extend(certificates.map(|certificate| here(certificate, Vec::new())));
        } else if let Some(first) = certificates.next() {
            self.certificates.push(here(first, certificates.collect()));
        }
    }

    fn unread(&mut self, node: Option<&NodeName>, file: Option<&str>, reason: &str, hint: &str) {
        self.unknown.push(UnreadCertificate {
            node: node.cloned(),
            file: file.map(str::to_owned),
            reason: reason.to_owned(),
            hint: hint.to_owned(),
        });
    }

    fn finish(mut self, cluster: &Cluster, now: Timestamp, renew_before: i64) -> CertificateListing {
        let authorities: Vec<Certificate> = self
            .certificates
            .iter()
            .flat_map(|(.., certificate, chain)| std::iter::once(certificate).chain(chain))
            .filter(|certificate| certificate.info().can_sign_certificates())
            .cloned()
            .collect();
        let signer = |certificate: &Certificate| {
            let signer = authorities.iter().find(|authority| certificate.is_signed_by(authority));
            signer.map(|authority| authority.info().sha256)
        };
        let link = |certificate: &Certificate| {
            let info = certificate.info();
            let left = info.not_after.since(now);
            ChainEntry {
                subject: info.subject.clone(),
                name: info.common_name.as_ref().unwrap_or(&info.subject).clone(),
                issuer: info.issuer.clone(),
                signed_by: signer(certificate),
                sha256: info.sha256,
                key: info.key_algorithm.to_string(),
                not_after: info.not_after,
                expires: info.not_after.date(),
                days_left: left.div_euclid(86_400),
                due: left <= renew_before,
            }
        };
        let entry =
            |(node, file, certificate, chain): (Option<NodeName>, String, Certificate, Vec<Certificate>)| {
                let own = link(&certificate);
                let info = certificate.into_info();
                let addresses = info.ip_addresses.iter().map(ToString::to_string);
                CertificateEntry {
                    node,
                    file,
                    sans: info.dns_names.iter().cloned().chain(addresses).collect(),
                    not_before: info.not_before,
                    serial: info.serial,
                    subject: own.subject,
                    name: own.name,
                    issuer: own.issuer,
                    signed_by: own.signed_by,
                    sha256: own.sha256,
                    key: own.key,
                    not_after: own.not_after,
                    expires: own.expires,
                    days_left: own.days_left,
                    due: own.due,
                    chain: chain.iter().map(&link).collect(),
                }
            };
        let mut certificates: Vec<CertificateEntry> = self.certificates.into_iter().map(entry).collect();
        let order = |entry: &CertificateEntry| {
            (entry.node.clone(), entry.not_after, entry.file.clone(), entry.sha256)
        };
        certificates.sort_by_key(order);
        self.unknown.sort_by_key(|unread| (unread.node.clone(), unread.file.clone()));
        CertificateListing {
            format_version: CertificateListing::FORMAT_VERSION,
            cluster: cluster.graph.cluster.clone(),
            taken_at: now,
            certificates,
            unknown: self.unknown,
        }
    }
}

/// The name of the file that a resource's certificates are in.
fn file_of(resource: &Resource) -> Option<String> {
    match &resource.desired {
        Desired::Authority(_) => Some("ca.crt".to_owned()),
        Desired::ClientCertificate(client) => Some(format!("client.{}.crt", client.user)),
        Desired::Ca(ca) => Some(ca.path.file_name().to_owned()),
        Desired::NodeCertificate(node) => Some(node.certificate.file_name().to_owned()),
        _ => None,
    }
}

/// Whether a resource is a certificate, or the authority.
pub(crate) fn is_certificate(addr: &ResourceAddr) -> bool {
    use crdbctl_model::ResourceKind;
    matches!(addr.kind, ResourceKind::Authority | ResourceKind::Certificate)
}
