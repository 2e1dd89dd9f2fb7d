use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crdbctl_model::{
    AllowFrom, Change, Desired, DesiredFirewall, DesiredPackage, Digest, Dropped, Fact, HostPath, Listing,
    Mark, MountPoint, NodeName, Observations, Observed, Outcome, Plan, Presence, Reading, Record,
    RecordedArchive, RecordedResource, Removal, ResourceAddr, ResourceGraph, ResourceKind, StoreState,
    Verdict, made_rules,
};
use crdbctl_planner::{is_left, remains, rules_there};
use crdbctl_transport::Payload;

use crate::applier::Applier;
use crate::converge::is_open;
use crate::kinds::{added_rules, creates};
use crate::rollout::Ledger;
use crate::session::{Outcomes, Session};
use crate::stage::prologue;
use crate::step::{call, quoted};

/// Records on a node what is in place, and forgets what was begun and is now told by the record.
pub(crate) async fn write(
    applier: &Applier,
    session: &mut Session,
    outcomes: &Outcomes,
    ledger: &Ledger,
    seen: &Observations,
    left: &Plan,
) -> Result<(), String> {
    let node = session.node.clone();
    let Some(reading) = seen.reading(&node) else { return Ok(()) };
    // A node that leaves has no record any more, or never had one.
    if applier.graph.is_leaving(&node) && reading.record.is_none() {
        return leave_no_place(session).await;
    }
    let record = record_of(applier, outcomes, &node, reading, seen, left);
    let record = Record { forced_gate: ledger.forced.get(&node).cloned().or(record.forced_gate), ..record };
    let begun = still_begun(&applier.graph, &node, reading, &record);
    let noted = still_noted(&applier.graph, &node, reading, &record, left);
    let json = serde_json::to_string_pretty(&record).map_err(|error| error.to_string())? + "\n";
    let mut text = prologue(&session.cluster, &session.run);
    text.push_str(&format!("json=$(head -c {}; printf .); json=${{json%.}}\n", json.len()));
    text.push_str("sweep \"$state\"\n(put \"$state/$cluster.json\" root root 0600 \"$json\") || exit 1\n");
    text.push_str(&note_begun(&begun));
    text.push_str(&keep_notes(&noted).map_err(|error| error.to_string())?);
    if ledger.forced.contains_key(&node) {
        text.push_str("rm -f -- \"$state/$cluster.forced\" || exit 1\n");
    }
    for resource in applier.graph.of_node(&node).filter(|resource| resource.presence == Presence::Present) {
        if let Desired::Package(package) = &resource.desired {
            text.push_str(&remember(package));
        }
    }
    let payload = Payload::none().bytes(json.into_bytes());
    let output =
        session.script(text, payload, Duration::from_secs(300)).await.map_err(|error| error.to_string())?;
    if output.is_success() { Ok(()) } else { Err(output.stderr_text().trim().to_owned()) }
}

/// Takes the empty place for a record away that taking a node's lock has made.
pub(crate) async fn leave_no_place(session: &mut Session) -> Result<(), String> {
    let text = prologue(&session.cluster, &session.run) + "rmdir -- \"$state\" 2>/dev/null || true\n";
    let done = session.script(text, Payload::none(), Duration::from_secs(60)).await;
    done.map(|_| ()).map_err(|error| error.to_string())
}

fn record_of(
    applier: &Applier,
    outcomes: &Outcomes,
    node: &NodeName,
    reading: &Reading,
    seen: &Observations,
    left: &Plan,
) -> Record {
    let differs = left.compared.iter().filter(|(_, verdict)| **verdict != Verdict::Same);
    // What differs is not in place, also where another change is to mend it or where this was a part of the whole.
    let open: BTreeSet<&ResourceAddr> = left
        .changes
        .iter()
        .map(|change| &change.addr)
        .chain(left.unknown.iter().filter_map(|unknown| unknown.addr.as_ref()))
        .chain(differs.map(|(addr, _)| addr))
        .filter(|addr| addr.node() == Some(node))
        .collect();
    let previous = reading.record.as_ref();
    let mut resources = previous.map(|record| record.resources.clone()).unwrap_or_default();
    if applier.graph.is_leaving(node) {
        let remains = remains(&applier.graph, node, reading);
        resources
            .retain(|local, _| remains.contains(local) || open.iter().any(|addr| addr.local() == *local));
    } else {
        keep_dropped(&applier.graph, node, reading, &open, &mut resources);
        add_present(applier, outcomes, node, reading, &open, &mut resources);
        drop_packages(&applier.graph, reading, &mut resources);
    }
    let initialised = matches!(
        crdbctl_probe::observe_init(&applier.graph, &seen.nodes),
        crdbctl_model::Observed::Present(_)
    );
    // What is made anew on this host later has nothing to do with the cluster whose data are gone.
    let is_emptied = applier.plan.changes.iter().any(|change| {
        change.addr.node() == Some(node)
            && matches!(change.removal, Some(Removal::Data { .. }))
            && outcomes.get(&change.addr).is_some_and(|(outcome, _)| *outcome == Outcome::Converged)
    });
    Record {
        format_version: Record::FORMAT_VERSION,
        cluster: applier.graph.cluster.clone(),
        applied_by: applier.run.by.clone(),
        manifest: applier.graph.manifest,
        run: applier.run.id.clone(),
        forced_gate: previous.and_then(|record| record.forced_gate.clone()),
        archive: archive_of(applier, node, left)
            .or_else(|| previous.and_then(|record| record.archive.clone()))
            .filter(|_| !applier.graph.is_leaving(node)),
        store_mount: store_mount(&applier.graph, node, reading)
            .or_else(|| previous.and_then(|record| record.store_mount.clone()))
            .filter(|_| !is_emptied),
        initialised: !is_emptied && (initialised || previous.is_some_and(|record| record.initialised)),
        resources,
    }
}

