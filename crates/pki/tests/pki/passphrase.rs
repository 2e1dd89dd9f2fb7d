//! Authorities whose key is encrypted: by openssl, and by crdbctl.

use crdbctl_pki::{Authority, IssueErrorKind, KeyErrorKind, KeyType, LoadError, LoadErrorKind};
use secrecy::{ExposeSecret as _, SecretString};

use crate::kit::{self, LIFETIME, now};
use crate::openssl::{CA_EXTENSIONS, COCKROACH_CA, Key, Openssl};

fn pass(text: &str) -> SecretString {
    SecretString::from(text)
}

fn kind(error: &LoadError) -> &KeyErrorKind {
    match &error.kind {
        LoadErrorKind::Key(key) => &key.kind,
        other => panic!("{other}"),
    }
}

#[test]
fn keys_that_openssl_encrypted_open_with_their_passphrase_alone() {
    let Some(openssl) = Openssl::find() else { return };
    for key in [Key::RsaPkcs1, Key::Sec1("prime256v1")] {
        openssl.make_authority(key, COCKROACH_CA, CA_EXTENSIONS);
        let crt = openssl.read("ca.crt");
        for options in
            ["", "-v2 aes-256-cbc", "-v2 aes-128-cbc -v2prf hmacWithSHA512", "-scrypt", "-iter 10000"]
        {
            openssl.line(&format!("pkcs8 -topk8 {options} -passout pass:käse -in ca.key -out ca.encrypted"));
            let mut authority = Authority::load(&crt, &openssl.secret("ca.encrypted")).unwrap();
            assert!(authority.has_key() && authority.is_locked() && !authority.can_issue(), "{options}");
            let error = authority.issue_node(&kit::names(), KeyType::EcdsaP256, LIFETIME, now()).unwrap_err();
            assert_eq!(error.kind, IssueErrorKind::Locked);
            for wrong in ["", "kase", "käse ", "x"] {
                let error = authority.unlock(&pass(wrong)).unwrap_err();
                assert_eq!(kind(&error), &KeyErrorKind::WrongPassphrase, "{options} {wrong:?}");
                assert!(authority.is_locked());
            }
            authority.unlock(&pass("käse")).unwrap();
            let issued = kit::node(&authority);
            assert!(
                kit::judge(&issued.certificate_pem, &kit::key_fact(&issued), authority.bundle(), now())
                    .is_valid()
            );
        }
    }
}

#[test]
fn an_encryption_that_is_not_known_is_no_wrong_passphrase() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(Key::Sec1("prime256v1"), COCKROACH_CA, CA_EXTENSIONS);
    openssl.line("pkcs8 -topk8 -v2 des3 -passout pass:x -in ca.key -out ca.encrypted");
    let mut authority = Authority::load(&openssl.read("ca.crt"), &openssl.secret("ca.encrypted")).unwrap();
    let error = authority.unlock(&pass("x")).unwrap_err();
    assert_eq!(kind(&error), &KeyErrorKind::UnknownEncryption, "{error}");
    let broken = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let mut authority = Authority::load(&openssl.read("ca.crt"), &pass(broken)).unwrap();
    let error = authority.unlock(&pass("x")).unwrap_err();
    assert_eq!(kind(&error), &KeyErrorKind::UnknownEncryption, "{error}");
}

/// One in 256 wrong passphrases leaves a padding that looks right: what comes out is no key all the same.
#[test]
fn no_wrong_passphrase_passes_for_a_broken_key() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(Key::Sec1("prime256v1"), COCKROACH_CA, CA_EXTENSIONS);
    openssl.line("pkcs8 -topk8 -iter 1 -passout pass:x -in ca.key -out ca.encrypted");
    let mut authority = Authority::load(&openssl.read("ca.crt"), &openssl.secret("ca.encrypted")).unwrap();
    for number in 0..3000 {
        let error = authority.unlock(&pass(&format!("wrong {number}"))).unwrap_err();
        assert_eq!(kind(&error), &KeyErrorKind::WrongPassphrase, "{number}");
    }
}

#[test]
fn a_key_of_another_certificate_is_seen_when_it_opens() {
    let made = kit::authority().protected_by(&pass("x")).unwrap();
    let other = kit::authority().bundle().to_pem();
    let mut mixed = Authority::load(other.as_bytes(), made.key_pem().unwrap()).unwrap();
    let error = mixed.unlock(&pass("x")).unwrap_err();
    assert!(matches!(error.kind, LoadErrorKind::KeyMismatch { .. }), "{error}");
    assert!(mixed.is_locked());
}

#[test]
fn what_crdbctl_encrypts_openssl_opens_and_nothing_shows_it() {
    for key_type in [KeyType::EcdsaP256, KeyType::Rsa2048] {
        let plain = Authority::create(key_type, LIFETIME, now()).unwrap();
        let spki = plain.info().spki_sha256;
        let made = plain.protected_by(&pass("correct horse")).unwrap();
        assert!(made.can_issue(), "it stays open for the one who made it");
        let pem = made.key_pem().unwrap().clone();
        assert!(pem.expose_secret().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let mut again = Authority::load(made.bundle().to_pem().as_bytes(), &pem).unwrap();
        again.unlock(&pass("correct horse")).unwrap();
        kit::node(&again);
        let debug = format!("{again:?}");
        assert!(!debug.contains("horse") && !debug.contains("PRIVATE"), "{debug}");
        let Some(openssl) = Openssl::find() else { return };
        openssl.write("ca.key", pem.expose_secret());
        let public = openssl.run([
            "pkey",
            "-passin",
            "pass:correct horse",
            "-in",
            "ca.key",
            "-pubout",
            "-outform",
            "DER",
        ]);
        assert_eq!(crdbctl_model::Digest::of(public), spki);
    }
}
