//! Authorities made by `cockroach cert` (mimicked by openssl) and by hand sign, and are told apart.

use crdbctl_pki::{
    Authority, CaBundle, Certificate, ClientUser, FindingCode, KeyErrorKind, KeyFact, KeyType, LoadErrorKind,
    key_spki_sha256,
};

use crate::kit::{self, DAY, LIFETIME, codes, names, now};
use crate::openssl::{CA_EXTENSIONS, COCKROACH_CA, Key, NODE_EXTENSIONS, Openssl};

/// Names that openssl and Go write and that a name rewritten from its understood values would not match.
const SUBJECTS: [(&str, &str); 6] = [
    ("printable", COCKROACH_CA),
    ("utf8", "string_mask = utf8only\ndistinguished_name = dn\n[dn]\nO = Cockroach\nCN = Küchenschabe ✓"),
    ("t61", "string_mask = nombstr\ndistinguished_name = dn\n[dn]\nO = Straße\nCN = Café & Söhne"),
    ("bmp", "string_mask = MASK:0x800\ndistinguished_name = dn\n[dn]\nO = Ünï\nCN = Größe"),
    (
        "repeated, e-mail and country",
        "distinguished_name = dn\n[dn]\nC = DE\n0.OU = first\n1.OU = second\n2.OU = third\n0.DC = example\n1.DC = com\n\
         CN = x\nemailAddress = a@example.com",
    ),
    ("several in one RDN", "distinguished_name = dn\n[dn]\nO = Cockroach\nCN = multi\n+OU = valued"),
];

#[test]
fn leaves_carry_the_very_bytes_of_the_name_of_their_authority() {
    let Some(openssl) = Openssl::find() else { return };
    for (what, subject) in SUBJECTS {
        for key in [Key::RsaPkcs1, Key::Sec1("prime256v1")] {
            openssl.make_authority(key, subject, CA_EXTENSIONS);
            let authority = Authority::load(&openssl.read("ca.crt"), &openssl.secret("ca.key")).unwrap();
            let node = authority.issue_node(&names(), KeyType::EcdsaP256, LIFETIME, now()).unwrap();
            openssl.write("node.crt", &node.certificate_pem);
            for purpose in ["sslserver", "sslclient"] {
                openssl.line(&format!("verify -x509_strict -CAfile ca.crt -purpose {purpose} node.crt"));
            }
            let subject_hash = openssl
                .line("x509 -in ca.crt -noout -subject -nameopt dump_all,dump_der,dump_unknown,RFC2253");
            let issuer_hash = openssl
                .line("x509 -in node.crt -noout -issuer -nameopt dump_all,dump_der,dump_unknown,RFC2253");
            let bytes = |text: &[u8]| String::from_utf8_lossy(text).split_once('=').unwrap().1.to_owned();
            assert_eq!(bytes(&subject_hash), bytes(&issuer_hash), "{what}");
            assert_eq!(node.info.authority_key_id, authority.info().subject_key_id, "{what}");
            let verdict = kit::judge(&node.certificate_pem, &kit::key_fact(&node), authority.bundle(), now());
            assert!(verdict.is_valid(), "{what}: {verdict:?}");
        }
    }
}

#[test]
fn every_curve_and_ed25519_can_sign() {
    let Some(openssl) = Openssl::find() else { return };
    for key in [Key::Sec1("secp384r1"), Key::Sec1("secp521r1"), Key::Pkcs8Ed25519] {
        openssl.make_authority(key, COCKROACH_CA, CA_EXTENSIONS);
        let authority = Authority::load(&openssl.read("ca.crt"), &openssl.secret("ca.key")).unwrap();
        let client = authority.issue_client(&ClientUser::root(), KeyType::Rsa2048, DAY, now()).unwrap();
        openssl.write("client.crt", &client.certificate_pem);
        openssl.line("verify -x509_strict -CAfile ca.crt -purpose sslclient client.crt");
    }
}

