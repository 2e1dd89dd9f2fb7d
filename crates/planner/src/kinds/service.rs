use crdbctl_cockroach::Version;
use crdbctl_cockroach::upgrade::UpgradeStep;
use crdbctl_model::{
    Action, AttributeDiff, Cause, DesiredService, Impact, ProcessFact, Removal, ServiceFact,
};

use crate::comparison::{Comparison, Difference, unknown};
use crate::process_flags;
use crate::removal::{Fate, delete};

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

pub(super) fn compare(desired: &DesiredService, found: &ServiceFact) -> Comparison {
    if let Some(refusal) = found.process.as_ref().and_then(|process| version_jump(desired, process)) {
        return refusal;
    }
    let is_new = found.load_state == "not-found" && found.process.is_none();
    let mut difference = Difference::new(if is_new { Action::Create } else { Action::Update });
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
        compare_process(desired, process, &mut difference);
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

/// Compares the running process itself, not the file that it was started from.
fn compare_process(desired: &DesiredService, process: &ProcessFact, difference: &mut Difference) {
    let before = difference.attributes.len();
    let is_wanted_binary = match process.exe_digest {
        Some(digest) => digest == desired.binary_digest,
        None => process.exe == desired.binary.as_str() && !process.exe_deleted,
    };
    if is_wanted_binary {
        difference.unchanged += 1;
    } else {
        let running = match process.exe_digest {
            Some(digest) => format!("{} (sha256 {})", process.exe, digest.short()),
            None => process.exe.clone(),
        };
        let wanted = format!("{} (sha256 {})", desired.binary, desired.binary_digest.short());
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

/// Refuses a version that CockroachDB itself would refuse, or be harmed by, after the one that runs. The running one is
/// read off its package's name; of a program elsewhere nothing is known, and it is compared by digest alone.
fn version_jump(desired: &DesiredService, process: &ProcessFact) -> Option<Comparison> {
    let package = process.exe.rsplit('/').nth(1)?.strip_prefix("cockroach-")?;
    let running: Version = package.split(".linux-").next()?.parse().ok()?;
    let wanted: Version = desired.version.parse().ok()?;
    match UpgradeStep::check(&running, &wanted) {
        UpgradeStep::Refused { reason, instead } => {
            Some(unknown(format!("{running} runs, and {wanted} cannot follow it: {reason}"), instead))
        }
        UpgradeStep::Allowed { .. } => None,
    }
}

fn shown(state: &str) -> &str {
    if state.is_empty() { "not enabled" } else { state }
}

/// Returns how the service is stopped and disabled; who made its unit does not matter for that.
pub(crate) fn remove(desired: &DesiredService, found: &ServiceFact) -> Fate {
    let stops = found.process.is_some() || !matches!(found.active_state.as_str(), "inactive" | "failed");
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
    Fate::Goes(delete(Removal::Service { unit: desired.unit.clone(), stops }, attributes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired(version: &str) -> DesiredService {
        serde_json::from_value(serde_json::json!({
            "unit": "cockroach", "user": "cockroach", "argv": ["/opt/cockroach/cockroach", "start"],
            "environment": {}, "nofile": null, "binary": "/opt/x/cockroach",
            "binary_digest": crdbctl_model::Digest::of("x").to_string(), "program": "/opt/cockroach/cockroach",
            "http_address": "a:8080", "sql_address": "a:26257", "certs": "/opt/cockroach/certs",
            "version": version, "store": "/var/lib/cockroach",
        }))
        .unwrap()
    }

    fn running(exe: &str) -> ProcessFact {
        ProcessFact {
            pid: 1,
            started: 1,
            user: "cockroach".to_owned(),
            exe: exe.to_owned(),
            exe_deleted: false,
            exe_digest: None,
            argv: Vec::new(),
            environment: std::collections::BTreeMap::new(),
            nofile: None,
            nofile_ceiling: None,
        }
    }

    #[test]
    fn a_version_that_cannot_follow_the_running_one_is_never_planned() {
        let of = |from: &str| running(&format!("/opt/cockroach-{from}.linux-amd64/cockroach"));
        for (from, to) in [("v23.1.0", "v24.1.0"), ("v24.1.0", "v25.1.0")] {
            let refusal = version_jump(&desired(to), &of(from));
            assert!(
                matches!(&refusal, Some(Comparison::Unknown { reason, .. }) if reason.contains(from) && reason.contains(to)),
                "{from} to {to}: {refusal:?}"
            );
        }
        for (from, to) in [("v24.1.0", "v24.1.0"), ("v24.1.0", "v24.1.5"), ("v24.1.0", "v24.3.0")] {
            assert_eq!(version_jump(&desired(to), &of(from)), None, "{from} to {to}");
        }
        assert_eq!(version_jump(&desired("v24.1.0"), &running("/usr/local/bin/cockroach")), None);
    }
}
