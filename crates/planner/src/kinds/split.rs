use crdbctl_cockroach::Version;
use crdbctl_cockroach::certificates::{has_dns_principals, has_node_client, principal_map};
use crdbctl_model::{
    DesiredService, NodeName, Observations, OtherCertificate, OtherCertificates, ResourceGraph, Timestamp,
};
use crdbctl_pki::{Acceptance, CaBundle, Principals, judge_node_client};

use crate::context::{AuthorityState, Context};
use crate::ended;

/// What is known of a file beside `node.crt`.
#[derive(Clone, Debug)]
enum Beside<T> {
    /// It is not there.
    Absent,
    /// It is there, with this content.
    Read(T),
    /// It is there, and its content is not known.
    Unread(String),
    /// Whether it is there is not known.
    Unknown(String),
}

/// How a node's version looks at certificates, and what the node has beside `node.crt`.
#[derive(Debug)]
pub(crate) struct Split {
    /// Which names in certificates are users.
    pub(super) principals: Principals,
    /// `ca-client.crt`, which verifies clients, and nodes that dial, in the place of `ca.crt`.
    client_authorities: Beside<CaBundle>,
    /// `client.node.crt`, with which the node dials others in the place of `node.crt`.
    node_client: Beside<String>,
}

/// With which certificate a node dials others.
#[derive(Debug)]
pub(super) enum Dials<'a> {
    /// With `node.crt`, if it has a certificate at all.
    WithNodeCrt,
    /// With `client.node.crt`.
    WithClientNodeCrt,
    /// It is not known.
    Unknown(&'a str),
}