/// What a node's package was unpacked from, when all of its files are in place; `None` where that is not known.
pub(crate) fn archive_of(applier: &Applier, node: &NodeName, left: &Plan) -> Option<RecordedArchive> {
    let arch = &applier.graph.nodes.get(node)?.arch;
    let (source, archive) = applier.indexes.get(arch)?;
    let package = applier.graph.of_node(node).find_map(|resource| match &resource.desired {
        Desired::Package(package) if resource.presence == Presence::Present => Some((resource, package)),
        _ => None,
    });
    let (resource, package) = package.filter(|(resource, _)| !is_open(&resource.addr, left))?;
    let is_of_graph = package.archive == archive.digest && package.members == archive.members;
    debug_assert!(is_of_graph, "{}", resource.addr);
    RecordedArchive::new(*source, package.path.file_name(), archive).filter(|_| is_of_graph)
}

/// The mount point of the file system that holds the node's store, once there is something in that.
fn store_mount(graph: &ResourceGraph, node: &NodeName, reading: &Reading) -> Option<MountPoint> {
    let place = reading.footprint.store_places.get(&graph.service(node)?.store)?;
    (place.state == StoreState::Used).then(|| place.mount.clone())
}

/// Keeps what the manifest no longer has as long as it is there. What it has at another place now goes by its old place from
/// now on, or the new one would take its entry and nobody would know of the old one any more.
fn keep_dropped(
    graph: &ResourceGraph,
    node: &NodeName,
    reading: &Reading,
    open: &BTreeSet<&ResourceAddr>,
    resources: &mut BTreeMap<String, RecordedResource>,
) {
    let dropped = Dropped::on(graph, node, reading.record.as_ref(), &reading.footprint.begun);
    for it in &dropped {
        let is_elsewhere = graph.of_node(node).any(|resource| resource.addr.local() == it.key);
        match (it.addr.kind, is_elsewhere) {
            // Of a firewall that the manifest has, the rules are told below.
            (ResourceKind::Firewall, true) => {}
            (ResourceKind::Firewall, false) => {
                if let Some(entry) = resources.get_mut(&it.key) {
                    leave_rules(&it.addr, entry, reading);
                    if entry.mark.is_none() {
                        resources.remove(&it.key);
                    }
                }
            }
            (_, false) if !is_left(it, reading) => {
                resources.remove(&it.key);
            }
            (_, false) => {}
            // What is not in place yet has not taken the entry.
            (_, true) if open.iter().any(|addr| addr.local() == it.key) => {}
            (_, true) => {
                if let Some(entry) = resources.get(&it.key).filter(|entry| entry.paths == it.paths).cloned()
                    && is_left(it, reading)
                {
                    resources.insert(it.addr.local(), entry);
                }
            }
        }
    }
}

/// Leaves in the entry of a firewall the rules that it still has.
fn leave_rules(addr: &ResourceAddr, entry: &mut RecordedResource, reading: &Reading) {
    let Some(Mark::Rules(rules)) = &entry.mark else { return };
    match reading.resources.get(addr) {
        Some(Observed::Absent) => entry.mark = None,
        Some(Observed::Present(fact)) => {
            if let Fact::Firewall(found) = fact.as_ref() {
                let there = rules_there(rules, found);
                entry.mark = (!there.is_empty()).then_some(Mark::Rules(there));
            }
        }
        _ => {}
    }
}

