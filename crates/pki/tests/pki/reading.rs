//! What is read from a certificate is what openssl reads from it.

use crdbctl_model::Digest;
use crdbctl_pki::{Certificate, KeyAlgorithm, ReadErrorKind, key_spki_sha256};
use secrecy::ExposeSecret as _;

use crate::kit::{self, now};
use crate::openssl::{CA_EXTENSIONS, COCKROACH_CA, Key, NODE_EXTENSIONS, Openssl};

#[test]
fn digests_serials_and_times_are_those_of_openssl() {
    let Some(openssl) = Openssl::find() else { return };
    for key in [Key::RsaPkcs1, Key::Sec1("prime256v1"), Key::Sec1("secp384r1"), Key::Pkcs8Ed25519] {
        openssl.make_authority(key, COCKROACH_CA, CA_EXTENSIONS);
        let certificate = Certificate::parse_pem_bundle(&openssl.read("ca.crt")).unwrap().swap_remove(0);
        let info = certificate.info();
        let public = openssl.line("pkey -in ca.key -pubout -outform DER");
        assert_eq!(info.spki_sha256, Digest::of(&public));
        assert_eq!(key_spki_sha256(&openssl.secret("ca.key")).unwrap(), Digest::of(&public));
        let der = openssl.line("x509 -in ca.crt -outform DER");
        assert_eq!((info.sha256, certificate.der()), (Digest::of(&der), der.as_slice()));
        assert_eq!(certificate.to_pem().into_bytes(), openssl.line("x509 -in ca.crt"));
        let shown = String::from_utf8(openssl.line("x509 -in ca.crt -noout -serial")).unwrap();
        assert_eq!(format!("serial={}", info.serial), shown.trim().to_lowercase());
        assert_eq!(info.not_after.since(info.not_before), 3_000 * kit::DAY);
        assert!((-5..=60).contains(&now().since(info.not_before)));
        let shown = openssl.line("x509 -in ca.crt -noout -ext subjectKeyIdentifier");
        let shown = String::from_utf8(shown).unwrap().lines().nth(1).unwrap().trim().replace(':', "");
        assert_eq!(info.subject_key_id.as_deref(), Some(shown.to_lowercase().as_str()));
    }
}

#[test]
fn names_of_every_string_type_are_read() {
    let Some(openssl) = Openssl::find() else { return };
    for mask in ["utf8only", "nombstr", "MASK:0x800"] {
        let subject = format!("string_mask = {mask}\ndistinguished_name = dn\n[dn]\nO = Straße\nCN = Größe");
        openssl.make_authority(Key::Sec1("prime256v1"), &subject, CA_EXTENSIONS);
        let certificate = Certificate::parse_pem_bundle(&openssl.read("ca.crt")).unwrap().swap_remove(0);
        assert_eq!(certificate.info().common_name.as_deref(), Some("Größe"), "{mask}");
        assert_eq!(certificate.info().organizations, ["Straße"], "{mask}");
    }
}

#[test]
fn several_common_names_give_the_last_as_go_does() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(Key::Sec1("prime256v1"), COCKROACH_CA, CA_EXTENSIONS);
    openssl.make_leaf("node", "/O=Cockroach/CN=other/OU=unit/CN=node", NODE_EXTENSIONS, "");
    let info = Certificate::parse_pem_bundle(&openssl.read("node.crt")).unwrap().swap_remove(0).into_info();
    assert_eq!(info.common_name.as_deref(), Some("node"));
    assert_eq!(info.organizational_units, ["unit"]);
    assert_eq!(info.key_algorithm, KeyAlgorithm::Rsa { bits: 2048 });
}