/// Why a node would not work with an authority that is made now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unfit {
    /// Its file of this name does not fit a new authority.
    File(&'static str),
    /// Whether its file of this name fits is not known.
    Unknown(&'static str, String),
}

const NODE_CLIENT: &str = OtherCertificates::NODE_CLIENT;
const CLIENT_AUTHORITIES: &str = OtherCertificates::CLIENT_AUTHORITIES;

impl Split {
    pub(super) fn of(node: Option<&NodeName>, context: &Context<'_>) -> Self {
        Self::found(node, context.graph, context.observations)
    }

    /// Returns the same before anything is known of the authority.
    pub(crate) fn found(node: Option<&NodeName>, graph: &ResourceGraph, observations: &Observations) -> Self {
        let service = node.and_then(|node| graph.service(node));
        let version = service.and_then(|service| service.version.parse::<Version>().ok());
        let reading = node.and_then(|node| observations.reading(node));
        let get = |name: &str| match reading.map(|reading| reading.footprint.certificates.get(name)) {
            None => Beside::Unknown("the node was not read".to_owned()),
            Some(Err(reason)) => Beside::Unknown(reason.to_owned()),
            Some(Ok(None)) => Beside::Absent,
            Some(Ok(Some(OtherCertificate::Unread { reason }))) => Beside::Unread(reason.clone()),
            Some(Ok(Some(OtherCertificate::Pem(pem)))) => Beside::Read(pem.clone()),
        };
        let client_authorities = match get(CLIENT_AUTHORITIES) {
            Beside::Read(pem) => match CaBundle::parse(pem.as_bytes()) {
                Ok(bundle) => Beside::Read(bundle),
                Err(error) => Beside::Unread(error.to_string()),
            },
            Beside::Absent => Beside::Absent,
            Beside::Unread(reason) => Beside::Unread(reason),
            Beside::Unknown(reason) => Beside::Unknown(reason),
        };
        let has_file = version.is_none_or(|version| has_node_client(version.series()));
        let node_client = if has_file { get(NODE_CLIENT) } else { Beside::Absent };
        Self { principals: principals(service), client_authorities, node_client }
    }

    /// Returns with which certificate the node dials others.
    pub(super) fn dials(&self) -> Dials<'_> {
        match &self.node_client {
            Beside::Absent => Dials::WithNodeCrt,
            Beside::Read(_) | Beside::Unread(_) => Dials::WithClientNodeCrt,
            Beside::Unknown(reason) => Dials::Unknown(reason),
        }
    }

    /// Returns what others refuse because of files that crdbctl does not write, for readers of a plan.
    pub(super) fn notes(&self, context: &Context<'_>) -> Vec<String> {
        let AuthorityState::Present { bundle, .. } = &context.authority else { return Vec::new() };
        let of_authorities = self.note_on_client_authorities(bundle);
        self.note_on_node_client(bundle, context.now).into_iter().chain(of_authorities).collect()
    }

    fn note_on_node_client(&self, bundle: &CaBundle, now: Timestamp) -> Option<String> {
        let authority = match &self.client_authorities {
            Beside::Absent | Beside::Unknown(_) => bundle,
            Beside::Read(authorities) => authorities,
            // By whom it is verified is not known; the other note says so.
            Beside::Unread(_) => return None,
        };
        let why = match &self.node_client {
            Beside::Absent | Beside::Unknown(_) => return None,
            Beside::Unread(reason) => format!("whether {NODE_CLIENT} is valid is not known: {reason}"),
            Beside::Read(pem) => {
                let findings = judge_node_client(pem.as_bytes(), authority, &self.principals, now);
                if findings.is_empty() {
                    return None;
                }
                let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
                format!("{NODE_CLIENT} is not valid: {}", findings.join("; "))
            }
        };
        Some(format!(
            "{why}; the node dials others with it and crdbctl does not write it: replace it, or delete it with its key and restart \
             the node, which then dials with node.crt"
        ))
    }

    fn note_on_client_authorities(&self, bundle: &CaBundle) -> Option<String> {
        match &self.client_authorities {
            Beside::Absent | Beside::Unknown(_) => None,
            Beside::Unread(reason) => Some(format!(
                "whether {CLIENT_AUTHORITIES} holds the authority that issues is not known: {reason}. The node verifies clients by \
                 this file: replace it by a readable file of certificates"
            )),
            Beside::Read(authorities) => {
                let issuer = bundle.issuer();
                match authorities.vouches_for(std::slice::from_ref(issuer)) {
                    Acceptance::Accepted => return None,
                    Acceptance::Refused => {}
                    Acceptance::Undecided(why) => {
                        return Some(format!(
                            "whether {CLIENT_AUTHORITIES} holds the authority that issues is not known: {why}"
                        ));
                    }
                }
                let info = issuer.info();
                Some(format!(
                    "{CLIENT_AUTHORITIES} lacks the authority that issues ({}, sha256 {}): the node refuses clients with certificates \
                     that crdbctl makes. Add the issuer's certificate from ca.crt to {CLIENT_AUTHORITIES}, then reload with \
                     `systemctl kill -s HUP`",
                    info.subject,
                    info.sha256.short()
                ))
            }
        }
    }

    /// Returns whether other nodes accept `client.node.crt` now, and no longer do when their `ca.crt` changes from `before` to
    /// `after`.
    ///
    /// # Errors
    /// Why it is not known.
    pub(super) fn loses(&self, before: &CaBundle, after: &CaBundle, now: Timestamp) -> Result<bool, &str> {
        let accepts = |pem: &str, authority: &CaBundle| {
            judge_node_client(pem.as_bytes(), authority, &self.principals, now).is_empty()
        };
        // A new ca.crt that verifies all that the old one did takes nothing from anybody.
        let takes = || {
            let still = |info: &&crdbctl_pki::CertificateInfo| now <= info.not_after;
            let is_kept = |sha256| after.infos().any(|info| info.sha256 == sha256);
            before.infos().filter(still).any(|info| !is_kept(info.sha256))
        };
        match (&self.client_authorities, &self.node_client) {
            (_, Beside::Absent) | (Beside::Read(_) | Beside::Unread(_), _) => Ok(false),
            (Beside::Absent | Beside::Unknown(_), Beside::Read(pem))
                if !accepts(pem, before) || accepts(pem, after) =>
            {
                Ok(false)
            }
            (Beside::Absent, Beside::Read(_)) => Ok(true),
            (Beside::Unknown(reason), _)
            | (Beside::Absent, Beside::Unread(reason) | Beside::Unknown(reason)) => {
                if takes() {
                    Err(reason)
                } else {
                    Ok(false)
                }
            }
        }
    }

    /// Returns why the node would not work with an authority that is made now. `trusts` is its `ca.crt`, where it has one.
    ///
    /// Nothing that is there can be signed by such an authority, and no file can hold it.
    pub(crate) fn unfit_for_new(&self, trusts: Option<&CaBundle>, now: Timestamp) -> Vec<Unfit> {
        let authorities = match &self.client_authorities {
            Beside::Unread(reason) | Beside::Unknown(reason) => {
                return vec![Unfit::Unknown(CLIENT_AUTHORITIES, reason.clone())];
            }
            Beside::Absent => None,
            Beside::Read(authorities) => Some(authorities),
        };
        // Clients by the authority of ca.crt would be refused from then on.
        let is_shared = |authorities: &CaBundle| {
            let of_nodes = || trusts.into_iter().flat_map(CaBundle::infos);
            authorities.infos().any(|info| of_nodes().any(|own| own.sha256 == info.sha256))
        };
        let mut unfit = Vec::new();
        match (&self.node_client, authorities) {
            (Beside::Absent, None) => {}
            (Beside::Unknown(reason), _) => unfit.push(Unfit::Unknown(NODE_CLIENT, reason.clone())),
            (Beside::Read(_) | Beside::Unread(_), None) => unfit.push(Unfit::File(NODE_CLIENT)),
            (Beside::Absent, Some(_)) => unfit.push(Unfit::File(CLIENT_AUTHORITIES)),
            (Beside::Unread(reason), Some(_)) => unfit.push(Unfit::Unknown(NODE_CLIENT, reason.clone())),
            (Beside::Read(pem), Some(authorities)) => {
                if !judge_node_client(pem.as_bytes(), authorities, &self.principals, now).is_empty() {
                    unfit.push(Unfit::File(NODE_CLIENT));
                }
                if is_shared(authorities) || ended::has_ended(authorities, now) {
                    unfit.push(Unfit::File(CLIENT_AUTHORITIES));
                }
            }
        }
        unfit
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
