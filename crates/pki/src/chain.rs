use std::fmt;

use crdbctl_model::Timestamp;
use x509_parser::extensions::{GeneralName, ParsedExtension};

use crate::signature::SignatureCheck;
use crate::{Certificate, ExtendedKeyUsage, KeyAlgorithm};

/// How many signatures are checked for one certificate before giving up, as Go does (`maxChainSignatureChecks`).
const MOST_SIGNATURE_CHECKS: usize = 100;

/// Finds the chains from a certificate to a root, by the rules of Go's `crypto/x509` (`Certificate.Verify`,
/// src/crypto/x509/verify.go), with which CockroachDB verifies its peers.
///
/// A root need not be self-signed: Go accepts a chain that ends at any certificate of the pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verifier<'a> {
    /// The certificates that are trusted.
    pub(crate) roots: &'a [&'a Certificate],
    /// What every certificate of the chain must allow; `None` accepts any usage.
    pub(crate) usage: Option<&'a ExtendedKeyUsage>,
    /// When every certificate of the chain must be valid; `None` looks at no dates.
    pub(crate) at: Option<Timestamp>,
}

/// A certificate, those that vouch for it, and the root at the end.
pub(crate) type Chain<'a> = Vec<&'a Certificate>;

/// Why this program cannot decide whether CockroachDB accepts a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undecided {
    /// This program cannot verify a signature of the chain.
    Signature {
        /// The subject of the certificate that has the signature.
        subject: String,
        /// The object identifier of the signature's algorithm.
        algorithm: String,
        /// The key of the issuer.
        key: KeyAlgorithm,
    },
    /// The file leads to more signature checks than Go makes, and Go may try the certificates in another order.
    TooManyChecks,
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature { subject, algorithm, key } => write!(
                f,
                "crdbctl cannot verify the signature of {subject} (algorithm {algorithm}, the issuer's key is {key})"
            ),
            Self::TooManyChecks => {
                write!(f, "its chain needs more than {MOST_SIGNATURE_CHECKS} signature checks")
            }
        }
    }
}

/// Whether a verifier accepts a file of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// There is a chain.
    Accepted,
    /// There is none.
    Refused,
    /// There may be one.
    Undecided(Undecided),
}

/// Why a candidate cannot be the next certificate of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// Its time is over, or has not begun.
    Time,
    /// It may not sign certificates.
    NotAnAuthority,
    /// Its extended key usage leaves out what is wanted.
    Usage,
    /// More intermediates stand below it than its path length allows.
    PathLength,
    /// Its name constraints do not allow a name of the first certificate.
    Name(String),
    /// It has a critical extension that Go does not know.
    CriticalExtension,
    /// It is signed with SHA-1.
    WeakSignature,
    /// The algorithm of a signature cannot be checked here.
    Unsupported,
}

/// What was found on the way.
#[derive(Debug, Default)]
pub(crate) struct Search<'a> {
    /// Every chain that is accepted.
    pub(crate) chains: Vec<Chain<'a>>,
    /// What signed the certificate or one that vouches for it, and is not accepted in the chain.
    pub(crate) rejected: Vec<(&'a Certificate, Rejected)>,
    /// Why there may be a chain that is not among those found.
    pub(crate) undecided: Option<Undecided>,
    checks: usize,
}

