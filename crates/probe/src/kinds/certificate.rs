use crdbctl_model::{
    CaFact, CertificateFileFact, DesiredCa, DesiredNodeCertificate, Fact, FileKind, HostPath, KeyFileFact,
    NodeCertificateFact, Observed, PublicKey,
};

use super::file::file_at;
use super::{present, stat_of, unreadable};
use crate::answer::{Answer, KeyProblem, Read, Stat};
use crate::questions::Questions;

pub(super) fn ask_ca(desired: &DesiredCa, questions: &mut Questions) {
    questions.stat.insert(desired.path.clone());
    questions.contents.insert(desired.path.clone());
}

pub(super) fn ask_node(desired: &DesiredNodeCertificate, questions: &mut Questions) {
    questions.stat.insert(desired.certificate.clone());
    questions.contents.insert(desired.certificate.clone());
    questions.stat.insert(desired.key.clone());
    questions.keys.insert(desired.key.clone());
}

pub(super) fn read_ca(desired: &DesiredCa, answer: &Answer) -> Observed {
    ca_at(&desired.path, answer)
}

/// The authority's certificates at a path of which type and content were asked.
pub(super) fn ca_at(path: &HostPath, answer: &Answer) -> Observed {
    match file_at(path, answer) {
        Ok(Some(file)) => {
            let pem = file.content.unwrap_or_default();
            present(Fact::Ca(CaFact { path: file.path, pem, has_key: false }))
        }
        Ok(None) => Observed::Absent,
        Err(why) => unreadable(path, &why),
    }
}

pub(super) fn read_node(desired: &DesiredNodeCertificate, answer: &Answer) -> Observed {
    pair_at(&desired.certificate, &desired.key, answer)
}

/// A certificate and its key at paths of which they were asked.
pub(super) fn pair_at(certificate_at: &HostPath, key_path: &HostPath, answer: &Answer) -> Observed {
    let certificate = match file_at(certificate_at, answer) {
        Ok(file) => {
            file.map(|file| CertificateFileFact { path: file.path, pem: file.content.unwrap_or_default() })
        }
        Err(why) => return unreadable(certificate_at, &why),
    };
    let key = match key_at(key_path, answer) {
        Ok(key) => key,
        Err(why) => return unreadable(key_path, &why),
    };
    if certificate.is_none() && key.is_none() {
        return Observed::Absent;
    }
    present(Fact::Certificate(NodeCertificateFact { certificate, key }))
}

fn key_at(path: &HostPath, answer: &Answer) -> Read<Option<KeyFileFact>> {
    let attributes = match stat_of(path, answer) {
        Stat::Present(attributes) => attributes,
        Stat::Absent => return Ok(None),
        Stat::Error(why) => return Err(why),
    };
    let key = answer.keys.get(path.as_str());
    let made = matches!(key, Some(Ok(key)) if key.made);
    let public = match key {
        _ if attributes.kind != FileKind::Regular => {
            PublicKey::NotAKey("it is not a regular file".to_owned())
        }
        Some(Ok(key)) => PublicKey::Spki(key.spki),
        Some(Err(KeyProblem::Bad(why))) => PublicKey::NotAKey(why.clone()),
        Some(Err(KeyProblem::Unknown(why))) => return Err(why.clone()),
        None => return Err("the host's answer does not speak of it".to_owned()),
    };
    Ok(Some(KeyFileFact { path: attributes, public, made }))
}
