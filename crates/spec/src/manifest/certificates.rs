use crdbctl_model::KeyType;

use super::{LocalPath, PeerName, SqlUser};
use crate::decode::{Decoder, Fields, read};
use crate::{Diagnostic, Spanned};

/// The certificate authority and what it issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// The authority's directory on the control host.
    pub authority: Spanned<LocalPath>,
    /// Further names of every node's certificate.
    pub extra_names: Vec<Spanned<PeerName>>,
    /// The SQL users that get a certificate.
    pub clients: Vec<Spanned<SqlUser>>,
    /// The algorithm of new keys.
    pub key: Spanned<KeyType>,
    /// How long new certificates are valid.
    pub lifetime: Lifetimes,
    /// How long before its end a certificate is replaced, in seconds.
    pub renew_before: Spanned<u64>,
}

/// How long new certificates are valid, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// The authority's.
    pub ca: Spanned<u64>,
    /// A node's.
    pub node: Spanned<u64>,
    /// A client's.
    pub client: Spanned<u64>,
}

const DAY: u64 = 86_400;

impl Certificates {
    pub(super) fn decode(decoder: &mut Decoder, mut fields: Fields<'_>) -> Self {
        let span = fields.span;
        let key = [("ecdsa-p256", KeyType::EcdsaP256), ("rsa-2048", KeyType::Rsa2048)];
        let keys = "keys".parse().expect("the default directory is a plain word");
        let root = "root".parse().expect("root is a plain word");
        let authority = fields.or(decoder, "authority", keys, read::parsed);
        let extra_names = fields.or(decoder, "extra_names", Vec::new(), read::list(read::parsed)).value;
        let clients = vec![Spanned::new(root, span)];
        let clients = fields.or(decoder, "clients", clients, read::list(read::parsed)).value;
        let key = fields.or(decoder, "key", KeyType::EcdsaP256, read::word(&key));
        let before = decoder.count();
        let mut section = fields.section(decoder, "lifetime");
        let lifetime = Lifetimes {
            ca: section.or(decoder, "ca", 3660 * DAY, read::seconds),
            node: section.or(decoder, "node", 1830 * DAY, read::seconds),
            client: section.or(decoder, "client", 1830 * DAY, read::seconds),
        };
        section.finish(decoder);
        let renew_before = fields.or(decoder, "renew_before", 30 * DAY, read::seconds);
        fields.finish(decoder);
        let certificates = Self { authority, extra_names, clients, key, lifetime, renew_before };
        if decoder.count() == before {
            certificates.check_times(decoder);
        }
        certificates.check_doubles(decoder);
        certificates
    }

    fn check_times(&self, decoder: &mut Decoder) {
        let Lifetimes { ca, node, client } = self.lifetime;
        for (name, lifetime) in [("node", node), ("client", client)] {
            if lifetime.value > ca.value {
                decoder.report(
                    Diagnostic::new(
                        lifetime.span,
                        format!("a {name}'s certificate would outlive its authority"),
                    )
                    .help("write a lifetime that is no longer than `certificates.lifetime.ca`"),
                );
            }
            if lifetime.value <= self.renew_before.value {
                let place = if lifetime.span.start < self.renew_before.span.start {
                    self.renew_before.span
                } else {
                    lifetime.span
                };
                decoder.report(
                    Diagnostic::new(
                        place,
                        format!("a {name}'s certificate would be due for renewal as soon as it is made"),
                    )
                    .help("write a `certificates.renew_before` that is shorter than every lifetime"),
                );
            }
        }
        if ca.value == 0 {
            decoder.report(
                Diagnostic::new(ca.span, "an authority that is never valid")
                    .help("write a lifetime such as 3660d"),
            );
        }
    }

    fn check_doubles(&self, decoder: &mut Decoder) {
        super::check::doubles(decoder, &self.extra_names, "the name");
        super::check::doubles(decoder, &self.clients, "the client");
    }
}