fn add_present(
    applier: &Applier,
    outcomes: &Outcomes,
    node: &NodeName,
    reading: &Reading,
    open: &BTreeSet<&ResourceAddr>,
    resources: &mut BTreeMap<String, RecordedResource>,
) {
    for resource in applier.graph.of_node(node).filter(|resource| !open.contains(&resource.addr)) {
        let (local, paths) = (resource.addr.local(), resource.desired.paths());
        let change = outcomes
            .get(&resource.addr)
            .filter(|(outcome, _)| *outcome == Outcome::Converged)
            .and_then(|_| applier.plan.changes.iter().find(|change| change.addr == resource.addr));
        // What stands there although its change failed was made by somebody else, unless it was noted as begun.
        let made = change.is_some_and(creates);
        let begun = reading.footprint.begun.get(&local) == Some(&paths);
        // What comes back to an old place has its entry under that.
        let is_of_place = |key: &str, entry: &RecordedResource| {
            entry.paths == paths
                && (key == local
                    || key.strip_prefix(local.as_str()).is_some_and(|rest| rest.starts_with('@')))
        };
        let known = reading.record.iter().flat_map(|record| &record.resources);
        let before = known.into_iter().find(|(key, entry)| entry.created && is_of_place(key, entry));
        let before = before.map(|(_, entry)| entry.clone());
        resources.retain(|key, entry| *key == local || !is_of_place(key, entry));
        let mut entry = RecordedResource {
            desired: Digest::of_json(&resource.desired),
            created: made || begun || before.is_some(),
            applied_at: (applier.clock)(),
            paths,
            mark: None,
        };
        let found = match reading.resources.get(&resource.addr) {
            Some(Observed::Present(fact)) => Some(fact.as_ref()),
            _ => None,
        };
        match (&resource.desired, found) {
            (Desired::Firewall(desired), Some(Fact::Firewall(found))) => {
                let rules = own_rules(&local, desired, &entry, before.as_ref(), change, reading);
                let there = rules_there(&rules, found);
                entry.created = !there.is_empty();
                entry.mark = (!there.is_empty()).then_some(Mark::Rules(there));
            }
            // Others may have put certificates beside those that crdbctl wrote.
            (Desired::Ca(_), Some(Fact::Ca(found))) if entry.created => {
                let is_written = change.is_some_and(|change| {
                    change.attributes.iter().any(|attribute| attribute.name == "certificates")
                });
                entry.mark = if is_written {
                    Some(Mark::Content(Digest::of(&found.pem)))
                } else {
                    before.and_then(|before| before.mark)
                };
            }
            (desired, _) if entry.created => entry.mark = Mark::of(desired),
            _ => {}
        }
        resources.insert(local, entry);
    }
}

/// The rules of a firewall that crdbctl added: those that were noted, and those that this run added because they were not there.
fn own_rules(
    local: &str,
    desired: &DesiredFirewall,
    entry: &RecordedResource,
    before: Option<&RecordedResource>,
    change: Option<&Change>,
    reading: &Reading,
) -> BTreeMap<String, BTreeSet<AllowFrom>> {
    let mark = before.and_then(|before| before.mark.as_ref());
    let mut rules = made_rules(local, mark, &reading.footprint.begun);
    let of_profile = rules.entry(desired.profile.clone()).or_default();
    // A record of before rules had marks tells of all of them, as long as they are the same.
    if before.is_some_and(|before| before.mark.is_none() && before.desired == entry.desired) {
        of_profile.extend(desired.allow_from.iter().cloned());
    }
    if let Some(change) = change {
        of_profile.extend(added_rules(change, desired));
    }
    rules
}

/// Drops the packages that are gone.
fn drop_packages(
    graph: &ResourceGraph,
    reading: &Reading,
    resources: &mut BTreeMap<String, RecordedResource>,
) {
    resources.retain(|local, entry| {
        let is_here = entry.paths.first().is_some_and(|path| path.parent() == graph.packages);
        match local.strip_prefix("package.") {
            Some(name) if is_here => is_in_packages(name, graph, reading),
            _ => true,
        }
    });
}

/// Whether something of that name is among the packages. Where they could not be listed, none is known to be gone.
fn is_in_packages(name: &str, graph: &ResourceGraph, reading: &Reading) -> bool {
    match reading.footprint.listing(&graph.packages) {
        Listing::Entries(entries) => entries.contains_key(name),
        Listing::Unknown { .. } => true,
    }
}

