//! Each finding, by what causes it, and the instants at which it begins.

use crdbctl_pki::{
    Authority, CaBundle, CaVerdict, ClientUser, FindingCode, Issued, KeyFact, KeyType, NodeNames,
    NodeRequirement, Principals, Verdict, judge_ca, judge_node, key_spki_sha256,
};
use secrecy::ExposeSecret as _;

use crate::kit::{self, CA_LIFETIME, DAY, LIFETIME, RENEW_BEFORE, codes, key_fact, names, now};
use crate::openssl::{CA_EXTENSIONS, COCKROACH_CA, Key, NODE_EXTENSIONS, Openssl};

fn texts(verdict: &Verdict) -> String {
    verdict.findings().iter().map(|finding| format!("{}: {}\n", finding.code, finding.text)).collect()
}

#[test]
fn what_was_just_issued_is_valid() {
    let authority = kit::authority();
    for key in [KeyType::EcdsaP256, KeyType::Rsa2048] {
        let node = authority.issue_node(&names(), key, LIFETIME, now()).unwrap();
        let verdict = kit::judge(&node.certificate_pem, &key_fact(&node), authority.bundle(), now());
        assert_eq!(verdict, Verdict::Valid { info: Box::new(node.info.clone()) });
        let client = authority.issue_client(&ClientUser::root(), key, LIFETIME, now()).unwrap();
        let verdict =
            kit::judge_user(&client.certificate_pem, &key_fact(&client), authority.bundle(), "root");
        assert!(verdict.is_valid(), "{verdict:?}");
    }
}

