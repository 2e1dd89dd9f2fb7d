//! Bytes that are not what they should be: an answer or an error, never a panic.

use std::sync::LazyLock;

use crdbctl_pki::{Authority, CaBundle, Certificate, KeyFact, judge_ca, key_spki_sha256};
use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use crate::kit::{self, now};

static AUTHORITY: LazyLock<Authority> = LazyLock::new(kit::authority);
static NODE_PEM: LazyLock<String> = LazyLock::new(|| kit::node(&AUTHORITY).certificate_pem);

/// Everything that takes bytes from a host or a file.
fn feed(pem: &[u8]) {
    let _ = Certificate::parse_pem_bundle(pem);
    let _ = CaBundle::parse(pem);
    let _ = Authority::read_only(pem);
    let _ = judge_ca(pem, AUTHORITY.bundle());
    let _ = kit::judge(pem, &KeyFact::Missing, AUTHORITY.bundle(), now());
    let _ = kit::judge_user(pem, &KeyFact::Missing, AUTHORITY.bundle(), "root");
}

/// A changed certificate reaches every reader, the signature's included.
fn feed_der(der: &[u8]) {
    let _ = Certificate::parse_der(der);
    let pem = wrap("CERTIFICATE", der);
    feed(pem.as_bytes());
    if let Ok(bundle) = CaBundle::parse(pem.as_bytes()) {
        let _ = kit::judge(NODE_PEM.as_bytes(), &KeyFact::Missing, &bundle, now());
    }
}

fn wrap(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

fn der_of(pem: &str) -> Vec<u8> {
    Certificate::parse_pem_bundle(pem.as_bytes()).unwrap()[0].der().to_vec()
}

/// Changes some bytes, cuts some away, puts some in.
fn mutated(original: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6);
    edits.prop_map(move |edits| {
        let mut bytes = original.clone();
        for (at, byte, edit) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes.truncate(at),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        feed(&bytes);
        feed_der(&bytes);
    }

    #[test]
    fn any_text_with_pem_lines(lines in prop::collection::vec(
        prop_oneof![
            Just("-----BEGIN CERTIFICATE-----".to_owned()),
            Just("-----END CERTIFICATE-----".to_owned()),
            Just("-----BEGIN ".to_owned()),
            Just("-----BEGIN -----".to_owned()),
            Just("Proc-Type: 4,ENCRYPTED".to_owned()),
            "[A-Za-z0-9+/=]{0,70}",
            "\\PC{0,40}",
        ], 0..12)) {
        let text = lines.join("\n");
        feed(text.as_bytes());
        let _ = key_spki_sha256(&text.into());
    }

    #[test]
    fn changed_leaves(der in mutated(der_of(&NODE_PEM))) {
        feed_der(&der);
    }

    #[test]
    fn changed_authorities(der in mutated(AUTHORITY.bundle().issuer().der().to_vec())) {
        feed_der(&der);
        let key = AUTHORITY.key_pem().unwrap();
        let _ = Authority::load(wrap("CERTIFICATE", &der).as_bytes(), key);
    }

    #[test]
    fn changed_files(pem in mutated(NODE_PEM.clone().into_bytes())) {
        feed(&pem);
    }

    #[test]
    fn changed_keys(pem in mutated(AUTHORITY.key_pem().unwrap().expose_secret().as_bytes().to_vec())) {
        let _ = key_spki_sha256(&String::from_utf8_lossy(&pem).into_owned().into());
    }
}

#[test]
fn a_small_corpus() {
    let mut corpus: Vec<Vec<u8>> = vec![
        vec![],
        b"\0".to_vec(),
        b"-----BEGIN CERTIFICATE-----".to_vec(),
        b"-----BEGIN CERTIFICATE-----\n".to_vec(),
        b"-----BEGIN CERTIFICATE-----\n\xff\xfe\n-----END CERTIFICATE-----".to_vec(),
        b"\xff\xfe\n-----BEGIN \xff-----\n-----END CERTIFICATE-----".to_vec(),
        b"-----BEGIN ----------BEGIN CERTIFICATE-----\n".to_vec(),
        b"-----BEGIN CERTIFICATE-----\n".repeat(2_000),
        vec![0x30; 5_000],
        vec![0x30, 0x80, 0, 0],
        vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    // Nesting deep enough to overflow a stack that recurses.
    let mut nested = vec![];
    for _ in 0..2_000 {
        let length = nested.len();
        nested.splice(0..0, [&[0x30, 0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat());
    }
    corpus.push(nested);
    for bytes in corpus {
        feed(&bytes);
        feed_der(&bytes);
        let _ = key_spki_sha256(&String::from_utf8_lossy(&bytes).into_owned().into());
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            assert!(key_spki_sha256(&wrap(label, &bytes).into()).is_err());
        }
    }
}