/// What was begun and is there, and of which the record does not tell: it is not as desired yet, or the manifest no longer has
/// it.
fn still_begun<'a>(
    graph: &ResourceGraph,
    node: &NodeName,
    reading: &'a Reading,
    record: &Record,
) -> Vec<(&'a str, &'a [HostPath])> {
    // What the manifest has at another place says nothing of what was begun at this one.
    let is_there = |local: &str, paths: &[HostPath]| {
        let wanted = graph.of_node(node).find(|resource| resource.addr.local() == local);
        wanted.is_some_and(|wanted| {
            let found = reading.resources.get(&wanted.addr);
            // A package of another set of files in the same place is the same package.
            wanted.desired.paths().first() == paths.first()
                && found.is_some_and(|found| *found != Observed::Absent)
        })
    };
    let dropped = Dropped::on(graph, node, Some(record), &reading.footprint.begun);
    let is_dropped = |local: &str, paths: &[HostPath]| {
        let (of, _) = local.split_once(':').unwrap_or((local, ""));
        dropped.iter().any(|it| it.key == of && it.paths == paths && is_left(it, reading))
    };
    // Of another version, and kept for a while like those that the record tells of.
    let is_kept = |local: &str, paths: &[HostPath]| {
        let is_here = paths.first().is_some_and(|path| path.parent() == graph.packages);
        local.strip_prefix("package.").is_some_and(|name| is_here && is_in_packages(name, graph, reading))
    };
    let is_rule_told = |local: &str| {
        let (of, _) = local.split_once(':')?;
        let mark = record.resources.get(of)?.mark.as_ref();
        Some(
            made_rules(of, mark, &BTreeMap::new())
                == made_rules(of, mark, &[(local.to_owned(), Vec::new())].into()),
        )
    };
    reading
        .footprint
        .begun
        .iter()
        .filter(|(local, paths)| {
            let told =
                record.resources.get(*local).is_some_and(|entry| entry.created && entry.paths == **paths)
                    || is_rule_told(local) == Some(true);
            let of = local.split_once(':').map_or(local.as_str(), |(of, _)| of);
            !told && (is_there(of, paths) || is_dropped(local, paths) || is_kept(local, paths))
        })
        .map(|(local, paths)| (local.as_str(), paths.as_slice()))
        .collect()
}

/// The notes of steps of which the record does not tell yet: the resource is not as desired, or the manifest no longer has it and
/// the record still does.
pub(crate) fn still_noted<'a>(
    graph: &ResourceGraph,
    node: &NodeName,
    reading: &'a Reading,
    record: &Record,
    left: &Plan,
) -> Vec<&'a crdbctl_model::StepNote> {
    let is_needed = |note: &&crdbctl_model::StepNote| {
        let wanted = graph
            .of_node(node)
            .find(|resource| resource.presence == Presence::Present && resource.addr.local() == note.local);
        match wanted {
            Some(resource) => is_open(&resource.addr, left),
            None => record.resources.contains_key(&note.local),
        }
    };
    reading.footprint.noted.iter().filter(is_needed).collect()
}

/// Returns the line that leaves these notes of steps on the node, and no others.
fn keep_notes(notes: &[&crdbctl_model::StepNote]) -> Result<String, serde_json::Error> {
    let lines = notes.iter().map(|note| Ok(serde_json::to_string(note)? + "\n"));
    let lines: String = lines.collect::<Result<_, serde_json::Error>>()?;
    if lines.is_empty() {
        return Ok("rm -f -- \"$state/$cluster.steps\" || exit 1\n".to_owned());
    }
    Ok(format!("(put \"$state/$cluster.steps\" root root 0600 {}) || exit 1\n", quoted(&lines)))
}

/// Returns the line that notes what was begun, at once: what is half noted would not be crdbctl's any more.
pub(crate) fn note_begun(begun: &[(&str, &[HostPath])]) -> String {
    let line = |(local, paths): &(&str, &[HostPath])| {
        let words = std::iter::once(*local).chain(paths.iter().map(HostPath::as_str));
        words.collect::<Vec<_>>().join(" ") + "\n"
    };
    let lines: String = begun.iter().map(line).collect();
    if lines.is_empty() {
        return "rm -f -- \"$state/$cluster.begun\" || exit 1\n".to_owned();
    }
    format!("(put \"$state/$cluster.begun\" root root 0600 {}) || exit 1\n", quoted(&lines))
}

/// Returns the lines that hash a package's files once more only where the list of known digests has no word of
/// them, so that the next probe need not.
fn remember(package: &DesiredPackage) -> String {
    let mut lines = String::from("known=\nmissing=\n");
    for member in &package.members {
        let path = format!("{}/{}", package.path, member.path);
        lines.push_str(&format!("remember {}\n", quoted(&path)));
    }
    lines.push_str("[ -z \"$missing\" ] || ");
    lines.push_str(&call("put_known", &[]));
    lines.push_str(" || exit 1\n");
    lines
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