impl<'a> Verifier<'a> {
    /// Returns the chains of the first certificate of `file`; the others are the intermediates that a TLS peer sends with it.
    ///
    /// The dates and the usage of the first certificate itself are left to the caller.
    pub(crate) fn search(&self, file: &'a [Certificate]) -> Search<'a> {
        let mut search = Search::default();
        let Some((leaf, intermediates)) = file.split_first() else { return search };
        if self.roots.contains(&leaf) {
            search.chains.push(vec![leaf]);
        } else {
            self.extend(&[leaf], intermediates, None, &mut search);
        }
        search
    }

    /// Whether there is a chain at all.
    pub(crate) fn accepts(&self, file: &'a [Certificate]) -> Acceptance {
        let Some(leaf) = file.first() else { return Acceptance::Refused };
        let valid = self.at.is_none_or(|at| is_valid_at(leaf, at));
        let usage = self.usage.is_none_or(|usage| leaf.info().allows(usage));
        if !valid || !usage {
            return Acceptance::Refused;
        }
        let search = self.search(file);
        match search.undecided {
            _ if !search.chains.is_empty() => Acceptance::Accepted,
            Some(why) => Acceptance::Undecided(why),
            None => Acceptance::Refused,
        }
    }

    /// Extends a chain. `doubt` is why it is not certain that the certificates of `chain` vouch for each other.
    fn extend(
        &self,
        chain: &[&'a Certificate],
        intermediates: &'a [Certificate],
        doubt: Option<&Undecided>,
        search: &mut Search<'a>,
    ) {
        let last = chain[chain.len() - 1];
        let roots = self.roots.iter().map(|root| (*root, true));
        let others = intermediates.iter().map(|certificate| (certificate, false));
        for (candidate, is_root) in roots.chain(others) {
            if !last.names_issuer(candidate) || is_in_chain(candidate, chain) {
                continue;
            }
            search.checks += 1;
            if search.checks > MOST_SIGNATURE_CHECKS {
                search.undecided = Some(Undecided::TooManyChecks);
                return;
            }
            let doubt = match last.check_signature(candidate) {
                SignatureCheck::Good => doubt.cloned(),
                SignatureCheck::Bad => continue,
                SignatureCheck::Unsupported => {
                    search.rejected.push((candidate, Rejected::Unsupported));
                    doubt.cloned().or_else(|| {
                        Some(Undecided::Signature {
                            subject: last.info().subject.clone(),
                            algorithm: last.info().signature_algorithm.clone(),
                            key: candidate.info().key_algorithm.clone(),
                        })
                    })
                }
            };
            if let Some(why) = self.rejection(candidate, chain) {
                search.rejected.push((candidate, why));
                continue;
            }
            let longer = [chain, &[candidate]].concat();
            match doubt {
                doubt if !is_root => self.extend(&longer, intermediates, doubt.as_ref(), search),
                None => search.chains.push(longer),
                Some(doubt) => {
                    search.undecided.get_or_insert(doubt);
                }
            }
        }
    }

    fn rejection(&self, candidate: &Certificate, chain: &[&Certificate]) -> Option<Rejected> {
        let info = candidate.info();
        // The first certificate is judged on its own, so that it is told even where its issuer is unknown.
        if chain.len() > 1 && chain[chain.len() - 1].is_signed_with_sha1() {
            return Some(Rejected::WeakSignature);
        }
        if !info.can_sign_certificates() {
            return Some(Rejected::NotAnAuthority);
        }
        if candidate.has_unknown_critical_extension() {
            return Some(Rejected::CriticalExtension);
        }
        if self.at.is_some_and(|at| !is_valid_at(candidate, at)) {
            return Some(Rejected::Time);
        }
        if self.usage.is_some_and(|usage| !info.allows(usage)) {
            return Some(Rejected::Usage);
        }
        let between = chain.len() - 1;
        if candidate.path_length().is_some_and(|most| u32::try_from(between).is_ok_and(|found| found > most))
        {
            return Some(Rejected::PathLength);
        }
        candidate.forbidden_name(chain[0]).map(Rejected::Name)
    }
}

/// Returns the end of the chain's time: that of its certificate which ends first.
pub(crate) fn end(chain: &[&Certificate]) -> Option<Timestamp> {
    chain.iter().map(|certificate| certificate.info().not_after).min()
}

fn is_valid_at(certificate: &Certificate, at: Timestamp) -> bool {
    (certificate.info().not_before..=certificate.info().not_after).contains(&at)
}

/// Go's `alreadyInChain`: the same subject, key and names, whoever signed it.
fn is_in_chain(candidate: &Certificate, chain: &[&Certificate]) -> bool {
    let (new, subject) = (candidate.info(), candidate.raw_subject());
    chain.iter().any(|certificate| {
        let old = certificate.info();
        subject == certificate.raw_subject()
            && new.spki_sha256 == old.spki_sha256
            && (&new.dns_names, &new.ip_addresses, &new.other_names)
                == (&old.dns_names, &old.ip_addresses, &old.other_names)
    })
}

impl Certificate {
    fn raw_subject(&self) -> Vec<u8> {
        self.with_x509(|own| own.subject().as_raw().to_vec())
    }

    fn path_length(&self) -> Option<u32> {
        self.with_x509(|own| {
            own.basic_constraints().ok().flatten().and_then(|found| found.value.path_len_constraint)
        })
    }

    /// Whether it has a critical extension that Go does not handle (`Certificate.UnhandledCriticalExtensions`,
    /// src/crypto/x509/parser.go).
    pub(crate) fn has_unknown_critical_extension(&self) -> bool {
        self.with_x509(|own| {
            own.iter_extensions().filter(|extension| extension.critical).any(|extension| {
                match extension.parsed_extension() {
                    ParsedExtension::AuthorityKeyIdentifier(_)
                    | ParsedExtension::SubjectKeyIdentifier(_)
                    | ParsedExtension::KeyUsage(_)
                    | ParsedExtension::CertificatePolicies(_)
                    | ParsedExtension::BasicConstraints(_)
                    | ParsedExtension::ExtendedKeyUsage(_)
                    | ParsedExtension::CRLDistributionPoints(_)
                    | ParsedExtension::AuthorityInfoAccess(_)
                    | ParsedExtension::PolicyConstraints(_)
                    | ParsedExtension::PolicyMappings(_)
                    | ParsedExtension::InhibitAnyPolicy(_) => false,
                    // Without a name that Go understands it is not handled.
                    ParsedExtension::SubjectAlternativeName(names) => {
                        !names.general_names.iter().any(is_known_name)
                    }
                    ParsedExtension::NameConstraints(constraints) => {
                        let permitted = constraints.permitted_subtrees.iter().flatten();
                        let excluded = constraints.excluded_subtrees.iter().flatten();
                        permitted.chain(excluded).any(|tree| !is_known_name(&tree.base))
                    }
                    _ => true,
                }
            })
        })
    }

    /// Returns a name of `leaf` that the name constraints do not allow, if there is one. DNS names and addresses are
    /// compared, the names that nodes have.
    fn forbidden_name(&self, leaf: &Self) -> Option<String> {
        self.with_x509(|own| {
            let constraints = own.name_constraints().ok().flatten()?.value;
            let permitted: Vec<_> =
                constraints.permitted_subtrees.iter().flatten().map(|tree| &tree.base).collect();
            let excluded: Vec<_> =
                constraints.excluded_subtrees.iter().flatten().map(|tree| &tree.base).collect();
            let dns = leaf.info().dns_names.iter().find(|name| {
                let mut limits = permitted.iter().filter_map(|base| dns_of(base)).peekable();
                let outside = limits.peek().is_some() && !limits.any(|base| is_below(name, base));
                outside || excluded.iter().filter_map(|base| dns_of(base)).any(|base| is_below(name, base))
            });
            let ip = leaf.info().ip_addresses.iter().find(|ip| {
                let octets = match ip {
                    std::net::IpAddr::V4(v4) => v4.octets().to_vec(),
                    std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
                };
                let mut limits = permitted.iter().filter_map(|base| range_of(base)).peekable();
                let outside = limits.peek().is_some() && !limits.any(|range| is_within(&octets, range));
                outside
                    || excluded
                        .iter()
                        .filter_map(|base| range_of(base))
                        .any(|range| is_within(&octets, range))
            });
            dns.cloned().or_else(|| ip.map(ToString::to_string))
        })
    }
}

fn is_known_name(name: &GeneralName<'_>) -> bool {
    matches!(
        name,
        GeneralName::DNSName(_)
            | GeneralName::IPAddress(_)
            | GeneralName::RFC822Name(_)
            | GeneralName::URI(_)
    )
}

fn dns_of<'a>(name: &GeneralName<'a>) -> Option<&'a str> {
    match name {
        GeneralName::DNSName(name) => Some(name),
        _ => None,
    }
}

