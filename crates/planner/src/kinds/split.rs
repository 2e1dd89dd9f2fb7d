use crdbctl_cockroach::Version;
use crdbctl_cockroach::certificates::{has_dns_principals, has_node_client, principal_map};
use crdbctl_model::{DesiredService, NodeName, OtherCertificate, OtherCertificates};
use crdbctl_pki::{CaBundle, Principals, judge_node_client};

use crate::context::{AuthorityState, Context};

/// The authorities that verify clients where it exists (pkg/security/certificate_manager.go).
const CLIENT_AUTHORITIES: &str = "ca-client.crt";

/// How a node's version looks at certificates, and what the node has beside `node.crt`.
#[derive(Debug)]
pub(super) struct Split {
    /// Which names in certificates are users.
    pub(super) principals: Principals,
    /// Who verifies clients; `None` where that is the authority.
    client_authorities: Option<CaBundle>,
    /// The file with which the node dials others; `None` where that is `node.crt`.
    node_client: Option<OtherCertificate>,
}

impl Split {
    pub(super) fn of(node: Option<&NodeName>, context: &Context<'_>) -> Self {
        let service = node.and_then(|node| context.graph.service(node));
        let version = service.and_then(|service| service.version.parse::<Version>().ok());
        let found = node.and_then(|node| context.observations.reading(node));
        let found = found.map(|reading| &reading.footprint.certificates);
        let get = |name: &str| found.and_then(|found| found.get(name).ok().flatten());
        let has_file = version.is_none_or(|version| has_node_client(version.series()));
        let bundle = match get(CLIENT_AUTHORITIES) {
            Some(OtherCertificate::Pem(pem)) => CaBundle::parse(pem.as_bytes()).ok(),
            Some(OtherCertificate::Unread { .. }) | None => None,
        };
        Self {
            principals: principals(service),
            client_authorities: bundle,
            node_client: get(OtherCertificates::NODE_CLIENT).filter(|_| has_file).cloned(),
        }
    }

    /// Returns who verifies `node.crt` when its node dials another; `None` where nodes dial with `client.node.crt`.
    pub(super) fn dials<'a>(&self, authority: &'a CaBundle) -> Option<&'a CaBundle> {
        match self.node_client {
            Some(_) => None,
            // A pair that crdbctl makes would be no better by authorities of clients that are not its own.
            None => Some(authority),
        }
    }

    /// Returns what keeps other nodes from accepting `client.node.crt`: crdbctl does not write it, so readers are told.
    pub(super) fn note(&self, context: &Context<'_>) -> Option<String> {
        let AuthorityState::Present { bundle, .. } = &context.authority else { return None };
        let authority = self.client_authorities.as_ref().unwrap_or(bundle);
        let why = match self.node_client.as_ref()? {
            OtherCertificate::Unread { reason } => {
                format!("whether client.node.crt is valid is not known: {reason}")
            }
            OtherCertificate::Pem(pem) => {
                let findings = judge_node_client(pem.as_bytes(), authority, &self.principals, context.now);
                if findings.is_empty() {
                    return None;
                }
                let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
                format!("client.node.crt is not valid: {}", findings.join("; "))
            }
        };
        Some(format!(
            "{why}; the node dials others with it and crdbctl does not write it: replace it, or delete it with its key and restart \
             the node, which then dials with node.crt"
        ))
    }

    /// Whether other nodes accept `client.node.crt` by these authorities. True where the file cannot be judged, or is not there.
    pub(super) fn is_accepted_by(&self, authority: &CaBundle, context: &Context<'_>) -> bool {
        match &self.node_client {
            Some(OtherCertificate::Pem(pem)) if self.client_authorities.is_none() => {
                judge_node_client(pem.as_bytes(), authority, &self.principals, context.now).is_empty()
            }
            _ => true,
        }
    }
}

/// Returns which names in certificates the version of a service takes for users.
fn principals(service: Option<&DesiredService>) -> Principals {
    let version = service.and_then(|service| Some((service, service.version.parse::<Version>().ok()?)));
    match version {
        Some((service, version)) => {
            let series = version.series();
            Principals::new(has_dns_principals(series), principal_map(&service.argv, series))
        }
        None => Principals::default(),
    }
}
