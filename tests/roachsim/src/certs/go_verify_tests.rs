use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose as Usage, IsCa,
    KeyPair,
};
use rustls_pki_types::CertificateDer;

use super::*;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issuer {
    let mut params = params(name);
    change(&mut params);
    Issuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn below(by: &Issuer, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issuer {
    let mut params = params(name);
    change(&mut params);
    Issuer::signed_by(params, KeyPair::generate().unwrap(), by).unwrap()
}

fn leaf(by: &Issuer, usages: &[Usage]) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(["a".to_owned()]).unwrap();
    params.extended_key_usages = usages.to_vec();
    params.signed_by(&KeyPair::generate().unwrap(), by).unwrap().der().clone()
}

fn outcome(
    leaf: &CertificateDer<'_>,
    sent: &[&Issuer],
    trusted: &[&Issuer],
    purpose: Purpose,
) -> Result<(), CertificateError> {
    let sent: Vec<_> = sent.iter().map(|issuer| issuer.as_ref().der().clone()).collect();
    let roots: Vec<_> = trusted.iter().map(|issuer| issuer.as_ref().der().to_vec()).collect();
    verify(leaf, &sent, &roots, purpose, UnixTime::now())
}

#[test]
fn chains_end_at_what_is_trusted_and_nowhere_else() {
    let (ca, other) = (root("ca", |_| ()), root("ca", |_| ()));
    let middle = below(&ca, "middle", |_| ());
    let both = [Usage::ServerAuth, Usage::ClientAuth];
    let by_middle = leaf(&middle, &both);
    let client = |sent: &[&Issuer], trusted: &[&Issuer]| outcome(&by_middle, sent, trusted, Purpose::Client);
    assert_eq!(client(&[&middle], &[&ca]), Ok(()));
    assert_eq!(client(&[&middle], &[&other, &ca]), Ok(()));
    assert_eq!(client(&[], &[&middle]), Ok(()), "a root need not have signed itself");
    for (sent, trusted) in [(&[&middle][..], &other), (&[], &ca)] {
        assert_eq!(client(sent, &[trusted]), Err(CertificateError::UnknownIssuer));
    }
    assert_eq!(
        outcome(ca.as_ref().der(), &[], &[&ca], Purpose::Client),
        Ok(()),
        "one that is trusted itself"
    );
}

#[test]
fn roots_and_intermediates_are_judged_as_go_judges_them() {
    let both = [Usage::ServerAuth, Usage::ClientAuth];
    let one = root("ca", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1)));
    let middle = below(&one, "middle", |_| ());
    let lower = below(&middle, "lower", |_| ());
    assert_eq!(outcome(&leaf(&middle, &both), &[&middle], &[&one], Purpose::Server), Ok(()));
    let two = outcome(&leaf(&lower, &both), &[&lower, &middle], &[&one], Purpose::Server);
    assert_eq!(two, Err(CertificateError::UnknownIssuer), "more intermediates than the root allows");

    let ca = root("ca", |_| ());
    let servers = below(&ca, "middle", |params| params.extended_key_usages = vec![Usage::ServerAuth]);
    let by_servers = leaf(&servers, &both);
    assert_eq!(outcome(&by_servers, &[&servers], &[&ca], Purpose::Server), Ok(()));
    let client = outcome(&by_servers, &[&servers], &[&ca], Purpose::Client);
    assert_eq!(client, Err(CertificateError::InvalidPurpose));
    for (usages, purpose) in [(&[Usage::Any][..], Purpose::Client), (&[], Purpose::Server)] {
        assert_eq!(outcome(&leaf(&ca, usages), &[], &[&ca], purpose), Ok(()));
    }
    let for_servers = leaf(&ca, &[Usage::ServerAuth]);
    let client = outcome(&for_servers, &[], &[&ca], Purpose::Client);
    assert_eq!(client, Err(CertificateError::InvalidPurpose));
    let over = root("ca", |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let by_over = outcome(&leaf(&over, &both), &[], &[&over], Purpose::Server);
    assert_eq!(by_over, Err(CertificateError::Expired));
    let no_authority = below(&ca, "middle", |params| params.is_ca = IsCa::ExplicitNoCa);
    let by_it = outcome(&leaf(&no_authority, &both), &[&no_authority], &[&ca], Purpose::Server);
    assert_eq!(by_it, Err(CertificateError::UnknownIssuer));
}
