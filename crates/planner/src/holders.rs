use std::fmt;

use crdbctl_model::{NodeName, Observations, OtherCertificate, OtherCertificates, Timestamp};
use crdbctl_pki::{Acceptance, CaBundle, Certificate, OlderNeeded};

/// A certificate file that crdbctl does not write, and that no verifier accepts any more once the old authority is gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The node that has it; `None` for the control host.
    pub node: Option<NodeName>,
    /// Its name.
    pub file: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => write!(f, "{node}: {}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// A certificate file of which it is not known whether it needs the old authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// The node; `None` for the control host.
    pub node: Option<NodeName>,
    /// The file; `None` when the directory could not be listed.
    pub file: Option<String>,
    /// Why.
    pub reason: String,
}

/// Which files still need the old authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// Those that do.
    pub found: Vec<Holder>,
    /// Those of which it is not known.
    pub unjudged: Vec<Unjudged>,
}

impl Holders {
    /// Returns the files that were read and could not be judged.
    pub(crate) fn unjudged_files(&self) -> impl Iterator<Item = Holder> {
        self.unjudged.iter().filter_map(|it| Some(Holder { node: it.node.clone(), file: it.file.clone()? }))
    }

    /// Returns those among the certificates that the nodes have beside `node.crt` and `ca.crt`.
    pub fn on_nodes(observations: &Observations, bundle: &CaBundle) -> Self {
        let mut holders = Self::default();
        for node in observations.nodes.keys() {
            // A node that was not read is told of by the plan.
            let Some(reading) = observations.reading(node) else { continue };
            let unjudged = |file: Option<&str>, reason: &str| Unjudged {
                node: Some(node.clone()),
                file: file.map(str::to_owned),
                reason: reason.to_owned(),
            };
            match &reading.footprint.certificates {
                OtherCertificates::NotAsked => {
                    holders.unjudged.push(unjudged(None, "its other certificates were not asked for"));
                }
                OtherCertificates::Unread { reason, .. } => holders.unjudged.push(unjudged(None, reason)),
                OtherCertificates::Found(found) => {
                    for (file, certificate) in found {
                        match certificate {
                            OtherCertificate::Pem(pem) => {
                                holders.judge(
                                    Some(node),
                                    file,
                                    pem.as_bytes(),
                                    bundle,
                                    observations.taken_at,
                                );
                            }
                            OtherCertificate::Unread { reason } => {
                                holders.unjudged.push(unjudged(Some(file), reason));
                            }
                        }
                    }
                }
            }
        }
        holders
    }

    /// Judges one file by its whole chain.
    pub fn judge(
        &mut self,
        node: Option<&NodeName>,
        file: &str,
        pem: &[u8],
        bundle: &CaBundle,
        now: Timestamp,
    ) {
        // ca-client.crt, ca-ui.crt: authorities, which are trusted by themselves.
        if file.starts_with("ca-") {
            return;
        }
        let (node, file) = (node.cloned(), file.to_owned());
        let certificates = match Certificate::parse_pem_bundle(pem) {
            Ok(certificates) => certificates,
            Err(error) => {
                self.unjudged.push(Unjudged { node, file: Some(file), reason: error.to_string() });
                return;
            }
        };
        match bundle.older_needed_by(&certificates, Some(now)) {
            OlderNeeded::No => {}
            OlderNeeded::By(_) => self.found.push(Holder { node, file }),
            OlderNeeded::Undecided(why) => {
                self.unjudged.push(Unjudged { node, file: Some(file), reason: why.to_string() });
            }
        }
    }
}

/// Returns the nodes whose `ca-client.crt`, by which they verify clients and each other (pkg/security/certificate_manager.go), lacks
/// the authority that issues: they would refuse every certificate that it makes for a client, or for a node that dials.
///
/// # Errors
/// The node whose file could not be judged, and why.
pub fn without_issuer(
    observations: &Observations,
    bundle: &CaBundle,
) -> Result<Vec<NodeName>, (NodeName, String)> {
    let mut found = Vec::new();
    for node in observations.nodes.keys() {
        let Some(reading) = observations.reading(node) else { continue };
        let failed = |why: &dyn fmt::Display| (node.clone(), why.to_string());
        match reading.footprint.certificates.get("ca-client.crt") {
            Ok(None) => {}
            Ok(Some(OtherCertificate::Pem(pem))) => {
                let trusted = CaBundle::parse(pem.as_bytes()).map_err(|error| failed(&error))?;
                match trusted.vouches_for(std::slice::from_ref(bundle.issuer())) {
                    Acceptance::Accepted => {}
                    Acceptance::Refused => found.push(node.clone()),
                    Acceptance::Undecided(why) => return Err(failed(&why)),
                }
            }
            Ok(Some(OtherCertificate::Unread { reason })) => return Err(failed(reason)),
            Err(reason) => return Err(failed(&reason)),
        }
    }
    Ok(found)
}
