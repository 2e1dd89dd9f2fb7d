use crdbctl_model::{
    Action, AttributeDiff, Cause, Desired, DesiredService, Digest, Fact, HostPath, Impact, NodeName,
    Observed, ProcessFact, Removal, ServiceFact, UnitName,
};

use crate::comparison::{Comparison, Difference, unknown};
use crate::context::Context;
use crate::process_flags;
use crate::rebuilt::{Loss, numbers};
use crate::removal::{Fate, delete};
use crate::whereabouts;

/// Attributes that a restart settles and that a changed unit explains.
pub(crate) const FLAGS: &str = "flags.";
pub(crate) const ENVIRONMENT: &str = "environment.";
pub(crate) const NOFILE: &str = "limits.nofile";
pub(crate) const USER: &str = "user";
/// The attribute that any change of the unit's files explains.
pub(crate) const LOADED: &str = "loaded unit";
/// The attribute of what an earlier apply left to do to the process.
pub(crate) const PENDING: &str = "pending";
/// The attribute that a changed package or link explains.
pub(crate) const BINARY: &str = "binary";

/// Returns what is said of a node whose store is that of a member which left, and what to do.
pub(crate) fn left_for_good(who: &str, store: &HostPath) -> (String, String) {
    (
        format!(
            "its store is that of {who}, which has left the cluster for good: CockroachDB does not let it join again"
        ),
        format!(
            "wipe {store} on it if nobody needs what is in there, so that it joins as a new node; or write `state: decommissioned`"
        ),
    )
}

/// Whether it does not run over a store that was used.
pub(crate) fn is_idle(found: &ServiceFact) -> bool {
    found.store_used == Some(true) && found.process.is_none()
}

pub(super) fn compare(
    desired: &DesiredService,
    found: &ServiceFact,
    node: Option<&NodeName>,
    context: &Context<'_>,
) -> Comparison {
    if let Some((reason, instead)) = context.movement.refusal(node) {
        return unknown(reason, instead);
    }
    if let Some(who) = node.and_then(|node| context.removed(node))
        && is_idle(found)
    {
        let (reason, hint) = left_for_good(&who, &desired.store);
        return unknown(reason, hint);
    }
    if let Some(process) = &found.process
        && process.user != desired.user.as_str()
        && found.store_used == Some(true)
    {
        return unknown(
            format!(
                "CockroachDB runs as {} and shall run as {}, who could not open the data of {0}",
                process.user, desired.user
            ),
            format!(
                "write `install: {{user: {}}}`; or, one node after the other: stop it, run `chown -R {}: {} {}` on it, \
                 and apply with --skip-unknown",
                process.user, desired.user, desired.store, desired.certs
            ),
        );
    }
    if let Some((reason, hint)) = node.and_then(|node| whereabouts::refusal(desired, found, node, context)) {
        return unknown(reason, hint);
    }
    let is_new = found.load_state == "not-found" && found.process.is_none();
    let mut difference = Difference::new(if is_new { Action::Create } else { Action::Update });
    if let Some(node) = node.filter(|_| found.process.is_none() && found.store_used != Some(true)) {
        match Loss::of(node, context) {
            Loss::Refused { reason, hint } => return unknown(reason, hint),
            Loss::Replaces { ids, .. } => {
                difference.reason = Some(format!(
                    "{} is empty: joins as a new node in place of {}",
                    desired.store,
                    numbers(&ids)
                ));
            }
            Loss::None | Loss::LeftAlone { .. } => {}
        }
    }
    let enabled = found.unit_file_state == "enabled";
    difference.attribute(
        "enabled",
        if enabled { "enabled" } else { shown(&found.unit_file_state) },
        "enabled",
    );
    let active = match (found.active_state.as_str(), &found.process) {
        ("active" | "reloading", Some(_)) => "active".to_owned(),
        (state, _) if found.sub_state.is_empty() || found.sub_state == state => state.to_owned(),
        (state, _) => format!("{state} ({})", found.sub_state),
    };
    difference.attribute("active", active, "active");
    // An apply that was cut off between a new unit and systemd's look at it leaves no other trace.
    let loaded = if found.need_daemon_reload { "older than the file" } else { "as in the file" };
    difference.attribute(LOADED, loaded, "as in the file");
    if let Some(process) = &found.process {
        let on_disk = node.and_then(|node| binary_on_disk(desired, node, context));
        compare_process(desired, process, on_disk, &mut difference);
    }
    match found.pending.as_deref() {
        Some(left) if found.process.is_some() => {
            let impact = if left == "reload" { Impact::Reload } else { Impact::Restart };
            difference.attributes.push(
                AttributeDiff::words(PENDING, Some(left), None::<&str>)
                    .with_impact(impact)
                    .with_remark("an earlier apply was interrupted before it"),
            );
            difference.cause = Some(Cause::Unfinished);
        }
        _ => difference.unchanged += 1,
    }
    difference.conclude()
}