#[test]
fn names_beyond_those_wanted_are_allowed_and_missing_ones_are_each_named() {
    let authority = kit::authority();
    let node = kit::node(&authority);
    let judge = |wanted: &NodeNames| {
        let wanted = NodeRequirement {
            names: wanted,
            authority: authority.bundle(),
            renew_before: RENEW_BEFORE,
            key_type: None,
            principals: &Principals::default(),
            dials: Some(authority.bundle()),
        };
        judge_node(node.certificate_pem.as_bytes(), &key_fact(&node), &wanted, now())
    };
    assert!(judge(&NodeNames::new(["STORE-1"], []).unwrap()).is_valid());
    let ips = ["198.0.2.10", "127.0.0.1", "2001:db8:0::7", "::ffff:127.0.0.1"].map(|ip| ip.parse().unwrap());
    let verdict = judge(&NodeNames::new(["store-1", "store-2", "lb.example.com"], ips).unwrap());
    insta::assert_snapshot!(texts(&verdict), @"
    missing-name: does not cover lb.example.com
    missing-name: does not cover store-2
    missing-name: does not cover 198.0.2.10
    ");
}

#[test]
fn time_has_exact_edges() {
    let at = now();
    let authority = Authority::create(KeyType::EcdsaP256, CA_LIFETIME, at).unwrap();
    let node = authority.issue_node(&names(), KeyType::EcdsaP256, LIFETIME, at).unwrap();
    let judge = |when| {
        let verdict = kit::judge(&node.certificate_pem, &key_fact(&node), authority.bundle(), when);
        (codes(&verdict), texts(&verdict))
    };
    let end = node.info.not_after;
    for (when, code) in [
        (node.info.not_before.plus(-1), Some(FindingCode::NotYetValid)),
        (node.info.not_before, None),
        (at, None),
        (end.plus(-RENEW_BEFORE - 1), None),
        (end.plus(-RENEW_BEFORE), Some(FindingCode::RenewalDue)),
        (end, Some(FindingCode::RenewalDue)),
        (end.plus(1), Some(FindingCode::Expired)),
    ] {
        let (mut found, text) = judge(when);
        // The authority begins with the node's certificate, so before that it is not valid either.
        found.retain(|code| *code != FindingCode::AuthorityNotValid);
        assert_eq!(found, Vec::from_iter(code), "{} seconds before the end: {text}", end.since(when));
    }
    assert!(judge(end.plus(-12 * DAY)).1.starts_with("renewal-due: expires in 12 days, on "));
    assert!(judge(end.plus(3 * DAY)).1.starts_with("expired: expired 3 days ago, on "));
}

#[test]
fn a_certificate_that_ends_with_its_authority_is_not_renewed_in_vain() {
    let at = now();
    let authority = Authority::create(KeyType::EcdsaP256, 10 * DAY, at).unwrap();
    let judge = |issued: &Issued, bundle: &CaBundle, when| {
        kit::judge(&issued.certificate_pem, &key_fact(issued), bundle, when)
    };
    let capped = authority.issue_node(&names(), KeyType::EcdsaP256, LIFETIME, at).unwrap();
    assert!(judge(&capped, authority.bundle(), at).is_valid(), "it cannot last longer");
    let shorter = authority.issue_node(&names(), KeyType::EcdsaP256, 9 * DAY, at).unwrap();
    assert_eq!(codes(&judge(&shorter, authority.bundle(), at)), [FindingCode::RenewalDue]);
    // A newer authority before the old one can give more.
    let newer = Authority::create(KeyType::EcdsaP256, CA_LIFETIME, at).unwrap();
    let rotated =
        CaBundle::parse((newer.bundle().to_pem() + &authority.bundle().to_pem()).as_bytes()).unwrap();
    assert_eq!(codes(&judge(&capped, &rotated, at)), [FindingCode::RenewalDue]);

    let after = at.plus(10 * DAY + 1);
    let expected = [FindingCode::AuthorityNotValid, FindingCode::Expired];
    assert_eq!(codes(&judge(&capped, authority.bundle(), after)), expected);
}

#[test]
fn keys_are_compared_and_an_unknown_key_is_neither_right_nor_wrong() {
    let authority = kit::authority();
    let (node, other) = (kit::node(&authority), kit::node(&authority));
    let judge = |key: &KeyFact| kit::judge(&node.certificate_pem, key, authority.bundle(), now());
    assert_eq!(codes(&judge(&KeyFact::Missing)), [FindingCode::KeyMissing]);
    assert_eq!(codes(&judge(&key_fact(&other))), [FindingCode::KeyMismatch]);
    let unknown = KeyFact::Unknown("openssl is not on the host".into());
    let Verdict::Undetermined { info, reason } = judge(&unknown) else { panic!("it is not known") };
    assert_eq!((*info, reason.as_str()), (node.info.clone(), "openssl is not on the host"));
    // What is wrong anyway is wrong, whatever the key.
    let stranger = kit::authority();
    let verdict = kit::judge(&node.certificate_pem, &unknown, stranger.bundle(), now());
    assert_eq!(codes(&verdict), [FindingCode::NotSignedByAuthority]);
}

#[test]
fn an_authority_of_the_same_name_is_told_apart_by_its_signature() {
    let Some(openssl) = Openssl::find() else { return };
    for key in [Key::RsaPkcs1, Key::Sec1("prime256v1")] {
        // Without key identifiers nothing but the signature tells them apart.
        let bare = CA_EXTENSIONS.replace("subjectKeyIdentifier = hash", "subjectKeyIdentifier = none");
        openssl.make_authority(key, COCKROACH_CA, &bare);
        let ours = CaBundle::parse(&openssl.read("ca.crt")).unwrap();
        openssl.make_authority(key, COCKROACH_CA, &bare);
        openssl.make_leaf("node", "/O=Cockroach/CN=node", NODE_EXTENSIONS, "");
        let theirs = CaBundle::parse(&openssl.read("ca.crt")).unwrap();
        assert_eq!(ours.issuer().info().subject, theirs.issuer().info().subject);
        let fact = KeyFact::Spki(key_spki_sha256(&openssl.secret("node.key")).unwrap());
        let pem = openssl.read("node.crt");
        assert!(kit::judge(&pem, &fact, &theirs, now()).is_valid());
        let verdict = kit::judge(&pem, &fact, &ours, now());
        assert_eq!(
            texts(&verdict),
            "not-signed-by-authority: is not signed by the authority but by another of the same name, O=Cockroach, CN=Cockroach CA\n"
        );
    }
    openssl.make_authority(Key::RsaPkcs1, "distinguished_name = dn\n[dn]\nCN = Elsewhere", CA_EXTENSIONS);
    openssl.make_leaf("node", "/O=Cockroach/CN=node", NODE_EXTENSIONS, "");
    let fact = KeyFact::Spki(key_spki_sha256(&openssl.secret("node.key")).unwrap());
    let verdict = kit::judge(openssl.read("node.crt"), &fact, kit::authority().bundle(), now());
    insta::assert_snapshot!(texts(&verdict), @"not-signed-by-authority: is signed by CN=Elsewhere, not by the authority O=Cockroach, CN=Cockroach CA");
}

#[test]
fn one_changed_byte_breaks_the_signature() {
    let authority = kit::authority();
    let node = kit::node(&authority);
    let certificate =
        crdbctl_pki::Certificate::parse_pem_bundle(node.certificate_pem.as_bytes()).unwrap().remove(0);
    let der = certificate.der();
    let at = der.windows(7).position(|window| window == b"store-1").unwrap();
    let mut forged = der.to_vec();
    forged[at + 6] = b'2';
    let forged = crdbctl_pki::Certificate::parse_der(&forged).unwrap();
    assert!(forged.info().dns_names.contains("store-2"));
    let verdict = kit::judge(forged.to_pem(), &key_fact(&node), authority.bundle(), now());
    assert!(codes(&verdict).contains(&FindingCode::NotSignedByAuthority), "{verdict:?}");
}

#[test]
fn a_client_is_not_a_node_nor_another_client() {
    let authority = kit::authority();
    let root = authority.issue_client(&ClientUser::root(), KeyType::EcdsaP256, LIFETIME, now()).unwrap();
    let verdict = kit::judge(&root.certificate_pem, &key_fact(&root), authority.bundle(), now());
    insta::assert_snapshot!(texts(&verdict), @"
    wrong-common-name: its common name is root, not node
    missing-name: does not cover localhost
    missing-name: does not cover store-1
    missing-name: does not cover store-1.example.com
    missing-name: does not cover 127.0.0.1
    missing-name: does not cover 198.0.2.166
    missing-name: does not cover 2001:db8::7
    missing-server-auth: its extended key usage lacks serverAuth
    ");
    let verdict = kit::judge_user(&root.certificate_pem, &key_fact(&root), authority.bundle(), "app");
    assert_eq!(texts(&verdict), "wrong-common-name: its common name is root, not app\n");
    let node = kit::node(&authority);
    let verdict = kit::judge_user(&node.certificate_pem, &key_fact(&node), authority.bundle(), "root");
    assert_eq!(codes(&verdict), [FindingCode::WrongCommonName]);
}

#[test]
fn usages_that_leave_something_out_are_found() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(Key::Sec1("prime256v1"), COCKROACH_CA, CA_EXTENSIONS);
    let bundle = CaBundle::parse(&openssl.read("ca.crt")).unwrap();
    openssl.make_leaf("node", "/O=Cockroach/CN=node", NODE_EXTENSIONS, "");
    let fact = KeyFact::Spki(key_spki_sha256(&openssl.secret("node.key")).unwrap());
    for (usage, code) in
        [("serverAuth", FindingCode::MissingClientAuth), ("clientAuth", FindingCode::MissingServerAuth)]
    {
        let extensions = NODE_EXTENSIONS.replace("serverAuth, clientAuth", usage);
        openssl.sign("node", "/CN=node", &extensions, "");
        let verdict = kit::judge(openssl.read("node.crt"), &fact, &bundle, now());
        assert_eq!(codes(&verdict), [code]);
    }
    openssl.sign("node", "/O=Cockroach", NODE_EXTENSIONS, "");
    let verdict = kit::judge(openssl.read("node.crt"), &fact, &bundle, now());
    assert_eq!(texts(&verdict), "wrong-common-name: it has no common name; node is wanted\n");
}

#[test]
fn weak_keys_and_signatures_are_found() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(Key::RsaPkcs1, COCKROACH_CA, CA_EXTENSIONS);
    let bundle = CaBundle::parse(&openssl.read("ca.crt")).unwrap();
    openssl.make_leaf("node", "/O=Cockroach/CN=node", NODE_EXTENSIONS, "-sha1");
    let fact = || KeyFact::Spki(key_spki_sha256(&openssl.secret("node.key")).unwrap());
    let verdict = kit::judge(openssl.read("node.crt"), &fact(), &bundle, now());
    assert_eq!(codes(&verdict), [FindingCode::WeakSignature]);
    openssl.line("genrsa -traditional -out node.key 1024");
    openssl.sign("node", "/O=Cockroach/CN=node", NODE_EXTENSIONS, "");
    let verdict = kit::judge(openssl.read("node.crt"), &KeyFact::Unknown("short".into()), &bundle, now());
    insta::assert_snapshot!(texts(&verdict), @"weak-key: its RSA key of 1024 bits is too short: TLS libraries want 2048");
}

