//! Whole chains, judged as Go's verifier judges them (src/crypto/x509/verify.go): which are accepted, and which still need an old
//! authority.

use std::fmt::Write as _;

use crdbctl_pki::{
    CaBundle, Certificate, FindingCode, KeyFact, NodeRequirement, OlderNeeded, Principals, Undecided,
    judge_node, judge_node_client,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose as Usage,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
};
use time::OffsetDateTime;

use crate::kit::{self, DAY, codes, now};
use crate::openssl::{CA_EXTENSIONS, COCKROACH_CA, Key, NODE_EXTENSIONS, Openssl};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn date(days: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(now().plus(days * DAY).as_unix()).unwrap()
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    (params.not_before, params.not_after) = (date(-1), date(3000));
    params
}

pub(crate) fn root(name: &str) -> Issuer {
    root_with(name, |_| ())
}

fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issuer {
    let mut params = authority_params(name);
    change(&mut params);
    Issuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

pub(crate) fn intermediate(name: &str, by: &Issuer) -> Issuer {
    intermediate_with(name, by, |_| ())
}

fn intermediate_with(name: &str, by: &Issuer, change: impl FnOnce(&mut CertificateParams)) -> Issuer {
    let mut params = authority_params(name);
    change(&mut params);
    Issuer::signed_by(params, KeyPair::generate().unwrap(), by).unwrap()
}

/// A certificate for a node, with its key as a judge knows it.
pub(crate) fn leaf(by: &Issuer, change: impl FnOnce(&mut CertificateParams)) -> (String, KeyFact) {
    let names = ["localhost", "store-1", "store-1.example.com", "127.0.0.1", "198.0.2.166", "2001:db8::7"];
    let mut params = CertificateParams::new(names.map(str::to_owned)).unwrap();
    params.distinguished_name.push(DnType::CommonName, "node");
    params.extended_key_usages = vec![Usage::ServerAuth, Usage::ClientAuth];
    (params.not_before, params.not_after) = (date(-1), date(900));
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let pem = params.signed_by(&key, by).unwrap().pem();
    let spki = Certificate::parse_pem_bundle(pem.as_bytes()).unwrap()[0].info().spki_sha256;
    (pem, KeyFact::Spki(spki))
}

pub(crate) fn bundle(roots: &[&Issuer]) -> CaBundle {
    CaBundle::parse(roots.iter().map(|root| root.pem()).collect::<String>().as_bytes()).unwrap()
}

fn file(leaf: &str, above: &[&Issuer]) -> Vec<Certificate> {
    let pem = leaf.to_owned() + &above.iter().map(|issuer| issuer.pem()).collect::<String>();
    Certificate::parse_pem_bundle(pem.as_bytes()).unwrap()
}

/// What it is, who signed the leaf, what follows the leaf in its file, what is trusted, and what is found.
type Row<'a> = (&'a str, &'a Issuer, &'a [&'a Issuer], &'a Issuer, &'a [FindingCode]);

#[test]
fn chains_are_accepted_as_go_accepts_them() {
    let ca = root("root");
    let constrained = root_with("root", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1)));
    let middle = intermediate("middle", &ca);
    let lower = intermediate("lower", &middle);
    let limited_middle = intermediate("middle", &constrained);
    let limited_lower = intermediate("lower", &limited_middle);
    let expired = intermediate_with("middle", &ca, |params| params.not_after = date(-1));
    let servers =
        intermediate_with("middle", &ca, |params| params.extended_key_usages = vec![Usage::ServerAuth]);
    let any = intermediate_with("middle", &ca, |params| params.extended_key_usages = vec![Usage::Any]);
    let no_authority = intermediate_with("middle", &ca, |params| params.is_ca = IsCa::ExplicitNoCa);
    let named = |name: &str| NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(name.to_owned())],
        excluded_subtrees: Vec::new(),
    };
    let elsewhere =
        intermediate_with("middle", &ca, |params| params.name_constraints = Some(named("example.org")));
    let stranger = intermediate("middle", &root("other"));
    let none: &[FindingCode] = &[];
    let unsigned = &[FindingCode::NotSignedByAuthority][..];
    let table: &[Row<'_>] = &[
        ("one intermediate", &middle, &[&middle], &ca, none),
        ("two intermediates", &lower, &[&lower, &middle], &ca, none),
        ("two intermediates in another order", &lower, &[&middle, &lower], &ca, none),
        ("the root sent along", &middle, &[&middle, &ca], &ca, none),
        ("another certificate between", &middle, &[&stranger, &middle], &ca, none),
        ("the intermediate is what is trusted", &middle, &[], &middle, none),
        (
            "one intermediate below a root that allows one",
            &limited_middle,
            &[&limited_middle],
            &constrained,
            none,
        ),
        (
            "two below a root that allows one",
            &limited_lower,
            &[&limited_lower, &limited_middle],
            &constrained,
            unsigned,
        ),
        ("an intermediate left out", &middle, &[], &ca, unsigned),
        ("an intermediate between left out", &lower, &[&lower], &ca, unsigned),
        ("an intermediate of another root", &stranger, &[&stranger], &ca, unsigned),
        ("an intermediate that is over", &expired, &[&expired], &ca, &[FindingCode::AuthorityNotValid]),
        ("an intermediate for servers alone", &servers, &[&servers], &ca, &[FindingCode::MissingClientAuth]),
        ("an intermediate for any usage", &any, &[&any], &ca, none),
        ("an intermediate that is no authority", &no_authority, &[&no_authority], &ca, unsigned),
        ("an intermediate for other names", &elsewhere, &[&elsewhere], &ca, unsigned),
    ];
    let mut wrong = String::new();
    for (what, signer, above, trusted, expected) in table {
        let (pem, key) = leaf(signer, |_| ());
        let pem = pem + &above.iter().map(|issuer| issuer.pem()).collect::<String>();
        let verdict = kit::judge(&pem, &key, &bundle(&[trusted]), now());
        if codes(&verdict) != *expected {
            let _ = writeln!(wrong, "{what}: {:?}", verdict.findings());
        }
    }
    assert_eq!(wrong, "");
}

