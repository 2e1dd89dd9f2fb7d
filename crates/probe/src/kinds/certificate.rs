use crdbctl_model::{
    CaFact, CertificateFileFact, DesiredCa, DesiredNodeCertificate, Fact, FileFact, FileKind, HostPath,
    KeyFileFact, NodeCertificateFact, Observed, PathFact, PublicKey,
};

use super::file::file_at;
use super::{present, stat_of, unreadable};
use crate::answer::{Answer, KeyProblem, Read, Stat};
use crate::questions::Questions;

pub(super) fn ask_ca(desired: &DesiredCa, questions: &mut Questions) {
    questions.stat.insert(desired.path.clone());
    questions.pems.insert(desired.path.clone());
}

pub(super) fn ask_node(desired: &DesiredNodeCertificate, questions: &mut Questions) {
    questions.stat.insert(desired.certificate.clone());
    questions.pems.insert(desired.certificate.clone());
    questions.stat.insert(desired.key.clone());
    questions.keys.insert(desired.key.clone());
}

pub(super) fn read_ca(desired: &DesiredCa, answer: &Answer) -> Observed {
    ca_at(&desired.path, answer)
}

/// The authority's certificates at a path of which type and content were asked.
pub(super) fn ca_at(path: &HostPath, answer: &Answer) -> Observed {
    match file_at(path, answer) {
        Ok(Some(file)) => match pem_of(file) {
            Ok((path, pem)) => present(Fact::Ca(CaFact { path, pem, has_key: false })),
            Err(why) => unreadable(path, &why),
        },
        Ok(None) => Observed::Absent,
        Err(why) => unreadable(path, &why),
    }
}

/// A file's attributes and its PEM text: none where it is no regular file. A file that was not read is not an empty one.
fn pem_of(file: FileFact) -> Read<(PathFact, String)> {
    match (file.content, file.path.kind) {
        (Some(pem), _) => Ok((file.path, pem)),
        (None, FileKind::Regular) => Err("its content was not read".to_owned()),
        (None, FileKind::Directory | FileKind::Link | FileKind::Special) => Ok((file.path, String::new())),
    }
}

pub(super) fn read_node(desired: &DesiredNodeCertificate, answer: &Answer) -> Observed {
    pair_at(&desired.certificate, &desired.key, answer)
}

/// A certificate and its key at paths of which they were asked.
pub(super) fn pair_at(certificate_at: &HostPath, key_path: &HostPath, answer: &Answer) -> Observed {
    let certificate = match file_at(certificate_at, answer) {
        Ok(None) => None,
        Ok(Some(file)) => match pem_of(file) {
            Ok((path, pem)) => Some(CertificateFileFact { path, pem }),
            Err(why) => return unreadable(certificate_at, &why),
        },
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;
    use std::process::Command;

    use crdbctl_model::Digest;

    use super::*;
    use crate::answer::RawKey;

    /// A directory of this machine's programs, without those.
    fn programs_without(at: &Path, missing: &[&str]) {
        std::fs::create_dir(at).unwrap();
        for entry in std::fs::read_dir("/usr/bin").unwrap().flatten() {
            if !missing.iter().any(|name| entry.file_name() == **name) {
                symlink(entry.path(), at.join(entry.file_name())).unwrap();
            }
        }
    }

    /// What a host with these programs says of the key at a path.
    fn told(programs: &Path, key: &Path) -> Result<RawKey, KeyProblem> {
        let text = format!(
            "{}crdbctl_state=/nowhere/x\nprobe_body() {{\nask_host\nask_keys {}\n}}\nprobe_live() {{\nask_clock\n}}\nprobe\n",
            crate::script::LIBRARY,
            key.display()
        );
        let output = Command::new("/bin/sh").args(["-c", &text]).env("PATH", programs).output().unwrap();
        let answer = Answer::parse(&output.stdout).unwrap();
        answer.keys[key.to_str().unwrap()].clone()
    }

    #[test]
    fn a_host_without_openssl_says_whose_a_key_is_by_ssh_keygen() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        programs_without(&at("ssh"), &["openssl", "curl"]);
        programs_without(&at("none"), &["openssl", "curl", "ssh-keygen"]);
        programs_without(&at("unreadable"), &["openssl", "curl", "grep"]);
        let grep = at("unreadable").join("grep");
        std::fs::write(&grep, "#!/bin/sh\necho 'grep: node.key: Permission denied' >&2\nexit 2\n").unwrap();
        std::fs::set_permissions(&grep, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = at("node.key");
        for words in [
            "genrsa 2048",
            "genrsa -traditional 2048",
            "ecparam -name prime256v1 -genkey",
            "genrsa -aes256 -passout pass:x 2048",
        ] {
            let Ok(made) = Command::new("openssl").args(words.split(' ')).output() else {
                crdbctl_testlab::skip_unless_required("this machine has no openssl");
                return;
            };
            std::fs::write(&path, &made.stdout).unwrap();
            // As others may have left it; ssh-keygen would refuse the file.
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            let told = told(&at("ssh"), &path);
            if words.contains("aes") {
                assert_eq!(told, Err(KeyProblem::Bad("it is encrypted".to_owned())));
                continue;
            }
            let mut public = Command::new("openssl");
            public.args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(&path);
            let public = public.output().unwrap().stdout;
            assert_eq!(told, Ok(RawKey { spki: Digest::of(public), made: false }), "{words}");
        }
        // What is no key is replaced; what only cannot be read is not.
        std::fs::write(&path, "junk\n").unwrap();
        assert!(matches!(told(&at("ssh"), &path), Err(KeyProblem::Bad(_))));
        std::fs::write(&path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        for (programs, words) in [
            ("ssh", "ssh-keygen says"),
            ("none", "neither openssl nor ssh-keygen"),
            ("unreadable", "Permission denied"),
        ] {
            let KeyProblem::Unknown(why) = told(&at(programs), &path).unwrap_err() else {
                panic!("{programs}")
            };
            assert!(why.contains(words), "{why}");
        }
    }
}