#[test]
fn the_type_of_key_matters_only_when_it_is_demanded() {
    let authority = kit::authority();
    let node = authority.issue_node(&names(), KeyType::Rsa2048, LIFETIME, now()).unwrap();
    let names = names();
    let judge = |key_type| {
        let wanted = NodeRequirement {
            names: &names,
            authority: authority.bundle(),
            renew_before: RENEW_BEFORE,
            key_type,
            principals: &Principals::default(),
            dials: Some(authority.bundle()),
        };
        texts(&judge_node(node.certificate_pem.as_bytes(), &key_fact(&node), &wanted, now()))
    };
    assert_eq!(judge(None), "");
    assert_eq!(judge(Some(KeyType::Rsa2048)), "");
    assert_eq!(judge(Some(KeyType::EcdsaP256)), "wrong-key-type: its key is rsa-2048, not ecdsa-p256\n");
}

#[test]
fn clients_that_would_be_somebody_else_are_found() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(Key::RsaPkcs1, COCKROACH_CA, CA_EXTENSIONS);
    let bundle = CaBundle::parse(&openssl.read("ca.crt")).unwrap();
    openssl.make_leaf("c", "/CN=app", "subjectAltName = DNS:app, DNS:Node, DNS:root", "");
    let fact = KeyFact::Spki(key_spki_sha256(&openssl.secret("c.key")).unwrap());
    let verdict = kit::judge_user(openssl.read("c.crt"), &fact, &bundle, "app");
    insta::assert_snapshot!(texts(&verdict), @"
    privileged-name: its DNS name Node makes app act as that user
    privileged-name: its DNS name root makes app act as that user
    ");
    openssl.sign("c", "/OU=Tenants/CN=root", "subjectAltName = DNS:root", "");
    let verdict = kit::judge_user(openssl.read("c.crt"), &fact, &bundle, "root");
    assert_eq!(codes(&verdict), [FindingCode::TenantCertificate]);
}