#[test]
fn an_authority_without_key_identifier_signs() {
    let Some(openssl) = Openssl::find() else { return };
    let old = CA_EXTENSIONS.replace("subjectKeyIdentifier = hash", "subjectKeyIdentifier = none");
    openssl.make_authority(Key::RsaPkcs1, COCKROACH_CA, &old);
    let authority = Authority::load(&openssl.read("ca.crt"), &openssl.secret("ca.key")).unwrap();
    assert_eq!(authority.info().subject_key_id, None, "or the test tests nothing");
    let node = kit::node(&authority);
    openssl.write("node.crt", &node.certificate_pem);
    // Not -x509_strict: it refuses the authority itself for that.
    openssl.line("verify -CAfile ca.crt -purpose sslserver node.crt");
    // The identifier is what the authority would have had, so that one renewed with the same key matches.
    openssl.line("req -x509 -new -key ca.key -days 30 -config ca.cnf -out renewed.crt -addext subjectKeyIdentifier=hash");
    let renewed = Certificate::parse_pem_bundle(&openssl.read("renewed.crt")).unwrap();
    assert_eq!(node.info.authority_key_id, renewed[0].info().subject_key_id);
}

#[test]
fn foreign_leaves_are_kept() {
    let Some(openssl) = Openssl::find() else { return };
    for key in [Key::RsaPkcs1, Key::Sec1("prime256v1"), Key::Sec1("secp521r1")] {
        openssl.make_authority(key, COCKROACH_CA, CA_EXTENSIONS);
        let bundle = CaBundle::parse(&openssl.read("ca.crt")).unwrap();
        openssl.make_leaf("node", "/O=Cockroach/CN=node", NODE_EXTENSIONS, "");
        let fact = KeyFact::Spki(key_spki_sha256(&openssl.secret("node.key")).unwrap());
        let verdict = kit::judge(openssl.read("node.crt"), &fact, &bundle, now());
        assert!(verdict.is_valid(), "{verdict:?}");
        openssl.make_leaf("client", "/O=Cockroach/CN=root", "extendedKeyUsage = clientAuth", "-sha512");
        let fact = KeyFact::Spki(key_spki_sha256(&openssl.secret("client.key")).unwrap());
        let verdict = kit::judge_user(openssl.read("client.crt"), &fact, &bundle, "root");
        assert!(verdict.is_valid(), "{verdict:?}");
    }
}

#[test]
fn leaves_without_restrictions_of_use_are_kept() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(Key::RsaPkcs1, COCKROACH_CA, CA_EXTENSIONS);
    let bundle = CaBundle::parse(&openssl.read("ca.crt")).unwrap();
    let names = NODE_EXTENSIONS.lines().find(|line| line.contains("subjectAltName")).unwrap();
    openssl.make_leaf("node", "/CN=node", names, "");
    let fact = KeyFact::Spki(key_spki_sha256(&openssl.secret("node.key")).unwrap());
    assert!(kit::judge(openssl.read("node.crt"), &fact, &bundle, now()).is_valid());
    openssl.sign("node", "/CN=node", &format!("{names}\nextendedKeyUsage = anyExtendedKeyUsage"), "");
    assert!(kit::judge(openssl.read("node.crt"), &fact, &bundle, now()).is_valid());
}

#[test]
fn the_first_certificate_of_a_bundle_issues() {
    let (new, old) = (kit::authority(), kit::authority());
    let bundle = |first: &Authority, second: &Authority| first.bundle().to_pem() + &second.bundle().to_pem();
    let text = format!("# made by hand\n{}\nafterwards\n", bundle(&new, &old));
    let authority = Authority::load(text.as_bytes(), new.key_pem().unwrap()).unwrap();
    assert_eq!(authority.bundle().certificates().count(), 2);
    let node = kit::node(&authority);
    assert_eq!(node.info.authority_key_id, new.info().subject_key_id);
    // Both are trusted until the older one is taken out.
    let by_old = kit::node(&old);
    for issued in [&node, &by_old] {
        let verdict = kit::judge(&issued.certificate_pem, &kit::key_fact(issued), authority.bundle(), now());
        assert!(verdict.is_valid(), "{verdict:?}");
    }
    let verdict = kit::judge(&by_old.certificate_pem, &kit::key_fact(&by_old), new.bundle(), now());
    assert_eq!(codes(&verdict), [FindingCode::NotSignedByAuthority]);
    assert!(verdict.findings()[0].text.contains("of the same name"), "{verdict:?}");

    let error = Authority::load(bundle(&old, &new).as_bytes(), new.key_pem().unwrap()).unwrap_err();
    assert!(matches!(error.kind, LoadErrorKind::KeyMismatch { belongs_to: Some(2), .. }), "{error}");
    insta::assert_snapshot!(error, @"certificate authority: ca.key does not belong to the first certificate of ca.crt (O=Cockroach, CN=Cockroach CA), but to certificate 2: put that one first");
}

