use std::collections::BTreeMap;
use std::path::Path;

use crdbctl_model::{
    CaFact, CertificateFileFact, Desired, DesiredClientCertificate, Fact, FileKind, KeyFileFact, Mode,
    NodeCertificateFact, Observed, PathFact, PublicKey, ResourceAddr, ResourceGraph,
};
use crdbctl_pki::{AuthorityDirectory, ClientUser, KeyFact};

/// Returns what the control host itself has: the certificate authority in `directory`, and clients' certificates.
///
/// Reads alone. A directory that cannot be read, or is open to others, makes its resources unknown.
pub fn observe_cluster(graph: &ResourceGraph, directory: &Path) -> BTreeMap<ResourceAddr, Observed> {
    let authority = AuthorityDirectory::open(directory);
    let mut observed = BTreeMap::new();
    for resource in graph.resources.values() {
        let found = match (&resource.desired, &authority) {
            (Desired::Authority(_), Ok(Some(authority))) => Observed::Present(Box::new(Fact::Ca(CaFact {
                path: attributes(FileKind::Directory, Mode::new(0o700)),
                pem: authority.authority().bundle().to_pem(),
                has_key: authority.authority().has_key(),
            }))),
            (Desired::Authority(_) | Desired::ClientCertificate(_), Ok(None)) => Observed::Absent,
            (Desired::Authority(_) | Desired::ClientCertificate(_), Err(error)) => {
                Observed::Unknown { reason: error.to_string() }
            }
            (Desired::ClientCertificate(desired), Ok(Some(authority))) => client(authority, desired),
            _ => continue,
        };
        observed.insert(resource.addr.clone(), found);
    }
    observed
}

fn client(authority: &AuthorityDirectory, desired: &DesiredClientCertificate) -> Observed {
    let unknown = |reason: String| Observed::Unknown { reason };
    let user = match ClientUser::new(desired.user.clone()) {
        Ok(user) => user,
        Err(error) => return unknown(error.to_string()),
    };
    let files = match authority.client(&user) {
        Ok(files) => files,
        Err(error) => return unknown(error.to_string()),
    };
    let public = match files.key_fact() {
        KeyFact::Missing => None,
        KeyFact::Spki(digest) => Some(PublicKey::Spki(digest)),
        KeyFact::Unknown(why) => Some(PublicKey::Unknown(why)),
    };
    let certificate = files.certificate.as_ref().map(|(pem, mode)| CertificateFileFact {
        path: attributes(FileKind::Regular, *mode),
        pem: String::from_utf8_lossy(pem).into_owned(),
    });
    let key = public.map(|public| KeyFileFact {
        path: attributes(FileKind::Regular, Mode::new(0o600)),
        public,
        made: false,
    });
    if certificate.is_none() && key.is_none() {
        return Observed::Absent;
    }
    Observed::Present(Box::new(Fact::Certificate(NodeCertificateFact { certificate, key })))
}

/// Owners on the control host are not compared.
fn attributes(kind: FileKind, mode: Mode) -> PathFact {
    PathFact { kind, owner: String::new(), group: String::new(), mode }
}