#[test]
fn files_that_cockroach_would_refuse_are_found() {
    let authority = kit::authority();
    let node = kit::node(&authority);
    let judge = |pem: &str| {
        let verdict = kit::judge(pem, &key_fact(&node), authority.bundle(), now());
        assert!(verdict.info().is_none());
        codes(&verdict)
    };
    let with_key = format!("{}{}", node.certificate_pem, node.key_pem.expose_secret());
    assert_eq!(judge(&with_key), [FindingCode::WrongPemBlock]);
    assert_eq!(judge(""), [FindingCode::Unparseable]);
    assert_eq!(judge(&node.certificate_pem[..300]), [FindingCode::Unparseable]);
}

#[test]
fn a_bundle_must_be_the_authoritys_set_with_the_same_first() {
    let [new, old, stranger] = [kit::authority(), kit::authority(), kit::authority()];
    let join = |parts: &[&Authority]| parts.iter().map(|a| a.bundle().to_pem()).collect::<String>();
    let ours = CaBundle::parse(join(&[&new, &old]).as_bytes()).unwrap();
    let judge = |pem: &str| {
        let verdict = judge_ca(pem.as_bytes(), &ours);
        assert_eq!(verdict.is_valid(), verdict.findings().is_empty());
        verdict.findings().iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    use FindingCode::{AuthorityOrder, ForeignAuthority, MissingAuthority, Unparseable, WrongPemBlock};
    for (pem, expected) in [
        (join(&[&new, &old]), vec![]),
        (format!("# text\r\n{}", join(&[&new, &old]).replace('\n', "\r\n")), vec![]),
        (join(&[&new, &old, &new, &old]), vec![]),
        (join(&[&old, &new]), vec![AuthorityOrder]),
        (join(&[&new]), vec![MissingAuthority]),
        (join(&[&old]), vec![MissingAuthority]),
        (join(&[&new, &old, &stranger]), vec![ForeignAuthority]),
        (join(&[&stranger, &stranger]), vec![MissingAuthority, MissingAuthority, ForeignAuthority]),
        (String::new(), vec![Unparseable]),
        (join(&[&new, &old]) + new.key_pem().unwrap().expose_secret(), vec![WrongPemBlock]),
    ] {
        assert_eq!(judge(&pem), expected, "{pem}");
    }
    let CaVerdict::Valid { infos } = judge_ca(ours.to_pem().as_bytes(), &ours) else { panic!() };
    assert_eq!(infos.iter().collect::<Vec<_>>(), ours.infos().collect::<Vec<_>>());
}

#[test]
fn verdicts_survive_json_with_stable_codes() {
    let authority = kit::authority();
    let verdict = kit::judge("", &KeyFact::Missing, authority.bundle(), now());
    let json = serde_json::to_string(&verdict).unwrap();
    insta::assert_snapshot!(json, @r#"{"invalid":{"info":null,"findings":[{"code":"unparseable","text":"the file is empty"}]}}"#);
    assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), verdict);
}
