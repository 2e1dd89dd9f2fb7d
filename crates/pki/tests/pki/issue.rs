//! What crdbctl makes, and that openssl takes all of it under its strict rules.

use std::collections::BTreeSet;

use crdbctl_pki::{
    Authority, ClientUser, ExtendedKeyUsage, IssueErrorKind, Issued, KeyAlgorithm, KeyType, KeyUsage,
};
use secrecy::ExposeSecret as _;

use crate::kit::{self, CA_LIFETIME, DAY, LIFETIME, MINUTE, names, now};
use crate::openssl::Openssl;

const KEY_TYPES: [KeyType; 2] = [KeyType::EcdsaP256, KeyType::Rsa2048];

#[test]
fn openssl_takes_everything_under_its_strict_rules() {
    let Some(openssl) = Openssl::find() else { return };
    for ca_key in KEY_TYPES {
        let authority = Authority::create(ca_key, CA_LIFETIME, now()).unwrap();
        openssl.write("ca.crt", authority.bundle().to_pem());
        openssl.line("verify -x509_strict -CAfile ca.crt ca.crt");
        for leaf_key in KEY_TYPES {
            let node = authority.issue_node(&names(), leaf_key, LIFETIME, now()).unwrap();
            strictly_verified(&openssl, &node, "sslserver");
            strictly_verified(&openssl, &node, "sslclient");
            for name in ["localhost", "store-1", "store-1.example.com"] {
                openssl.line(&format!("verify -CAfile ca.crt -verify_hostname {name} leaf.crt"));
            }
            for ip in ["127.0.0.1", "198.0.2.166", "2001:db8::7"] {
                openssl.line(&format!("verify -CAfile ca.crt -verify_ip {ip} leaf.crt"));
            }
            let client = authority.issue_client(&ClientUser::root(), leaf_key, 10 * MINUTE, now()).unwrap();
            strictly_verified(&openssl, &client, "sslclient");
            let as_server = ["verify", "-CAfile", "ca.crt", "-purpose", "sslserver", "leaf.crt"];
            assert!(openssl.try_run(as_server).unwrap_err().contains("purpose"), "a client is no server");
        }
    }
}

fn strictly_verified(openssl: &Openssl, issued: &Issued, purpose: &str) {
    openssl.write("leaf.crt", &issued.certificate_pem);
    openssl.write("leaf.key", issued.key_pem.expose_secret());
    openssl.line(&format!("verify -x509_strict -policy_check -CAfile ca.crt -purpose {purpose} leaf.crt"));
    openssl.line("pkey -in leaf.key -check -noout");
    assert!(issued.key_pem.expose_secret().starts_with("-----BEGIN PRIVATE KEY-----\n"), "PKCS#8");
    let of_key = openssl.line("pkey -in leaf.key -pubout");
    assert_eq!(openssl.line("x509 -in leaf.crt -pubkey -noout"), of_key);
}

#[test]
fn certificates_say_what_those_of_cockroach_cert_say() {
    let at = now();
    for key in KEY_TYPES {
        let authority = Authority::create(key, CA_LIFETIME, at).unwrap();
        let ca = authority.info();
        assert_eq!((ca.subject.as_str(), &ca.issuer), ("O=Cockroach, CN=Cockroach CA", &ca.subject));
        assert!(ca.is_ca && ca.can_sign_certificates() && ca.extended_key_usages.is_none());
        let mut usages =
            BTreeSet::from([KeyUsage::DigitalSignature, KeyUsage::ContentCommitment, KeyUsage::KeyCertSign]);
        if key == KeyType::Rsa2048 {
            usages.insert(KeyUsage::KeyEncipherment);
        }
        assert_eq!(ca.key_usages, Some(usages));
        assert_eq!((ca.not_before, ca.not_after), (at.plus(-DAY), at.plus(CA_LIFETIME)));

        let node = authority.issue_node(&names(), key, LIFETIME, at).unwrap();
        let info = &node.info;
        assert_eq!((info.subject.as_str(), &info.issuer), ("O=Cockroach, CN=node", &ca.subject));
        assert_eq!((&info.dns_names, &info.ip_addresses), (names().dns(), names().ips()));
        assert_eq!((info.not_before, info.not_after), (at.plus(-DAY), at.plus(LIFETIME)));
        let mut usages = BTreeSet::from([KeyUsage::DigitalSignature]);
        if key == KeyType::Rsa2048 {
            usages.insert(KeyUsage::KeyEncipherment);
        }
        assert_eq!(info.key_usages, Some(usages));
        let both = BTreeSet::from([ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth]);
        assert_eq!(info.extended_key_usages, Some(both));
        assert!(!info.is_ca && info.subject_key_id.is_some() && !node.capped_by_authority);
        assert_eq!(info.authority_key_id, ca.subject_key_id);
        let algorithm = match key {
            KeyType::EcdsaP256 => KeyAlgorithm::EcdsaP256,
            KeyType::Rsa2048 => KeyAlgorithm::Rsa { bits: 2048 },
        };
        assert_eq!((&ca.key_algorithm, &info.key_algorithm), (&algorithm, &algorithm));

        let user = ClientUser::new("my_app").unwrap();
        let client = authority.issue_client(&user, key, 5 * MINUTE, at).unwrap();
        assert_eq!(client.info.subject, "O=Cockroach, CN=my_app");
        assert!(client.info.dns_names.is_empty() && client.info.ip_addresses.is_empty());
        assert_eq!(client.info.extended_key_usages, Some(BTreeSet::from([ExtendedKeyUsage::ClientAuth])));
        assert_eq!(client.info.not_after, at.plus(5 * MINUTE));
    }
}

