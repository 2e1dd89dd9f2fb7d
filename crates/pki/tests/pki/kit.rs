//! What the tests have in common: a moment, lifetimes, names and an authority.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use crdbctl_model::Timestamp;
use crdbctl_pki::{
    Authority, CaBundle, ClientRequirement, ClientUser, FindingCode, Issued, KeyFact, KeyType, NodeNames,
    NodeRequirement, Principals, Verdict, judge_client, judge_node, key_spki_sha256,
};

pub(crate) const MINUTE: i64 = 60;
pub(crate) const DAY: i64 = 86_400;
pub(crate) const CA_LIFETIME: i64 = 3_660 * DAY;
pub(crate) const LIFETIME: i64 = 1_830 * DAY;
pub(crate) const RENEW_BEFORE: i64 = 30 * DAY;

/// The clock's moment, for those that read the clock themselves: openssl and rustls.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

pub(crate) fn names() -> NodeNames {
    let ips = ["127.0.0.1", "198.0.2.166", "2001:db8::7"];
    NodeNames::new(["localhost", "store-1", "store-1.example.com"], ips.map(|ip| ip.parse().unwrap()))
        .unwrap()
}

pub(crate) fn authority() -> Authority {
    Authority::create(KeyType::EcdsaP256, CA_LIFETIME, now()).unwrap()
}

pub(crate) fn node(authority: &Authority) -> Issued {
    authority.issue_node(&names(), KeyType::EcdsaP256, LIFETIME, now()).unwrap()
}

pub(crate) fn key_fact(issued: &Issued) -> KeyFact {
    KeyFact::Spki(key_spki_sha256(&issued.key_pem).unwrap())
}

pub(crate) fn judge(pem: impl AsRef<[u8]>, key: &KeyFact, bundle: &CaBundle, now: Timestamp) -> Verdict {
    let names = names();
    let wanted = requirement(&names, bundle);
    judge_node(pem.as_ref(), key, &wanted, now)
}

/// What a node's certificate must be where nothing else dials.
pub(crate) fn requirement<'a>(names: &'a NodeNames, bundle: &'a CaBundle) -> NodeRequirement<'a> {
    NodeRequirement {
        names,
        authority: bundle,
        renew_before: RENEW_BEFORE,
        key_type: None,
        principals: any_principals(),
        dials: Some(bundle),
    }
}

/// Common name and DNS names, and no map.
pub(crate) fn any_principals() -> &'static Principals {
    static ANY: LazyLock<Principals> = LazyLock::new(Principals::default);
    &ANY
}

pub(crate) fn judge_user(pem: impl AsRef<[u8]>, key: &KeyFact, bundle: &CaBundle, user: &str) -> Verdict {
    let user = ClientUser::new(user).unwrap();
    let wanted = ClientRequirement {
        user: &user,
        authority: bundle,
        renew_before: RENEW_BEFORE,
        key_type: None,
        principals: any_principals(),
    };
    judge_client(pem.as_ref(), key, &wanted, now())
}

pub(crate) fn codes(verdict: &Verdict) -> Vec<FindingCode> {
    verdict.findings().iter().map(|finding| finding.code).collect()
}