#[test]
fn every_block_must_be_a_certificate() {
    let authority = kit::authority();
    let node = kit::node(&authority);
    let (crt, key) = (&node.certificate_pem, node.key_pem.expose_secret());
    let kind = |pem: &str| Certificate::parse_pem_bundle(pem.as_bytes()).unwrap_err();
    let error = kind(&format!("{crt}{key}"));
    assert_eq!((error.block, &error.kind), (Some(2), &ReadErrorKind::NotACertificate("PRIVATE KEY".into())));
    assert!(!error.to_string().contains(key.lines().nth(1).unwrap()));
    insta::assert_snapshot!(error, @"block 2 is of type PRIVATE KEY, not CERTIFICATE: CockroachDB refuses a .crt file with anything else in it");
    assert_eq!(kind(&format!("{key}{crt}")).block, Some(1));
    insta::assert_snapshot!(kind(&crt.replace("CERTIFICATE", "TRUSTED CERTIFICATE")), @"block 1 is of type TRUSTED CERTIFICATE, not CERTIFICATE: CockroachDB refuses a .crt file with anything else in it");
}

#[test]
fn broken_files_are_told_apart() {
    let crt = kit::node(&kit::authority()).certificate_pem;
    let error = |pem: &[u8]| Certificate::parse_pem_bundle(pem).unwrap_err().to_string();
    let cut = &crt[..crt.len() / 2];
    insta::assert_snapshot!(error(b""), @"the file is empty");
    insta::assert_snapshot!(error(b" \n\n"), @"the file is empty");
    insta::assert_snapshot!(error(b"hello"), @"no PEM block was found");
    insta::assert_snapshot!(error(&[0x30, 0x82, 1, 2, 3]), @"no PEM block was found: it looks like DER, and CockroachDB reads PEM");
    insta::assert_snapshot!(error(cut.as_bytes()), @"block 1 is not valid PEM: its END line is missing");
    insta::assert_snapshot!(error(format!("{crt}{cut}").as_bytes()), @"block 2 is not valid PEM: its END line is missing");
    insta::assert_snapshot!(error(crt.replace("MII", "!!!").as_bytes()), @"block 1 is not valid PEM: its content is not base64");
    insta::assert_snapshot!(error(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), @"block 1 is not a valid X.509 certificate: it is cut off, or not one at all");
    insta::assert_snapshot!(error(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), @"block 1 is not a valid X.509 certificate: it is cut off, or not one at all");
    let mismatched = crt.replace("END CERTIFICATE", "END PRIVATE KEY");
    insta::assert_snapshot!(error(format!("{crt}{mismatched}").as_bytes()), @"block 2 is not valid PEM: its END line is not that of a certificate");
}

#[test]
fn windows_line_ends_and_text_around_are_read() {
    let node = kit::node(&kit::authority());
    let pem = format!("subject=\u{fc}\n\n{}\ntrailer", node.certificate_pem).replace('\n', "\r\n");
    let mut bytes = b"latin-1: \xfc\xff\n".to_vec();
    bytes.extend(pem.into_bytes());
    let read = Certificate::parse_pem_bundle(&bytes).unwrap();
    assert_eq!(read[0].info(), &node.info);
}

#[test]
fn names_that_play_tricks_are_escaped() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(Key::Sec1("prime256v1"), COCKROACH_CA, CA_EXTENSIONS);
    openssl.make_leaf("node", "/O=x\u{1b}[2J/CN=node\u{1b}[31m", "subjectAltName = DNS:a\u{1b}b", "");
    let info = Certificate::parse_pem_bundle(&openssl.read("node.crt")).unwrap().swap_remove(0).into_info();
    let text = serde_json::to_string(&info).unwrap() + &format!("{} {:?}", info.subject, info.dns_names);
    assert!(!text.contains('\u{1b}'), "{text}");
    let bundle = crdbctl_pki::CaBundle::parse(&openssl.read("ca.crt")).unwrap();
    let verdict = kit::judge(openssl.read("node.crt"), &crdbctl_pki::KeyFact::Missing, &bundle, now());
    for finding in verdict.findings() {
        assert!(!finding.text.contains('\u{1b}'), "{finding}");
    }
}

#[test]
fn what_is_read_survives_json() {
    let info = kit::node(&kit::authority()).info;
    let json = serde_json::to_string(&info).unwrap();
    assert_eq!(serde_json::from_str::<crdbctl_pki::CertificateInfo>(&json).unwrap(), info);
    assert!(json.contains(r#""key_usages":["digitalSignature"]"#), "{json}");
}