#[test]
fn serials_are_positive_random_and_differ() {
    let authority = kit::authority();
    let serials: BTreeSet<_> = (0..50).map(|_| kit::node(&authority).info.serial).collect();
    assert_eq!(serials.len(), 50);
    // 128 random bits: all of 50 with 13 leading zero bytes or more cannot be chance.
    assert!(serials.iter().any(|serial| serial.len() == 32), "{serials:?}");
    let Some(openssl) = Openssl::find() else { return };
    for _ in 0..20 {
        let node = kit::node(&authority);
        openssl.write("leaf.crt", &node.certificate_pem);
        let shown = String::from_utf8(openssl.line("x509 -in leaf.crt -noout -serial")).unwrap();
        assert_eq!(shown.trim().to_lowercase(), format!("serial={}", node.info.serial), "and not negative");
    }
}

#[test]
fn a_leaf_ends_with_its_authority_and_says_so() {
    let at = now();
    let authority = Authority::create(KeyType::EcdsaP256, 10 * DAY, at).unwrap();
    let issue = |lifetime| authority.issue_node(&names(), KeyType::EcdsaP256, lifetime, at).unwrap();
    for (lifetime, end, capped) in [
        (10 * DAY - 1, at.plus(10 * DAY - 1), false),
        (10 * DAY, authority.info().not_after, false),
        (10 * DAY + 1, authority.info().not_after, true),
        (i64::MAX, authority.info().not_after, true),
    ] {
        let issued = issue(lifetime);
        assert_eq!((issued.info.not_after, issued.capped_by_authority), (end, capped), "{lifetime}");
    }
}

#[test]
fn an_authority_out_of_its_time_issues_nothing() {
    let at = now();
    let authority = Authority::create(KeyType::EcdsaP256, 10 * DAY, at).unwrap();
    let issue = |when| authority.issue_node(&names(), KeyType::EcdsaP256, DAY, when);
    assert!(issue(at.plus(10 * DAY)).is_ok(), "the last second belongs to it");
    let error = issue(at.plus(10 * DAY + 1)).unwrap_err();
    assert!(matches!(error.kind, IssueErrorKind::AuthorityExpired { .. }), "{error}");
    assert!(issue(at.plus(-DAY)).is_ok());
    let error = issue(at.plus(-DAY - 1)).unwrap_err();
    assert!(matches!(error.kind, IssueErrorKind::AuthorityNotYetValid { .. }), "{error}");
    assert!(error.to_string().contains("clock"), "{error}");
}

#[test]
fn impossible_lifetimes_are_refused() {
    let at = now();
    for lifetime in [0, -1, i64::MIN, i64::MAX, 9_000 * 366 * DAY] {
        let error = Authority::create(KeyType::EcdsaP256, lifetime, at).unwrap_err();
        assert!(matches!(error.kind, IssueErrorKind::Lifetime { .. }), "{error}");
    }
    let authority = kit::authority();
    for lifetime in [0, -1] {
        assert!(authority.issue_client(&ClientUser::root(), KeyType::EcdsaP256, lifetime, at).is_err());
    }
}

#[test]
fn ends_beyond_2049_are_written_as_openssl_reads_them() {
    let Some(openssl) = Openssl::find() else { return };
    let authority = Authority::create(KeyType::EcdsaP256, 100 * 366 * DAY, now()).unwrap();
    openssl.write("ca.crt", authority.bundle().to_pem());
    openssl.line("verify -x509_strict -CAfile ca.crt ca.crt");
    assert!(authority.info().not_after.date().as_str() > "2100");
}

#[test]
fn without_its_key_an_authority_judges_and_does_not_issue() {
    let authority = kit::authority();
    let read_only = Authority::read_only(authority.bundle().to_pem().as_bytes()).unwrap();
    assert!(authority.can_issue() && !read_only.can_issue());
    assert_eq!(read_only.bundle(), authority.bundle());
    let error = read_only.issue_client(&ClientUser::root(), KeyType::EcdsaP256, DAY, now()).unwrap_err();
    assert_eq!(error.kind, IssueErrorKind::NoKey);
    insta::assert_snapshot!(error, @"cannot make the client certificate of root: the authority's ca.key is not here; put it beside ca.crt, or make the certificate where it is");
}

#[test]
fn no_debug_output_holds_a_key() {
    let authority = kit::authority();
    let node = kit::node(&authority);
    for (key, debug) in [
        (authority.key_pem().unwrap(), format!("{authority:?} {authority:#?}")),
        (&node.key_pem, format!("{node:?} {node:#?}")),
    ] {
        for line in key.expose_secret().lines().filter(|line| !line.starts_with("-----")) {
            assert!(!debug.contains(line), "{debug}");
        }
        assert!(!debug.contains("PRIVATE"), "{debug}");
    }
}
