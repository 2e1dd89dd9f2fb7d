use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crdbctl_model::{
    Action, Desired, DesiredPackage, Digest, NodeName, Observations, Outcome, Plan, Presence, Record,
    RecordedResource, Resource, ResourceAddr,
};
use crdbctl_planner::{PlanOptions, plan};
use crdbctl_transport::Payload;

use crate::applier::Applier;
use crate::session::{Outcomes, Session};
use crate::stage::prologue;
use crate::step::{call, quoted};
use crate::verify;

/// Reads the nodes again and compares: returns the changes that claim to have been made and are not, and
/// records on each node what is in place.
pub(crate) async fn check(
    applier: &Applier,
    sessions: &mut BTreeMap<NodeName, Session>,
    outcomes: &Outcomes,
) -> BTreeMap<ResourceAddr, String> {
    let nodes = verify::read(&applier.graph, sessions).await;
    let now = (applier.clock)();
    let cluster = crate::cluster::observe(&applier.graph, &nodes, &applier.authority, now, sessions).await;
    let format_version = Observations::FORMAT_VERSION;
    let seen = Observations { format_version, taken_at: now, cluster, nodes };
    let left = plan(&applier.graph, &seen, &PlanOptions { now, skip_unknown: false });
    let mut failures = not_converged(&applier.plan, &left, outcomes);
    let touched = outcomes.keys().filter_map(|addr| addr.node()).filter(|node| seen.reading(node).is_some());
    let touched: BTreeSet<&NodeName> = touched.chain(outdated(applier, &seen, &left)).collect();
    for node in touched {
        let Some(session) = sessions.get_mut(node) else { continue };
        if let Err(why) = record(applier, session, outcomes, &seen, &left).await {
            let addr = outcomes.keys().rfind(|addr| addr.node() == Some(node));
            if let Some(addr) = addr {
                failures.entry(addr.clone()).or_insert_with(|| format!("done, but not recorded: {why}"));
            }
        }
    }
    failures
}

/// The nodes whose record is behind what they are: an apply did its work there and was interrupted before it could say so.
/// Left so, the next difference would be taken for somebody else's doing, or the manifest's.
fn outdated<'a>(
    applier: &'a Applier,
    seen: &'a Observations,
    left: &'a Plan,
) -> impl Iterator<Item = &'a NodeName> {
    applier.graph.nodes.keys().filter(move |node| {
        let Some(record) = seen.reading(node).and_then(|reading| reading.record.as_ref()) else {
            return false;
        };
        let open = |addr: &ResourceAddr| {
            left.changes.iter().any(|change| change.addr == *addr)
                || left.unknown.iter().any(|unknown| unknown.addr.as_ref() == Some(addr))
        };
        applier.graph.of_node(node).any(|resource| {
            resource.presence == Presence::Present
                && !open(&resource.addr)
                && record
                    .resources
                    .get(&resource.addr.local())
                    .is_some_and(|entry| entry.desired != Digest::of_json(&resource.desired))
        })
    })
}

fn not_converged(planned: &Plan, left: &Plan, outcomes: &Outcomes) -> BTreeMap<ResourceAddr, String> {
    let mut failures = BTreeMap::new();
    for change in &planned.changes {
        let claims = outcomes.get(&change.addr).is_some_and(|(outcome, _)| *outcome == Outcome::Converged);
        if !claims {
            continue;
        }
        if let Some(still) = left.changes.iter().find(|still| still.addr == change.addr) {
            let names: Vec<&str> = still.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
            let words = format!("it was done and is still not as desired: {}", names.join(", "));
            failures.insert(change.addr.clone(), words);
        }
        let unread = left.unknown.iter().find(|unknown| {
            unknown.addr.as_ref() == Some(&change.addr)
                || unknown.addr.is_none() && unknown.node.as_ref() == change.addr.node()
        });
        if let Some(unread) = unread {
            failures.insert(
                change.addr.clone(),
                format!("it was done and could not be read back: {}", unread.reason),
            );
        }
    }
    failures
}

async fn record(
    applier: &Applier,
    session: &mut Session,
    outcomes: &Outcomes,
    seen: &Observations,
    left: &Plan,
) -> Result<(), String> {
    let node = session.node.clone();
    let previous = seen.reading(&node).and_then(|reading| reading.record.clone());
    let record = record_of(applier, outcomes, &node, previous.as_ref(), seen, left);
    let json = serde_json::to_string_pretty(&record).map_err(|error| error.to_string())? + "\n";
    let mut text = prologue(&session.cluster, &session.run);
    text.push_str(&format!("json=$(head -c {}; printf .); json=${{json%.}}\n", json.len()));
    text.push_str("sweep \"$state\"\n(put \"$state/$cluster.json\" root root 0600 \"$json\") || exit 1\n");
    for resource in applier.graph.of_node(&node) {
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
    previous: Option<&Record>,
    seen: &Observations,
    left: &Plan,
) -> Record {
    let open: BTreeSet<&ResourceAddr> = left
        .changes
        .iter()
        .map(|change| &change.addr)
        .chain(left.unknown.iter().filter_map(|unknown| unknown.addr.as_ref()))
        .collect();
    let mut resources = previous.map(|record| record.resources.clone()).unwrap_or_default();
    let present = |resource: &&Resource| resource.presence == Presence::Present;
    for resource in
        applier.graph.of_node(node).filter(present).filter(|resource| !open.contains(&resource.addr))
    {
        let local = resource.addr.local();
        // What stands there although its change failed was made by somebody else, for all that is known.
        let made = outcomes.get(&resource.addr).is_some_and(|(outcome, _)| *outcome == Outcome::Converged)
            && applier
                .plan
                .changes
                .iter()
                .any(|change| change.addr == resource.addr && change.action == Action::Create);
        let created = made || resources.get(&local).is_some_and(|entry| entry.created);
        let entry = RecordedResource {
            desired: Digest::of_json(&resource.desired),
            created,
            applied_at: (applier.clock)(),
        };
        resources.insert(local, entry);
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
