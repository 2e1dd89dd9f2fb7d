use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crdbctl_model::{
    Desired, DesiredPackage, Digest, HostPath, Listing, NodeName, Observations, Observed, Outcome, Plan,
    Presence, Reading, Record, RecordedResource, ResourceAddr, ResourceGraph,
};
use crdbctl_planner::remains;
use crdbctl_transport::Payload;

use crate::applier::Applier;
use crate::kinds::creates;
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
    // A node that leaves has no record any more, or never had one: taking its lock has made an empty place for it again.
    if applier.graph.is_leaving(&node) && reading.record.is_none() {
        let text = prologue(&session.cluster, &session.run) + "rmdir -- \"$state\" 2>/dev/null || true\n";
        let done = session.script(text, Payload::none(), Duration::from_secs(60)).await;
        return done.map(|_| ()).map_err(|error| error.to_string());
    }
    let record = record_of(applier, outcomes, &node, reading, seen, left);
    let record = Record { forced_gate: ledger.forced.get(&node).cloned().or(record.forced_gate), ..record };
    let begun = still_begun(&applier.graph, reading, &record);
    let json = serde_json::to_string_pretty(&record).map_err(|error| error.to_string())? + "\n";
    let mut text = prologue(&session.cluster, &session.run);
    text.push_str(&format!("json=$(head -c {}; printf .); json=${{json%.}}\n", json.len()));
    text.push_str("sweep \"$state\"\n(put \"$state/$cluster.json\" root root 0600 \"$json\") || exit 1\n");
    text.push_str("rm -f -- \"$state/$cluster.begun\" || exit 1\n");
    if ledger.forced.contains_key(&node) {
        text.push_str("rm -f -- \"$state/$cluster.forced\" || exit 1\n");
    }
    for (local, paths) in begun {
        let words: Vec<&str> = std::iter::once(local).chain(paths.iter().map(HostPath::as_str)).collect();
        text.push_str(&format!("{} || exit 1\n", call("begin", &words)));
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

fn record_of(
    applier: &Applier,
    outcomes: &Outcomes,
    node: &NodeName,
    reading: &Reading,
    seen: &Observations,
    left: &Plan,
) -> Record {
    let open: BTreeSet<&ResourceAddr> = left
        .changes
        .iter()
        .map(|change| &change.addr)
        .chain(left.unknown.iter().filter_map(|unknown| unknown.addr.as_ref()))
        .filter(|addr| addr.node() == Some(node))
        .collect();
    let previous = reading.record.as_ref();
    let mut resources = previous.map(|record| record.resources.clone()).unwrap_or_default();
    if applier.graph.is_leaving(node) {
        let remains = remains(&applier.graph, node, reading);
        resources
            .retain(|local, _| remains.contains(local) || open.iter().any(|addr| addr.local() == *local));
    } else {
        add_present(applier, outcomes, node, reading, &open, &mut resources);
        drop_packages(&applier.graph, reading, &mut resources);
    }
    let initialised = matches!(
        crdbctl_probe::observe_init(&applier.graph, &seen.nodes),
        crdbctl_model::Observed::Present(_)
    );
    Record {
        format_version: Record::FORMAT_VERSION,
        cluster: applier.graph.cluster.clone(),
        applied_by: applier.run.by.clone(),
        manifest: applier.graph.manifest,
        run: applier.run.id.clone(),
        forced_gate: previous.and_then(|record| record.forced_gate.clone()),
        initialised: initialised || previous.is_some_and(|record| record.initialised),
        resources,
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
        // What stands there although its change failed was made by somebody else, unless it was noted as begun.
        let made = outcomes.get(&resource.addr).is_some_and(|(outcome, _)| *outcome == Outcome::Converged)
            && applier.plan.changes.iter().any(|change| change.addr == resource.addr && creates(change));
        let begun = reading.footprint.begun.get(&local) == Some(&paths);
        let before = resources.get(&local).is_some_and(|entry| entry.created && entry.paths == paths);
        let entry = RecordedResource {
            desired: Digest::of_json(&resource.desired),
            created: made || begun || before,
            applied_at: (applier.clock)(),
            paths,
        };
        resources.insert(local, entry);
    }
}

/// Drops the packages that are gone. Where packages could not be listed, none is known to be.
fn drop_packages(
    graph: &ResourceGraph,
    reading: &Reading,
    resources: &mut BTreeMap<String, RecordedResource>,
) {
    let Listing::Entries(entries) = reading.footprint.listing(&graph.packages) else { return };
    resources.retain(|local, entry| {
        let is_here = entry.paths.first().is_some_and(|path| path.parent() == graph.packages);
        match local.strip_prefix("package.") {
            Some(name) if is_here => entries.contains_key(name),
            _ => true,
        }
    });
}

/// What was begun, is there, and is not as desired yet, so that the record does not tell of it.
fn still_begun<'a>(
    graph: &ResourceGraph,
    reading: &'a Reading,
    record: &Record,
) -> Vec<(&'a str, &'a [HostPath])> {
    let is_there = |local: &str| {
        let of_node = reading.resources.iter().find(|(addr, _)| addr.local() == local);
        match of_node {
            Some((addr, observed)) => graph.resources.contains_key(addr) && *observed != Observed::Absent,
            None => false,
        }
    };
    reading
        .footprint
        .begun
        .iter()
        .filter(|(local, paths)| {
            let told =
                record.resources.get(*local).is_some_and(|entry| entry.created && entry.paths == **paths);
            !told && is_there(local)
        })
        .map(|(local, paths)| (local.as_str(), paths.as_slice()))
        .collect()
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