#[test]
fn a_chain_ends_with_the_first_of_its_certificates_to_end() {
    let ca = root("root");
    let short = intermediate_with("middle", &ca, |params| params.not_after = date(20));
    let (pem, key) = leaf(&short, |_| ());
    let verdict = kit::judge(pem + &short.pem(), &key, &bundle(&[&ca]), now());
    assert_eq!(codes(&verdict), [FindingCode::RenewalDue]);
    assert!(verdict.findings()[0].text.contains("intermediate"), "{:?}", verdict.findings());
}

/// The subject of the certificate that is needed.
fn older_of(needed: OlderNeeded<'_>) -> Option<String> {
    match needed {
        OlderNeeded::No => None,
        OlderNeeded::By(older) => Some(older.info().subject.clone()),
        OlderNeeded::Undecided(why) => panic!("{why}"),
    }
}

#[test]
fn what_cannot_be_verified_here_is_undecided_and_not_unneeded() {
    let Some(openssl) = Openssl::find() else { return };
    let new = root("new");
    // How the old authority's key is made, the digest of its signatures, and whether this program can verify them. Go verifies
    // all of them but the last: RSA keys below 1024 bits are refused since Go 1.24 alone.
    let table = [
        ("ecparam -name secp224r1 -genkey -noout -out ca.key", "-sha256", false),
        ("genrsa -traditional -out ca.key 1024", "-sha256", true),
        ("genrsa -traditional -out ca.key 1536", "-sha512", true),
        ("genrsa -traditional -out ca.key 1024", "-sha384", false),
        ("genrsa -traditional -out ca.key 512", "-sha256", false),
    ];
    for (key, digest, is_verified) in table {
        openssl.line(key);
        openssl.write("ca.cnf", format!("[req]\nprompt = no\n{COCKROACH_CA}\n[ext]\n{CA_EXTENSIONS}\n"));
        openssl
            .line("req -x509 -new -key ca.key -days 3000 -config ca.cnf -extensions ext -out ca.crt -utf8");
        openssl.make_leaf("node", "/O=Cockroach/CN=node", NODE_EXTENSIONS, digest);
        let pem = new.pem() + &String::from_utf8(openssl.read("ca.crt")).unwrap();
        let trusted = CaBundle::parse(pem.as_bytes()).unwrap();
        let signed = Certificate::parse_pem_bundle(&openssl.read("node.crt")).unwrap();
        // Its dates begin when openssl made it, up to a second after `now`.
        let needed = trusted.older_needed_by(&signed, Some(now().plus(5)));
        match needed {
            OlderNeeded::By(_) if is_verified => {}
            OlderNeeded::Undecided(Undecided::Signature { .. }) if !is_verified => {}
            other => panic!("{key} {digest}: {other:?}"),
        }
        // A certificate of the new authority has nothing to do with it.
        let by_new = file(&leaf(&new, |_| ()).0, &[]);
        assert_eq!(trusted.older_needed_by(&by_new, Some(now())), OlderNeeded::No, "{key}");
    }
}

