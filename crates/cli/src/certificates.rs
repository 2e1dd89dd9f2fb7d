use std::collections::BTreeSet;

use crdbctl_model::{
    Desired, Fact, NodeName, NodeObservation, Observations, Observed, Resource, ResourceAddr, Timestamp,
};
use crdbctl_pki::{AuthorityDirectory, Certificate};
use crdbctl_report::{CertificateEntry, CertificateListing, UnreadCertificate};

use crate::cluster::Cluster;

/// Returns every certificate that was found on the nodes and is in the authority's directory.
pub(crate) fn listing(cluster: &Cluster, observations: &Observations) -> CertificateListing {
    let mut found = Found::default();
    for (node, observation) in &observations.nodes {
        if let NodeObservation::Unreadable(why) = observation {
            found.unread(Some(node), None, &why.reason, &why.hint);
        }
    }
    let mut renew_before = 0;
    for resource in cluster.graph.resources.values() {
        if let Desired::NodeCertificate(desired) = &resource.desired {
            renew_before = desired.renew_before;
        }
        found.resource(resource, observations);
    }
    found.other_clients(cluster);
    found.finish(cluster, observations.taken_at, renew_before)
}

#[derive(Default)]
struct Found {
    /// Where, the file's name, and the certificate.
    certificates: Vec<(Option<NodeName>, String, Certificate)>,
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
            Fact::Ca(ca) => self.pem(node, &file, &ca.pem, usize::MAX),
            // What follows the first one in a leaf's file helps others to verify it, and is not its own.
            Fact::Certificate(pair) => {
                if let Some(certificate) = pair.certificate {
                    self.pem(node, &file, &certificate.pem, 1);
                }
            }
            _ => {}
        }
    }

    /// Certificates of users that the manifest does not name.
    fn other_clients(&mut self, cluster: &Cluster) {
        let named: BTreeSet<&str> = cluster
            .graph
            .resources
            .values()
            .filter_map(|resource| match &resource.desired {
                Desired::ClientCertificate(client) => Some(client.user.as_str()),
                _ => None,
            })
            .collect();
        // An authority that cannot be read has been told of.
        let Ok(Some(directory)) = AuthorityDirectory::open(&cluster.authority) else { return };
        let users = match directory.client_users() {
            Ok(users) => users,
            Err(error) => return self.unread(None, None, &error.to_string(), ""),
        };
        for user in users.iter().filter(|user| !named.contains(user.as_str())) {
            let file = format!("client.{user}.crt");
            match directory.client(user) {
                Ok(files) => {
                    if let Some((pem, _)) = files.certificate {
                        self.pem(None, &file, &String::from_utf8_lossy(&pem), 1);
                    }
                }
                Err(error) => self.unread(None, Some(&file), &error.to_string(), ""),
            }
        }
    }

    fn pem(&mut self, node: Option<&NodeName>, file: &str, pem: &str, most: usize) {
        match Certificate::parse_pem_bundle(pem.as_bytes()) {
            Ok(certificates) => {
                let here = |certificate| (node.cloned(), file.to_owned(), certificate);
                self.certificates.extend(certificates.into_iter().take(most).map(here));
            }
            Err(error) => {
                self.unread(node, Some(file), &error.to_string(), "see what `crdbctl plan` says of it")
            }
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
            .map(|(.., certificate)| certificate)
            .filter(|certificate| certificate.info().can_sign_certificates())
            .cloned()
            .collect();
        let entry = |(node, file, certificate): (Option<NodeName>, String, Certificate)| {
            let signer = authorities.iter().find(|authority| certificate.is_signed_by(authority));
            let signed_by = signer.map(|authority| authority.info().sha256);
            let info = certificate.into_info();
            let left = info.not_after.since(now);
            let addresses = info.ip_addresses.iter().map(ToString::to_string);
            CertificateEntry {
                node,
                file,
                name: info.common_name.clone().unwrap_or_else(|| info.subject.clone()),
                sans: info.dns_names.iter().cloned().chain(addresses).collect(),
                signed_by,
                sha256: info.sha256,
                key: info.key_algorithm.to_string(),
                not_before: info.not_before,
                not_after: info.not_after,
                expires: info.not_after.date(),
                days_left: left.div_euclid(86_400),
                due: left <= renew_before,
                subject: info.subject,
                issuer: info.issuer,
                serial: info.serial,
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
