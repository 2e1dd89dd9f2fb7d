use crdbctl_model::{
    Action, AttributeDiff, CaFact, Cause, DesiredCa, FileKind, HostPath, Impact, NodeName, Removal,
};
use crdbctl_pki::{CaBundle, CaVerdict, judge_ca};

use super::file::path_attribute;
use super::split::Split;
use crate::comparison::{Comparison, Difference, unknown};
use crate::context::{AuthorityState, Context};
use crate::removal::{Fate, delete};
use crate::rotation::RotationStep;

pub(super) fn create(desired: &DesiredCa, node: Option<&NodeName>, context: &Context<'_>) -> Comparison {
    let shown = match &context.authority {
        AuthorityState::Unknown { reason, .. } => return no_authority(reason),
        AuthorityState::ToBeCreated | AuthorityState::Ended { .. } => "of the new authority".to_owned(),
        AuthorityState::Present { bundle, .. } => describe(bundle).trim_end().replace('\n', ", "),
    };
    let mut difference = Difference::new(Action::Create);
    difference.attributes = vec![
        AttributeDiff::words("path", None::<&str>, Some(&desired.path)),
        // A file that was deleted under a running node must be read again when it is back.
        AttributeDiff::words("certificates", None::<&str>, Some(shown)).with_impact(reload(node, context)),
    ];
    Comparison::Differs(difference)
}

pub(super) fn compare(
    desired: &DesiredCa,
    found: &CaFact,
    node: Option<&NodeName>,
    context: &Context<'_>,
) -> Comparison {
    if found.path.kind != FileKind::Regular {
        return unknown(
            format!("{} is not a regular file", desired.path),
            "replace it by a file by hand, then plan again",
        );
    }
    let mut difference = Difference::new(Action::Update);
    let bundle = match &context.authority {
        AuthorityState::Present { bundle, .. } => bundle,
        AuthorityState::Unknown { reason, .. } => return no_authority(reason),
        AuthorityState::ToBeCreated => return no_authority("there is no authority yet"),
        AuthorityState::Ended { ended, .. } => {
            difference.attributes.push(
                AttributeDiff::texts(
                    "certificates",
                    Some(described(found)),
                    Some("of the new authority\n".to_owned()),
                )
                .with_impact(reload(node, context)),
            );
            difference.cause = Some(Cause::Expiry);
            difference.reason = Some(format!("the authority ended on {}", ended.date()));
            difference.ownership(&found.path, &desired.owner, &desired.group, desired.mode);
            return difference.conclude();
        }
    };
    // That a node lacks the new authority is nobody's doing on the host.
    if context.rotation.is_some() || context.distributing {
        difference.cause = Some(Cause::Rotation);
    }
    // What is trusted once the planned step is done.
    let alone = bundle.alone();
    let bundle = if context.rotation == Some(RotationStep::DropOld) { &alone } else { bundle.as_ref() };
    match judge_ca(found.pem.as_bytes(), bundle) {
        CaVerdict::Valid { .. } if context.rotation == Some(RotationStep::NewAuthority) => {
            let present = describe(bundle);
            difference.attributes.push(
                AttributeDiff::texts("certificates", Some(&present), Some(format!("the new one\n{present}")))
                    .with_impact(reload(node, context)),
            );
        }
        CaVerdict::Valid { .. } => difference.unchanged += 1,
        CaVerdict::Invalid { findings, .. } => {
            // Whatever the reason for it: the others would refuse the node from then on.
            let split = Split::of(node, context);
            let before = CaBundle::parse(found.pem.as_bytes()).ok();
            match before.as_ref().map_or(Ok(false), |before| split.loses(before, bundle, context.now)) {
                Ok(false) => {}
                Ok(true) => {
                    return unknown(
                        format!(
                            "client.node.crt, with which the node dials others, needs a certificate that {} would lose",
                            desired.path
                        ),
                        "have client.node.crt signed anew, up to the authority, or delete it with its key and restart the node; then plan again",
                    );
                }
                Err(reason) => {
                    return unknown(
                        format!(
                            "{} would lose a certificate, and whether client.node.crt needs it is not known: {reason}",
                            desired.path
                        ),
                        "make client.node.crt and ca-client.crt readable, then plan again",
                    );
                }
            }
            let impact = reload(node, context);
            difference.attributes.push(
                AttributeDiff::texts("certificates", Some(described(found)), Some(describe(bundle)))
                    .with_impact(impact),
            );
            difference.reason = findings.first().map(ToString::to_string);
        }
    }
    difference.ownership(&found.path, &desired.owner, &desired.group, desired.mode);
    difference.conclude()
}

/// What a changed certificate does to `node`: a reload when CockroachDB runs there.
pub(super) fn reload(node: Option<&NodeName>, context: &Context<'_>) -> Impact {
    if node.is_some_and(|node| context.is_running(node)) { Impact::Reload } else { Impact::None }
}

pub(super) fn no_authority(reason: &str) -> Comparison {
    unknown(
        format!("it cannot be judged without the certificate authority: {reason}"),
        "mend the authority first (cluster/authority.ca)",
    )
}

/// Returns the certificates by name and digest, a line each: as `certs list` names them.
pub(super) fn describe(bundle: &CaBundle) -> String {
    let shown: Vec<String> = bundle
        .infos()
        .map(|info| {
            let name = info.common_name.as_ref().unwrap_or(&info.subject);
            format!("{name} {} until {}\n", info.sha256.short(), info.not_after.date())
        })
        .collect();
    shown.concat()
}

/// Returns the certificates of a file as [`describe`] does, or why they cannot be read.
fn described(found: &CaFact) -> String {
    CaBundle::parse(found.pem.as_bytes()).map_or_else(|error| error.to_string(), |bundle| describe(&bundle))
}

/// Whatever is in it is public, and the authority on the control host has it too.
pub(super) fn remove(desired: &DesiredCa, found: &CaFact) -> Fate {
    drop(&desired.path, found, true)
}

/// Returns how certificates are removed; those that crdbctl did not write are set aside.
pub(crate) fn drop(path: &HostPath, found: &CaFact, is_ours: bool) -> Fate {
    if found.path.kind != FileKind::Regular {
        return Fate::Stays(format!("{path} is no longer a plain file"));
    }
    let removal = Removal::Files { paths: vec![path.clone()], aside: !is_ours, unit: None };
    Fate::Goes(delete(removal, vec![path_attribute(path, !is_ours)]))
}