#[test]
fn a_file_that_needs_more_checks_than_go_makes_is_undecided() {
    let (old, new) = (root("old"), root("new"));
    let trusted = bundle(&[&new, &old]);
    let signed = leaf(&old, |_| ()).0;
    // Many of the issuer's name and of other keys, and among them the root is the first to be tried.
    let namesakes: Vec<Issuer> = (0..120).map(|_| root("middle")).collect();
    let middle = intermediate("middle", &old);
    let by_middle = leaf(&middle, |_| ()).0;
    let mut above: Vec<&Issuer> = namesakes.iter().collect();
    above.push(&middle);
    let needed = trusted.older_needed_by(&file(&by_middle, &above), Some(now()));
    assert_eq!(needed, OlderNeeded::Undecided(Undecided::TooManyChecks));
    assert_eq!(
        older_of(trusted.older_needed_by(&file(&signed, &above), Some(now()))),
        Some("CN=old".to_owned())
    );
}

#[test]
fn an_authority_whose_signer_cannot_be_verified_keeps_it() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.make_authority(
        Key::Sec1("secp224r1"),
        COCKROACH_CA,
        &CA_EXTENSIONS.replace("pathlen:1", "pathlen:2"),
    );
    openssl.line("ecparam -name prime256v1 -genkey -noout -out issuing.key");
    openssl.sign("issuing", "/CN=issuing", CA_EXTENSIONS, "");
    let pem = [openssl.read("issuing.crt"), openssl.read("ca.crt")].concat();
    let chain = CaBundle::parse(&pem).unwrap();
    assert!(chain.older().is_empty(), "no rotation is under way");
}

#[test]
fn what_needs_the_old_authority_is_told_by_whole_chains() {
    let (old, new, foreign) = (root("old"), root("new"), root("foreign"));
    let trusted = bundle(&[&new, &old]);
    let middle_key = KeyPair::generate().unwrap();
    let by_old = Issuer::signed_by(authority_params("middle"), middle_key, &old).unwrap();
    // The same intermediate, signed by the new authority too.
    let by_new = authority_params("middle").signed_by(by_old.key(), &new).unwrap();
    let needs =
        |leaf: &str, above: &[&Issuer]| older_of(trusted.older_needed_by(&file(leaf, above), Some(now())));
    let old_name = Some("CN=old".to_owned());
    let plain = |by: &Issuer| leaf(by, |_| ()).0;
    assert_eq!(needs(&plain(&old), &[]), old_name);
    assert_eq!(needs(&plain(&by_old), &[&by_old]), old_name, "over an intermediate");
    assert_eq!(needs(&plain(&new), &[]), None);
    assert_eq!(needs(&plain(&foreign), &[]), None, "nobody accepts it either way");
    assert_eq!(needs(&plain(&by_old), &[]), None, "nor without its intermediate");
    let cross_signed = plain(&by_old) + &by_old.pem() + &by_new.pem();
    let cross_signed = Certificate::parse_pem_bundle(cross_signed.as_bytes()).unwrap();
    assert_eq!(
        trusted.older_needed_by(&cross_signed, Some(now())),
        OlderNeeded::No,
        "the new one signed it too"
    );

    // Dates: what is over needs nothing, what begins tomorrow does.
    let over = leaf(&old, |params| params.not_after = date(-1) + time::Duration::hours(1)).0;
    assert_eq!(needs(&over, &[]), None);
    let whenever = older_of(trusted.older_needed_by(&file(&over, &[]), None));
    assert_eq!(whenever, old_name, "unless dates do not matter");
    let tomorrow = leaf(&old, |params| params.not_before = date(1)).0;
    assert_eq!(needs(&tomorrow, &[]), old_name);

    // The way over the new authority is for servers alone, and a client's needs the other.
    let servers = |params: &mut CertificateParams| params.extended_key_usages = vec![Usage::ServerAuth];
    let mut narrow = authority_params("middle");
    servers(&mut narrow);
    let narrow = narrow.signed_by(by_old.key(), &new).unwrap();
    let both = |leaf: String| {
        let pem = leaf + &by_old.pem() + &narrow.pem();
        let file = Certificate::parse_pem_bundle(pem.as_bytes()).unwrap();
        older_of(trusted.older_needed_by(&file, Some(now()))).is_some()
    };
    assert!(both(plain(&by_old)));
    assert!(!both(leaf(&by_old, servers).0));
}