fn range_of<'a>(name: &GeneralName<'a>) -> Option<&'a [u8]> {
    match name {
        GeneralName::IPAddress(range) => Some(range),
        _ => None,
    }
}

/// Go's `matchDomainConstraint`: the same labels at the end; with a leading dot, at least one more.
fn is_below(name: &str, base: &str) -> bool {
    if base.is_empty() {
        return true;
    }
    let (base, more) = base.strip_prefix('.').map_or((base, false), |base| (base, true));
    let (name, base) = (name.to_ascii_lowercase(), base.to_ascii_lowercase());
    (!more && name == base) || name.ends_with(&format!(".{base}"))
}

/// Whether an address lies in a range of an address and a mask of the same length.
fn is_within(octets: &[u8], range: &[u8]) -> bool {
    range.len() == 2 * octets.len()
        && octets
            .iter()
            .zip(range.iter().zip(&range[octets.len()..]))
            .all(|(octet, (base, mask))| octet & mask == base & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_compared_as_go_does() {
        for (name, base, is) in [
            ("store-1.example.com", "example.com", true),
            ("example.com", "example.com", true),
            ("example.com", ".example.com", false),
            ("a.example.com", ".example.com", true),
            ("badexample.com", "example.com", false),
            ("Store-1.EXAMPLE.com", "example.COM", true),
            ("anything", "", true),
        ] {
            assert_eq!(is_below(name, base), is, "{name} {base}");
        }
        assert!(is_within(&[10, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]));
        assert!(!is_within(&[11, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]));
        assert!(!is_within(&[10, 1, 2, 3], &[10, 0, 0, 0]));
    }
}
