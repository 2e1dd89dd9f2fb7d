//! Certificates for the tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SerialNumber,
};
use time::{Duration, OffsetDateTime};

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) serial: u64,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "Cockroach CA");
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn issue(&self, common_name: &str, names: &[&str], serial: u64) -> Pair {
        self.issue_until(common_name, names, serial, OffsetDateTime::now_utc() + Duration::days(30))
    }

    pub(crate) fn issue_until(
        &self,
        common_name: &str,
        names: &[&str],
        serial: u64,
        end: OffsetDateTime,
    ) -> Pair {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.serial_number = Some(SerialNumber::from(serial));
        params.not_before = OffsetDateTime::now_utc() - Duration::days(60);
        params.not_after = end;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem(), serial }
    }

    /// Writes what a node or an operator needs into a directory.
    pub(crate) fn fill(&self, dir: &Path, file: &str, pair: &Pair) {
        fs::create_dir_all(dir).unwrap();
        write(&dir.join("ca.crt"), &self.pem());
        write_pair(dir, file, pair);
    }
}

pub(crate) fn write_pair(dir: &Path, file: &str, pair: &Pair) {
    write(&dir.join(format!("{file}.crt")), &pair.certificate);
    write(&dir.join(format!("{file}.key")), &pair.key);
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
