use crdbctl_cockroach::{Version, certificates};
use crdbctl_model::{Action, AttributeDiff, Cause, DesiredClientCertificate, NodeCertificateFact};
use crdbctl_pki::{
    ClientRequirement, ClientUser, FindingCode, KeyFact, OlderNeeded, Principals, Verdict, judge_client,
};

use super::authority::key_word;
use super::ca::no_authority;
use super::node_certificate::{by_older, cannot_issue, end_of_new, may_be_by_older, other_key_type};
use crate::comparison::{Comparison, Difference, unknown};
use crate::context::{AuthorityState, Context};
use crate::ended;
use crate::rotation::{RotationStep, signer_of};

pub(super) fn create(desired: &DesiredClientCertificate, context: &Context<'_>) -> Comparison {
    make(Action::Create, desired, context, None, None)
}

pub(super) fn compare(
    desired: &DesiredClientCertificate,
    found: &NodeCertificateFact,
    context: &Context<'_>,
) -> Comparison {
    let bundle = match &context.authority {
        AuthorityState::Present { bundle, .. } => bundle,
        AuthorityState::Unknown { reason, .. } => return no_authority(reason),
        AuthorityState::ToBeCreated => return no_authority("there is no authority yet"),
        AuthorityState::Ended { .. } => {
            let missing = || "the certificate is missing".to_owned();
            let reason =
                found.certificate.as_ref().map_or_else(missing, |file| ended::why(&file.pem, context.now));
            return make(Action::Replace, desired, context, Some(reason), Some(Cause::Expiry));
        }
    };
    let user = match ClientUser::new(desired.user.clone()) {
        Ok(user) => user,
        Err(error) => return unknown(error.to_string(), "mend `certificates.clients` in the manifest"),
    };
    let Some(certificate) = &found.certificate else {
        return make(Action::Replace, desired, context, Some("the certificate is missing".to_owned()), None);
    };
    let key = KeyFact::from(found.key.as_ref().map(|key| &key.public));
    let requirement = ClientRequirement {
        user: &user,
        authority: bundle,
        renew_before: desired.renew_before,
        key_type: None,
        // Client commands are given no map, so that the names themselves count.
        principals: &Principals::new(has_dns_principals(context), []),
    };
    match judge_client(certificate.pem.as_bytes(), &key, &requirement, context.now) {
        Verdict::Valid { .. } if context.rotation == Some(RotationStep::Clients) => {
            match signer_of(&certificate.pem, bundle, context.now) {
                OlderNeeded::No => Comparison::Same { unchanged: 1 },
                OlderNeeded::By(older) => {
                    make(Action::Replace, desired, context, Some(by_older(older)), Some(Cause::Rotation))
                }
                OlderNeeded::Undecided(why) => make(
                    Action::Replace,
                    desired,
                    context,
                    Some(may_be_by_older(&why)),
                    Some(Cause::Rotation),
                ),
            }
        }
        Verdict::Valid { .. } => Comparison::Same { unchanged: 1 },
        Verdict::Undetermined { reason, .. } => unknown(
            format!(
                "whether client.{user}.key fits its certificate cannot be told: {reason}",
                user = desired.user
            ),
            "mend or delete the pair in the authority's directory, then plan again",
        ),
        Verdict::Invalid { findings, .. } => {
            let reason = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let expiring = |code| matches!(code, FindingCode::Expired | FindingCode::RenewalDue);
            let cause = findings.iter().all(|finding| expiring(finding.code)).then_some(Cause::Expiry);
            make(Action::Replace, desired, context, Some(reason), cause)
        }
    }
}

fn has_dns_principals(context: &Context<'_>) -> bool {
    let service = context.graph.staying().find_map(|node| context.graph.service(node));
    let version = service.and_then(|service| service.version.parse::<Version>().ok());
    version.is_none_or(|version| certificates::has_dns_principals(version.series()))
}

/// Returns what readers should know of a pair that is kept: this host has no record of who made it.
pub(super) fn note(desired: &DesiredClientCertificate, found: &NodeCertificateFact) -> Option<String> {
    other_key_type(found.certificate.as_ref()?, desired.key).map(|what| {
        format!("{what}; it is kept, because it is valid: delete client.{}.crt and its key to have a new pair made", desired.user)
    })
}

fn make(
    action: Action,
    desired: &DesiredClientCertificate,
    context: &Context<'_>,
    reason: Option<String>,
    cause: Option<Cause>,
) -> Comparison {
    if let Some(refusal) = cannot_issue(context) {
        return refusal;
    }
    let mut difference = Difference::new(action);
    difference.attributes = vec![
        AttributeDiff::words("user", None::<&str>, Some(&desired.user)),
        AttributeDiff::words("key", None::<&str>, Some(key_word(desired.key))),
        end_of_new(desired.lifetime, context),
    ];
    difference.reason = reason;
    difference.cause = cause;
    Comparison::Differs(difference)
}
