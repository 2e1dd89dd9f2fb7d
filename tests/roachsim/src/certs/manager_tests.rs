use std::fs;
use std::os::unix::fs::PermissionsExt;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

use super::*;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn issue(issuer: &Issuer, common_name: &str, names: &[&str]) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}

struct Dir {
    temporary: tempfile::TempDir,
    issuer: Issuer,
}

impl Dir {
    fn new() -> Self {
        let dir = Self { temporary: tempfile::tempdir().unwrap(), issuer: authority() };
        dir.write("ca.crt", &dir.issuer.pem());
        dir.pair("node", "node", &["localhost"]);
        dir.pair("client.root", "root", &[]);
        dir
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.temporary.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn pair(&self, file: &str, common_name: &str, names: &[&str]) {
        let (certificate, key) = issue(&self.issuer, common_name, names);
        self.write(&format!("{file}.crt"), &certificate);
        self.write(&format!("{file}.key"), &key);
    }

    fn load(&self) -> Result<(Manager, Vec<String>), CertsError> {
        Manager::load(self.temporary.path(), PrincipalMap::default(), Series::new(24, 1))
    }

    fn manager(&self) -> Manager {
        self.load().unwrap().0
    }
}

#[test]
fn a_sound_directory_serves_and_dials() {
    let dir = Dir::new();
    let (manager, warnings) = dir.load().unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    manager.rpc_server().unwrap();
    manager.http_server().unwrap();
    manager.node_client().unwrap();
    manager.user_client("root").unwrap();
    assert!(manager.expirations()["node"] > 0);
    assert_eq!(manager.expirations()["ui"], 0);
}

#[test]
fn what_is_missing_is_named_when_it_is_needed() {
    let dir = Dir::new();
    fs::remove_file(dir.temporary.path().join("ca.crt")).unwrap();
    let error = dir.manager().rpc_server().unwrap_err();
    assert_eq!(error, TlsError::Certificates("problem with CA certificate: not found".to_owned()));
    let error = dir.manager().user_client("bob").unwrap_err().to_string();
    assert_eq!(error, "problem with CA certificate: not found");
    let dir = Dir::new();
    let error = dir.manager().user_client("bob").unwrap_err().to_string();
    assert_eq!(error, "problem with client cert for user bob: not found");
}

#[test]
fn a_missing_directory_is_an_empty_one() {
    let (manager, _) =
        Manager::load(Path::new("/nonexistent/certs"), PrincipalMap::default(), Series::new(24, 1)).unwrap();
    assert_eq!(manager.http_server().unwrap_err().to_string(), "problem with node certificate: not found");
}

#[test]
fn an_open_key_is_refused() {
    let dir = Dir::new();
    let key = dir.temporary.path().join("node.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let error = dir.load().unwrap_err();
    let words = format!("key file {} has permissions -rw-r--r--, exceeds -rw", key.display());
    // Which limit applies depends on whether the test runs as root.
    assert!(error.to_string().starts_with(&words), "{error}");
    assert!(matches!(error, CertsError::Advised(_)));
}

#[test]
fn a_client_certificate_must_be_its_file_names_user() {
    let dir = Dir::new();
    dir.pair("client.root", "bob", &[]);
    let error = dir.manager().user_client("root").unwrap_err().to_string();
    assert!(error.contains(r#"client certificate has principals ["bob"], expected "root""#), "{error}");
}

#[test]
fn a_node_certificate_must_be_the_principal_node() {
    let dir = Dir::new();
    dir.pair("node", "store-1", &["localhost"]);
    let error = dir.load().unwrap_err().to_string();
    assert_eq!(
        error,
        r#"client/server node certificate has principals ["store-1" "localhost"], expected "node""#
    );
    let map = PrincipalMap::parse("store-1:node").unwrap();
    assert!(Manager::load(dir.temporary.path(), map, Series::new(24, 1)).is_ok());
    dir.pair("client.node", "node", &[]);
    assert!(dir.load().is_ok(), "client.node.crt takes over that part");
}

#[test]
fn foreign_files_are_ignored_with_a_word() {
    let dir = Dir::new();
    dir.write("node.crt.bak", "x");
    dir.write("store-1.crt", "x");
    let (_, warnings) = dir.load().unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].ends_with(r#"store-1.crt: unknown prefix "store-1""#), "{warnings:?}");
}

#[test]
fn a_key_in_the_certificate_file_spoils_it() {
    let dir = Dir::new();
    let (certificate, key) = issue(&dir.issuer, "node", &["localhost"]);
    dir.write("node.crt", &format!("{certificate}{key}"));
    let error = dir.load().unwrap_err().to_string();
    assert!(error.ends_with("block #1 is of type PRIVATE KEY, not CERTIFICATE"), "{error}");
}

#[test]
fn a_reload_takes_a_pair_that_does_not_match_and_then_serves_nothing() {
    let dir = Dir::new();
    let manager = dir.manager();
    manager.rpc_server().unwrap();
    let (_, other_key) = issue(&dir.issuer, "node", &["localhost"]);
    dir.write("node.key", &other_key);
    manager.reload().unwrap();
    assert_eq!(manager.rpc_server().unwrap_err().to_string(), "tls: private key does not match public key");
}

#[test]
fn a_reload_that_would_lose_a_certificate_keeps_the_old_ones() {
    let dir = Dir::new();
    let manager = dir.manager();
    fs::remove_file(dir.temporary.path().join("node.key")).unwrap();
    let error = manager.reload().unwrap_err().to_string();
    assert!(error.starts_with("reload would lose valid node cert: could not stat key file"), "{error}");
    manager.rpc_server().unwrap();
    fs::remove_file(dir.temporary.path().join("ca.crt")).unwrap();
    assert_eq!(manager.reload().unwrap_err().to_string(), "reload would lose valid CA cert: not found");
}