/// The digest of the file that the wanted binary shall be, where it was read.
fn binary_on_disk(desired: &DesiredService, node: &NodeName, context: &Context<'_>) -> Option<Digest> {
    context.graph.of_node(node).find_map(|resource| {
        let Desired::Package(package) = &resource.desired else { return None };
        let member = package
            .members
            .iter()
            .find(|member| package.path.join(&member.path).is_ok_and(|path| path == desired.binary))?;
        match context.observations.of(&resource.addr) {
            Observed::Present(fact) => match *fact {
                Fact::Package(found) => found.files.get(&member.path)?.digest,
                _ => None,
            },
            _ => None,
        }
    })
}

/// Compares the running process itself, not the file that it was started from. Its program is not hashed again while it
/// is the very file of the package, whose digest is `on_disk`.
fn compare_process(
    desired: &DesiredService,
    process: &ProcessFact,
    on_disk: Option<Digest>,
    difference: &mut Difference,
) {
    let before = difference.attributes.len();
    let is_the_file = process.exe == desired.binary.as_str() && !process.exe_deleted;
    let runs = process.exe_digest.or(on_disk.filter(|_| is_the_file));
    let is_wanted_binary = match runs {
        Some(digest) => desired.binary_digest.map_or(is_the_file, |wanted| digest == wanted),
        None => is_the_file,
    };
    if is_wanted_binary {
        difference.unchanged += 1;
    } else {
        let running = match runs {
            Some(digest) => format!("{} (sha256 {})", process.exe, digest.short()),
            None => process.exe.clone(),
        };
        let wanted = match desired.binary_digest {
            Some(digest) => format!("{} (sha256 {})", desired.binary, digest.short()),
            None => desired.binary.to_string(),
        };
        difference.attributes.push(AttributeDiff::words(BINARY, Some(running), Some(wanted)));
    }
    difference.attribute(USER, &process.user, &desired.user);
    match process_flags::differences(&process.argv, &desired.argv, &desired.version) {
        flags if flags.is_empty() => difference.unchanged += 1,
        flags => {
            for flag in flags {
                let name = format!("{FLAGS}{}", flag.name);
                difference.attributes.push(AttributeDiff::words(name, flag.running, flag.desired));
            }
        }
    }
    for (name, value) in &desired.environment {
        match process.environment.get(name) {
            Some(running) if running == value => difference.unchanged += 1,
            running => {
                let name = format!("{ENVIRONMENT}{name}");
                difference.attributes.push(AttributeDiff::words(name, running, Some(value)));
            }
        }
    }
    if let Some(nofile) = desired.nofile {
        // CockroachDB raises its own soft limit up to the hard one, so more than asked is as asked; in a container
        // systemd cannot go above what the container was given.
        let nofile = process.nofile_ceiling.map_or(nofile, |ceiling| nofile.min(ceiling));
        match process.nofile {
            Some(running) if running < nofile => difference.attribute(NOFILE, running, nofile),
            _ => difference.unchanged += 1,
        }
    }
    for attribute in &mut difference.attributes[before..] {
        attribute.impact = Impact::Restart;
    }
}

fn shown(state: &str) -> &str {
    if state.is_empty() { "not enabled" } else { state }
}

/// Whether it runs, or is on the way there or from there.
pub(crate) fn is_up(found: &ServiceFact) -> bool {
    found.process.is_some() || !matches!(found.active_state.as_str(), "inactive" | "failed")
}

/// Returns how the service is stopped and disabled; who made its unit does not matter for that.
pub(crate) fn remove(unit: &UnitName, found: &ServiceFact) -> Fate {
    let stops = is_up(found);
    let mut attributes = Vec::new();
    if stops {
        attributes.push(
            AttributeDiff::words("active", Some(&found.active_state), None::<&str>)
                .with_remark("CockroachDB stops for good"),
        );
    }
    if found.unit_file_state == "enabled" {
        attributes.push(AttributeDiff::words("enabled", Some("enabled"), None::<&str>));
    }
    if attributes.is_empty() {
        return Fate::Gone;
    }
    Fate::Goes(delete(Removal::Service { unit: unit.clone(), stops }, attributes))
}