#[test]
fn an_authority_that_is_an_intermediate_keeps_those_above_it() {
    let (top, old) = (root("top"), root("old"));
    let issuing = intermediate("issuing", &top);
    let subjects = |bundle: &CaBundle| bundle.infos().map(|info| info.subject.clone()).collect::<Vec<_>>();
    let chain = bundle(&[&issuing, &top]);
    assert!(chain.older().is_empty(), "no rotation is under way");
    assert_eq!(subjects(&chain), ["CN=issuing", "CN=top"]);
    let rotated = bundle(&[&issuing, &old, &top]);
    assert_eq!(rotated.older().len(), 1);
    assert_eq!(subjects(&rotated.alone()), ["CN=issuing", "CN=top"]);
    // The same name and key with another date: a renewed authority, and an older one.
    let again = authority_params("top").self_signed(top.key()).unwrap();
    let renewed = CaBundle::parse((again.pem() + &top.pem()).as_bytes()).unwrap();
    assert_eq!(renewed.older().len(), 1);
    let (pem, _) = leaf(&top, |_| ());
    assert_eq!(
        renewed.older_needed_by(&file(&pem, &[]), Some(now())),
        OlderNeeded::No,
        "the key is the same"
    );
}

#[test]
fn who_the_bearer_is_and_whether_it_dials_decide_as_the_version_does() {
    let ca = root("root");
    let trusted = bundle(&[&ca]);
    let named = |name: Option<&str>, dns: &[&str], usages: &[Usage]| {
        leaf(&ca, |params| {
            params.distinguished_name = rcgen::DistinguishedName::new();
            if let Some(name) = name {
                params.distinguished_name.push(DnType::CommonName, name);
            }
            let dns = dns.iter().map(|name| rcgen::SanType::DnsName((*name).try_into().unwrap()));
            params.subject_alt_names.extend(dns);
            params.extended_key_usages = usages.to_vec();
        })
    };
    let both = [Usage::ServerAuth, Usage::ClientAuth];
    let (servers, clients) = ([Usage::ServerAuth], [Usage::ClientAuth]);
    let pair = |name: &str| (name.to_owned(), "node".to_owned());
    let (new, old) = (Principals::default(), Principals::new(false, []));
    let mapped = Principals::new(true, [pair("store-1.example.com")]);
    let by_name = Principals::new(false, [pair("store.example.com")]);
    let no_name = &[FindingCode::WrongCommonName][..];
    let no_client = &[FindingCode::MissingClientAuth][..];
    let no_server = &[FindingCode::MissingServerAuth][..];
    // The certificate, whose names are users, whether its node dials with it, and what is found.
    let table = [
        (named(Some("node"), &[], &both), &old, true, &[][..]),
        (named(None, &["node"], &both), &new, true, &[]),
        (named(None, &["node"], &both), &old, true, no_name),
        (named(Some("store-1"), &[], &both), &new, true, no_name),
        (named(Some("store-1"), &[], &both), &new, false, &[]),
        (named(Some("store-1"), &[], &both), &mapped, true, &[]),
        (named(Some("store.example.com"), &[], &both), &by_name, true, &[]),
        (named(Some("node"), &[], &servers), &new, true, no_client),
        (named(Some("node"), &[], &servers), &new, false, &[]),
        (named(None, &[], &servers), &new, false, &[]),
        (named(Some("node"), &[], &clients), &new, true, no_server),
        (named(Some("node"), &[], &clients), &new, false, no_server),
    ];
    let names = kit::names();
    for (index, ((pem, key), principals, dials, expected)) in table.iter().enumerate() {
        let dials = dials.then_some(&trusted);
        let wanted = NodeRequirement { principals, dials, ..kit::requirement(&names, &trusted) };
        let verdict = judge_node(pem.as_bytes(), key, &wanted, now());
        assert_eq!(codes(&verdict), *expected, "row {index}: {:?}", verdict.findings());
    }
    let dialling = |(pem, _): (String, KeyFact)| {
        let findings = judge_node_client(pem.as_bytes(), &trusted, &new, now());
        findings.into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(dialling(named(Some("node"), &[], &clients)), []);
    assert_eq!(dialling(named(None, &["node"], &clients)), []);
    assert_eq!(dialling(named(Some("store-1"), &[], &clients)), no_name);
    assert_eq!(dialling(named(Some("node"), &[], &servers)), no_client);
}
