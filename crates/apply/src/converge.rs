use std::collections::{BTreeMap, BTreeSet};

use crdbctl_model::{
    Desired, Digest, Dropped, Mark, NodeName, Observations, Outcome, Plan, Presence, RecordedResource,
    ResourceAddr, Verdict,
};
use crdbctl_planner::{PlanOptions, is_left, plan};

use crate::applier::Applier;
use crate::rollout::Ledger;
use crate::session::{Outcomes, Session};
use crate::{record, verify};

/// Reads the nodes again and compares: returns the changes that claim to have been made and are not, and
/// records on each node what is in place. A record that cannot be written is a failure of the run.
pub(crate) async fn check(
    applier: &Applier,
    sessions: &mut BTreeMap<NodeName, Session>,
    outcomes: &Outcomes,
    ledger: &mut Ledger,
) -> BTreeMap<ResourceAddr, String> {
    let nodes = verify::read(&applier.graph, sessions).await;
    let now = (applier.clock)();
    let authority = (applier.authority.as_path(), applier.passphrase.as_ref());
    let cluster = crate::cluster::observe(&applier.graph, &nodes, authority, now, sessions).await;
    let format_version = Observations::FORMAT_VERSION;
    let seen = Observations { format_version, taken_at: now, cluster, nodes };
    let left = plan(
        &applier.graph,
        &seen,
        &PlanOptions { now, skip_unknown: false, delete_data: applier.delete_data, shard: None },
    );
    let failures = not_converged(&applier.plan, &left, outcomes);
    let touched = outcomes.keys().filter_map(|addr| addr.node()).filter(|node| seen.reading(node).is_some());
    let selection = &applier.plan.part.selection;
    let touched: BTreeSet<&NodeName> = touched
        .chain(outdated(applier, &seen, &left))
        .chain(applier.graph.leaving().filter(|node| selection.reaches(node)))
        .collect();
    for node in &touched {
        let Some(session) = sessions.get_mut(*node) else { continue };
        if let Err(why) = record::write(applier, session, outcomes, ledger, &seen, &left).await {
            ledger.failures.push(format!(
                "the record of {node} could not be written, so that the next plan may not know what changed it: {why}"
            ));
        }
    }
    for (node, session) in sessions.iter_mut().filter(|(node, _)| !touched.contains(node)) {
        if seen.reading(node).is_some_and(|reading| reading.record.is_none()) {
            // An empty directory is all that may stay behind, on a node that this run is not about.
            let _ = record::leave_no_place(session).await;
        }
    }
    failures
}

/// The nodes whose record is behind what they are: an apply did its work there and was interrupted before it could say so.
/// Left so, the next difference would be taken for somebody else's doing, or the manifest's. Of a part of a plan, what was selected counts.
fn outdated<'a>(
    applier: &'a Applier,
    seen: &'a Observations,
    left: &'a Plan,
) -> impl Iterator<Item = &'a NodeName> {
    applier.graph.nodes.keys().filter(move |node| {
        let Some(reading) = seen.reading(node) else { return false };
        let record = reading.record.as_ref();
        let entry = |local: &str| record.and_then(|record| record.resources.get(local));
        // What crdbctl made is to be known again when the manifest no longer tells what it was.
        let is_behind = |entry: &RecordedResource, desired: &Desired| {
            entry.desired != Digest::of_json(desired)
                || entry.created && entry.mark.is_none() && Mark::of(desired).is_some()
        };
        let present = applier.graph.of_node(node).any(|resource| {
            resource.presence == Presence::Present
                && applier.plan.part.selection.contains(&resource.addr)
                && !is_open(&resource.addr, left)
                && match entry(&resource.addr.local()) {
                    Some(entry) => is_behind(entry, &resource.desired),
                    // It was begun, and is done.
                    None => reading.footprint.begun.contains_key(&resource.addr.local()),
                }
        });
        // An older crdbctl kept no index of the archive.
        let is_without_index =
            record.filter(|_| applier.plan.part.selection.reaches(node)).is_some_and(|record| {
                record::archive_of(applier, node, left).is_some_and(|archive| record.archive != Some(archive))
            });
        let gone = record.is_some()
            && Dropped::on(&applier.graph, node, record, &reading.footprint.begun)
                .iter()
                .any(|it| applier.plan.part.selection.contains(&it.addr) && !is_left(it, reading));
        // Notes of steps of which the record tells by now.
        let noted = applier.plan.part.selection.is_whole()
            && record.is_some_and(|record| {
                let needed = record::still_noted(&applier.graph, node, reading, record, left);
                needed.len() < reading.footprint.noted.len()
            });
        present || gone || is_without_index || noted
    })
}

/// Whether something is not as desired, or not known to be: it has a change, cannot be told, or differs and is mended by changes
/// of other resources.
pub(crate) fn is_open(addr: &ResourceAddr, left: &Plan) -> bool {
    left.compared.get(addr).is_some_and(|verdict| *verdict != Verdict::Same)
        || left.changes.iter().any(|change| change.addr == *addr)
        || left.unknown.iter().any(|unknown| unknown.addr.as_ref() == Some(addr))
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

#[cfg(test)]
mod tests {
    use crdbctl_model::Timestamp;

    use super::*;

    #[test]
    fn what_another_change_is_to_mend_is_not_in_place() {
        let graph = crate::work::tests::graph();
        let now = Timestamp::from_unix(0);
        let seen = Observations {
            format_version: Observations::FORMAT_VERSION,
            taken_at: now,
            cluster: BTreeMap::new(),
            nodes: BTreeMap::new(),
        };
        let mut left =
            plan(&graph, &seen, &PlanOptions { now, skip_unknown: false, delete_data: false, shard: None });
        let addr: ResourceAddr = "store-1/service.cockroach".parse().unwrap();
        assert!(!left.changes.iter().any(|change| change.addr == addr));
        for (verdict, open) in [
            (Verdict::Same, false),
            (Verdict::Carried, true),
            (Verdict::PutOff, true),
            (Verdict::Unknown, true),
            (Verdict::Differs, true),
        ] {
            left.compared.insert(addr.clone(), verdict);
            assert_eq!(is_open(&addr, &left), open, "{verdict:?}");
        }
    }
}
