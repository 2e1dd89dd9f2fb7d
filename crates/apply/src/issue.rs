use crdbctl_model::{Change, DesiredNodeCertificate, Digest, Timestamp};
use crdbctl_pki::{Authority, Issued, NodeNames, key_spki_sha256};
use crdbctl_probe::Operator;
use secrecy::ExposeSecret;

/// Why a certificate could not be made; the change that needs it fails with these words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct IssueFailure(pub(crate) String);

/// Makes the certificates that a plan asks for, at the moment they are sent.
pub(crate) struct Issuer<'a> {
    /// The authority, or why it is not at hand.
    authority: Result<&'a Authority, IssueFailure>,
    now: Timestamp,
    /// The operator's pair with which the run began.
    began: Option<&'a Operator>,
}

/// A node's new pair.
pub(crate) struct NodePair {
    pub(crate) issued: Issued,
    /// The digest of the key's file and that of its public half: what the host may know of it.
    pub(crate) key: (Digest, Digest),
}

impl<'a> Issuer<'a> {
    pub(crate) const fn new(authority: Result<&'a Authority, IssueFailure>, now: Timestamp) -> Self {
        Self { authority, now, began: None }
    }

    /// Returns the same with the operator's pair with which the run began.
    pub(crate) fn speaking_as(self, began: Option<&'a Operator>) -> Self {
        Self { began, ..self }
    }

    /// Returns the same for another moment: a run may outlast what it issued at its beginning.
    pub(crate) fn at(&self, now: Timestamp) -> Self {
        Self { authority: self.authority.clone(), now, began: self.began }
    }

    /// Returns the authority's certificates as they go to nodes.
    pub(crate) fn bundle_pem(&self) -> Result<String, IssueFailure> {
        Ok(self.authority()?.bundle().to_pem())
    }

    pub(crate) fn node(
        &self,
        change: &Change,
        desired: &DesiredNodeCertificate,
    ) -> Result<NodePair, IssueFailure> {
        let fail =
            |error: &dyn std::fmt::Display| IssueFailure(format!("cannot make {}: {error}", change.addr));
        let names = NodeNames::new(desired.dns_names.iter(), desired.addresses.iter().copied())
            .map_err(|error| fail(&error))?;
        let issued = self
            .authority()?
            .issue_node(&names, desired.key_type, desired.lifetime, self.now)
            .map_err(|error| fail(&error))?;
        let public = key_spki_sha256(&issued.key_pem).map_err(|error| fail(&error))?;
        let key = (Digest::of(issued.key_pem.expose_secret()), public);
        Ok(NodePair { issued, key })
    }

    /// Returns a pair for the SQL user root, for the client commands of this run: the one with which it began, which every node
    /// trusts, while it is valid; then a new one.
    pub(crate) fn operator(&self) -> Result<Operator, IssueFailure> {
        if let Some(began) = self.began.filter(|began| began.is_valid_at(self.now)) {
            return Ok(began.clone());
        }
        Operator::issue(self.authority()?, self.now).map_err(IssueFailure)
    }

    fn authority(&self) -> Result<&'a Authority, IssueFailure> {
        self.authority.clone()
    }
}