#[test]
fn keys_of_every_encoding_load_and_others_are_named() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(Key::RsaPkcs1, COCKROACH_CA, CA_EXTENSIONS);
    let crt = openssl.read("ca.crt");
    openssl.line("pkcs8 -topk8 -nocrypt -in ca.key -out ca.pk8");
    openssl.line("pkcs8 -topk8 -passout pass:x -in ca.key -out ca.encrypted");
    openssl.line("rsa -traditional -aes256 -passout pass:x -in ca.key -out ca.legacy");
    for (name, begins) in [("ca.key", "-----BEGIN RSA PRIVATE KEY"), ("ca.pk8", "-----BEGIN PRIVATE KEY")] {
        assert!(openssl.read(name).starts_with(begins.as_bytes()), "{name}");
        assert!(Authority::load(&crt, &openssl.secret(name)).unwrap().can_issue(), "{name}");
    }
    assert!(Authority::load(&crt, &openssl.secret("ca.encrypted")).unwrap().is_locked());
    let error = Authority::load(&crt, &openssl.secret("ca.legacy")).unwrap_err();
    assert!(
        matches!(&error.kind, LoadErrorKind::Key(key) if key.kind == KeyErrorKind::LegacyEncryption),
        "{error}"
    );
    assert!(error.to_string().contains("openssl pkcs8 -topk8"), "{error}");
    // openssl ecparam writes the parameters before the key.
    openssl.make_authority(Key::Sec1("prime256v1"), COCKROACH_CA, CA_EXTENSIONS);
    let parameters = openssl.line("ecparam -name prime256v1");
    openssl.write("ca.with-parameters", [parameters, openssl.read("ca.key")].concat());
    assert!(Authority::load(&openssl.read("ca.crt"), &openssl.secret("ca.with-parameters")).is_ok());

    let stranger = kit::authority();
    let error = Authority::load(&openssl.read("ca.crt"), stranger.key_pem().unwrap()).unwrap_err();
    assert!(matches!(error.kind, LoadErrorKind::KeyMismatch { belongs_to: None, .. }), "{error}");
    for (text, kind) in [
        ("", KeyErrorKind::Missing),
        ("no key here", KeyErrorKind::Missing),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", KeyErrorKind::Unsupported),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n", KeyErrorKind::Pem),
        ("-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n", KeyErrorKind::Pem),
    ] {
        let error = key_spki_sha256(&text.into()).unwrap_err();
        assert_eq!(error.kind, kind, "{text:?}");
    }
}

#[test]
fn a_certificate_that_may_not_sign_is_no_authority() {
    let authority = kit::authority();
    let node = kit::node(&authority);
    let error = Authority::load(node.certificate_pem.as_bytes(), &node.key_pem).unwrap_err();
    assert!(matches!(error.kind, LoadErrorKind::NotAnAuthority { position: 1, .. }), "{error}");
    let mixed = authority.bundle().to_pem() + &node.certificate_pem;
    let error = CaBundle::parse(mixed.as_bytes()).unwrap_err();
    assert!(matches!(error.kind, LoadErrorKind::NotAnAuthority { position: 2, .. }), "{error}");

    let Some(openssl) = Openssl::find() else { return };
    let cannot_sign = CA_EXTENSIONS.replace(", keyCertSign", "");
    openssl.make_authority(Key::RsaPkcs1, COCKROACH_CA, &cannot_sign);
    let error = Authority::load(&openssl.read("ca.crt"), &openssl.secret("ca.key")).unwrap_err();
    insta::assert_snapshot!(error, @"certificate authority: ca.crt: certificate 1 (O=Cockroach, CN=Cockroach CA) cannot sign certificates: it lacks CA:TRUE or keyCertSign");
}
