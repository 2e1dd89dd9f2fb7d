use crdbctl_model::{Action, AttributeDiff, Cause, Desired, DesiredAuthority, KeyType};
use crdbctl_pki::CaBundle;

use super::ca::describe;
use super::node_certificate::cannot_issue;
use crate::comparison::{Comparison, Difference, unknown};
use crate::context::{AuthorityState, Context};
use crate::rotation::RotationStep;

/// From when on it is told that the authority ends, in seconds before.
const YEAR: i64 = 365 * 86_400;

pub(super) fn create(desired: &DesiredAuthority, context: &Context<'_>) -> Comparison {
    if let AuthorityState::Unknown { reason, hint } = &context.authority {
        let hint = hint.clone().unwrap_or_else(|| {
            format!(
                "put the cluster's ca.crt and ca.key into {} (mode 0700, ca.key 0600; ca.crt alone where nothing is applied), or \
                 name the right directory in `certificates.authority`",
                desired.directory
            )
        });
        return unknown(reason.clone(), hint);
    }
    let mut difference = Difference::new(Action::Create);
    if let AuthorityState::Ended { ended, .. } = &context.authority {
        difference.cause = Some(Cause::Expiry);
        difference.reason = Some(format!("the authority that the nodes trust ended on {}", ended.date()));
    }
    difference.attributes = vec![
        AttributeDiff::words("directory", None::<&str>, Some(&desired.directory))
            .with_remark("on this host; ca.key never leaves it"),
        AttributeDiff::words("key", None::<&str>, Some(key_word(desired.key))),
        AttributeDiff::words("not_after", None::<&str>, Some(context.now.plus(desired.lifetime).date())),
    ];
    Comparison::Differs(difference)
}

pub(super) fn compare(desired: &DesiredAuthority, context: &Context<'_>) -> Comparison {
    let bundle = match &context.authority {
        AuthorityState::Unknown { reason, hint } => {
            let put = "put the authority that the nodes trust (ca.crt, ca.key) into its directory on this host, then plan again";
            return unknown(reason.clone(), hint.clone().unwrap_or_else(|| put.to_owned()));
        }
        AuthorityState::ToBeCreated | AuthorityState::Ended { here: None, .. } => {
            return Comparison::Same { unchanged: 1 };
        }
        AuthorityState::Ended { here: Some((bundle, has_key)), .. } => {
            return Comparison::Differs(in_place_of(desired, bundle, *has_key, context));
        }
        AuthorityState::Present { bundle, .. } => bundle,
    };
    match context.rotation {
        Some(RotationStep::NewAuthority) => new_before(desired, bundle, context),
        Some(RotationStep::DropOld) if !bundle.older().is_empty() => {
            let mut difference = Difference::new(Action::Update);
            difference.attributes = vec![
                AttributeDiff::texts("certificates", Some(describe(bundle)), Some(describe(&bundle.alone())))
                    .with_remark("its old keys, ca.key.*.old, are deleted; what the old one signed is refused from then on"),
            ];
            difference.cause = Some(Cause::Rotation);
            Comparison::Differs(difference)
        }
        _ => Comparison::Same { unchanged: 1 },
    }
}

/// Tells that the authority itself ends, and every certificate with it: nothing is planned for that by itself.
pub(super) fn notes(context: &Context<'_>) -> Vec<String> {
    let AuthorityState::Present { bundle, .. } = &context.authority else { return Vec::new() };
    let issuer = bundle.issuer().info();
    let (left, date) = (issuer.not_after.since(context.now), issuer.not_after.date());
    let renewed_before = context.graph.resources.values().filter_map(|resource| match &resource.desired {
        Desired::NodeCertificate(desired) => Some(desired.renew_before),
        _ => None,
    });
    let window = renewed_before.max().unwrap_or(0);
    let lifetime = issuer.not_after.since(issuer.not_before);
    let days = left / 86_400;
    if left < 0 {
        // An older one that is trusted as well is valid, else it would be replaced as a whole.
        vec![format!(
            "THE AUTHORITY THAT ISSUES ENDED on {date}, and an older one in ca.crt has not: put the one that has not ended, with its \
             ca.key, into the authority's directory, and plan again"
        )]
    } else if left <= window {
        let when = if days < 2 { count(left / 3600, "hour") } else { count(days, "day") };
        vec![format!(
            "THE AUTHORITY ENDS in {when}, on {date}, and every certificate with it: run `crdbctl certs rotate-ca` now. Once it \
             has ended, `crdbctl apply` makes a new one, and every client is refused until it has the new ca.crt"
        )]
    } else if left <= YEAR.min(lifetime / 2) {
        vec![format!(
            "the authority ends in {days} days, on {date}; certificates end with it at the latest: replace it in time with \
             `crdbctl certs rotate-ca`"
        )]
    } else {
        Vec::new()
    }
}

fn count(number: i64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A new authority in the place of one that has ended. Nobody accepts anything by that one, so that it need not be trusted beside
/// the new one, and its key is not needed.
fn in_place_of(
    desired: &DesiredAuthority,
    bundle: &CaBundle,
    has_key: bool,
    context: &Context<'_>,
) -> Difference {
    let until = context.now.plus(desired.lifetime).date();
    let mut difference = Difference::new(Action::Replace);
    difference.attributes = vec![
        AttributeDiff::texts(
            "certificates",
            Some(describe(bundle)),
            Some(format!("a new one until {until}\n")),
        ),
        AttributeDiff::words("key", None::<&str>, Some(key_word(desired.key)))
            .with_remark("on this host; ca.key never leaves it"),
    ];
    if has_key {
        let kept = format!("ca.key.{}.old", bundle.issuer().info().serial);
        difference.attributes.push(
            AttributeDiff::words("old key", Some("ca.key"), Some(kept))
                .with_remark("kept; delete it when you no longer need it"),
        );
    }
    let ended = bundle.issuer().info().not_after.date();
    difference.reason = Some(format!("it ended on {ended}"));
    difference.cause = Some(Cause::Expiry);
    difference
}

/// A new authority that issues, before the present ones, which stay trusted.
fn new_before(desired: &DesiredAuthority, bundle: &CaBundle, context: &Context<'_>) -> Comparison {
    if let Some(refusal) = cannot_issue(context) {
        return refusal;
    }
    let until = context.now.plus(desired.lifetime).date();
    let mut difference = Difference::new(Action::Replace);
    let kept = format!("ca.key.{}.old", bundle.issuer().info().serial);
    difference.attributes = vec![
        AttributeDiff::texts(
            "certificates",
            Some(describe(bundle)),
            Some(format!("a new one until {until}\n{}", describe(bundle))),
        )
        .with_remark("the new one issues, the old one stays trusted"),
        AttributeDiff::words("key", None::<&str>, Some(key_word(desired.key))),
        AttributeDiff::words("old key", Some("ca.key"), Some(kept))
            .with_remark("until the old one is dropped"),
    ];
    difference.cause = Some(Cause::Rotation);
    Comparison::Differs(difference)
}

pub(super) const fn key_word(key: KeyType) -> &'static str {
    match key {
        KeyType::EcdsaP256 => "ecdsa-p256",
        KeyType::Rsa2048 => "rsa-2048",
    }
}
