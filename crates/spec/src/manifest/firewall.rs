use std::collections::BTreeSet;

use crdbctl_model::AllowFrom;

use super::value::allow_from;
use crate::decode::{Decoder, Fields, read};
use crate::diagnostic::quoted;
use crate::yaml::{Kind, Node};
use crate::{Diagnostic, Span, Spanned};

/// What is done about the hosts' firewalls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Firewall {
    /// Nothing.
    None,
    /// A profile and rules of ufw.
    Ufw(Ufw),
}

/// The profile and the rules of ufw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ufw {
    /// The profile's name.
    pub profile: Spanned<String>,
    /// Whom to let in.
    pub allow_from: BTreeSet<AllowFrom>,
    /// Whether ufw is switched on where it is off.
    pub enable: Spanned<bool>,
    /// Where the manifest asks for it.
    pub span: Span,
}

/// What to write for nobody.
const ALLOW_SOME: &str = "write `[any]` or networks; to leave the firewall alone, `firewall: none`";

impl Firewall {
    pub(super) fn decode(decoder: &mut Decoder, node: &Node, path: &str) -> Option<Self> {
        if let Kind::Mapping(_) = node.kind {
            let mut fields = Fields::of(decoder, node, path)?;
            let ufw = fields.section(decoder, "ufw");
            fields.finish(decoder);
            return Some(Self::Ufw(Ufw::decode(decoder, ufw)));
        }
        match read::word(&[("ufw", true), ("none", false)])(decoder, node, path)? {
            true => Some(Self::ufw(node.span)),
            false => Some(Self::None),
        }
    }

    /// Returns ufw with everything left to its default.
    pub(super) fn ufw(span: Span) -> Self {
        Self::Ufw(Ufw {
            profile: Spanned::new("CockroachDB".to_owned(), span),
            allow_from: BTreeSet::from([AllowFrom::Any]),
            enable: Spanned::new(false, span),
            span,
        })
    }
}

impl Ufw {
    fn decode(decoder: &mut Decoder, mut fields: Fields<'_>) -> Self {
        let span = fields.span;
        let profile = fields.or(decoder, "profile", "CockroachDB".to_owned(), profile);
        let networks = fields.optional(decoder, "allow_from", read::some(ALLOW_SOME, network));
        let enable = fields.or(decoder, "enable", false, read::boolean);
        fields.finish(decoder);
        let allow_from = match networks {
            None => BTreeSet::from([AllowFrom::Any]),
            Some(networks) => networks.value.into_iter().map(|network| network.value).collect(),
        };
        if allow_from.len() > 1 && allow_from.contains(&AllowFrom::Any) {
            decoder.report(
                Diagnostic::new(span, "`firewall.ufw.allow_from` has `any` beside networks")
                    .help("leave out `any` to let in the networks alone"),
            );
        }
        Self { profile, allow_from, enable, span }
    }
}

fn network(decoder: &mut Decoder, node: &Node, path: &str) -> Option<AllowFrom> {
    let text = read::text(decoder, node, path)?;
    allow_from(&text).map_err(|error| decoder.report_error(node.span, path, &error)).ok()
}

/// Returns the name of a profile as ufw takes it (`valid_profile_name` of ufw), without blanks.
fn profile(decoder: &mut Decoder, node: &Node, path: &str) -> Option<String> {
    let text = read::text(decoder, node, path)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_taken = ["any", "all", "openssh", "default"].contains(&text.to_ascii_lowercase().as_str());
    if !begins_well || text.len() > 64 || !text.chars().all(is_plain) || is_taken {
        decoder.report(
            Diagnostic::new(node.span, format!("`{path}`: {} is not the name of a ufw profile", quoted(&text)))
                .help("begin with a letter, then letters, digits and _ . - (64 at most); any, all, default and OpenSSH are taken"),
        );
        return None;
    }
    Some(text)
}
