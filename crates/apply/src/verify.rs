use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crdbctl_model::{
    Fact, Footprint, HostPath, NodeName, NodeObservation, Observations, Observed, Plan, Reading,
    ResourceGraph, StartBlocker, StorePlace, Timestamp,
};
use crdbctl_probe::{observe, questions, read_answer, script};
use tokio::task::JoinSet;

use crate::cluster;
use crate::error::ApplyError;
use crate::session::Session;

/// Reads every node again, under the locks, and refuses when one is not as the plan found it.
pub(crate) async fn unchanged(
    graph: &ResourceGraph,
    plan: &Plan,
    before: &Observations,
    (authority, clock): (&Path, Timestamp),
    sessions: &mut BTreeMap<NodeName, Session>,
) -> Result<(), ApplyError> {
    let now = read(graph, sessions).await;
    let mut what: Vec<String> = cluster::observe(graph, &now, (authority, None), clock, sessions)
        .await
        .into_iter()
        .filter(|(addr, _)| plan.rests_on(addr))
        .filter(|(addr, observed)| {
            let is_changed = plan.changes.iter().any(|change| change.addr == *addr);
            before.cluster.get(addr).is_some_and(|old| has_moved(old, observed, is_changed))
        })
        .map(|(addr, observed)| match observed {
            Observed::Unknown { reason } => format!("{addr} cannot be read again: {reason}"),
            _ => format!("{addr} changed since"),
        })
        .collect();
    for (node, digest) in &plan.basis.nodes {
        match now.get(node) {
            Some(NodeObservation::Read(reading)) if reading.digest == *digest => {}
            Some(NodeObservation::Read(reading))
                if before.reading(node).is_some_and(|old| is_same(old, reading)) => {}
            Some(NodeObservation::Read(reading)) => {
                let mut moved: Vec<String> = before
                    .reading(node)
                    .into_iter()
                    .flat_map(|_| &reading.resources)
                    .filter(|(addr, observed)| {
                        !before
                            .reading(node)
                            .and_then(|old| old.resources.get(*addr))
                            .is_some_and(|old| is_same_resource(old, observed))
                    })
                    .map(|(addr, _)| format!("{addr} changed since"))
                    .collect();
                let known = before.reading(node).map_or(&[][..], |old| old.start_blockers.as_slice());
                let new = reading.start_blockers.iter().filter(|it| it.blocks() && !known.contains(it));
                moved.extend(new.map(|it| format!("{node} would not start again: {it}")));
                if moved.is_empty() {
                    moved.push(format!("{node} changed since"));
                }
                what.extend(moved);
            }
            Some(NodeObservation::Unreadable(unreadable)) => {
                what.push(format!("{node}: {}", unreadable.reason))
            }
            None => what.push(format!("{node} is not connected")),
        }
    }
    if what.is_empty() { Ok(()) } else { Err(ApplyError::Stale { what }) }
}

/// Whether a cluster-wide resource is no more as a plan found it. Nothing rests on what could not be read then, and little on
/// what the plan leaves as it is and cannot be read now.
fn has_moved(old: &Observed, now: &Observed, is_changed: bool) -> bool {
    match (old, now) {
        (Observed::Unknown { .. }, _) => false,
        (_, Observed::Unknown { .. } | Observed::Deferred { .. }) => is_changed,
        (old, now) => old.at_rest() != now.at_rest(),
    }
}

/// Whether two readings differ in nothing that a plan rests on. A service that fails and is started again and again
/// looks another way at every look; without this, no plan that mends it could ever be applied.
fn is_same(old: &Reading, new: &Reading) -> bool {
    old.drop_ins == new.drop_ins
        && is_same_start(&old.start_blockers, &new.start_blockers)
        && old.record == new.record
        && is_same_footprint(&old.footprint, &new.footprint)
        && old.host.machine_id == new.host.machine_id
        && old.resources.len() == new.resources.len()
        && old.resources.iter().all(|(addr, observed)| {
            new.resources.get(addr).is_some_and(|now| is_same_resource(observed, now))
        })
}

/// Whether the same things keep CockroachDB from starting. What could not be judged at one look may be at the next, and a plan
/// rests on neither.
fn is_same_start(old: &[StartBlocker], new: &[StartBlocker]) -> bool {
    old.iter().filter(|it| it.blocks()).eq(new.iter().filter(|it| it.blocks()))
}

/// Which programs run at a moment is looked at again before a package goes.
fn is_same_footprint(old: &Footprint, new: &Footprint) -> bool {
    old.listings == new.listings
        && old.mount_points == new.mount_points
        && old.begun == new.begun
        && old.stores == new.stores
        && old.certificates == new.certificates
        && is_same_place(&old.store_places, &new.store_places)
}

/// Whether the same file systems hold the stores. What is in them is told of the service.
fn is_same_place(old: &BTreeMap<HostPath, StorePlace>, new: &BTreeMap<HostPath, StorePlace>) -> bool {
    let mounts = |places: &BTreeMap<HostPath, StorePlace>| -> Vec<_> {
        places.iter().map(|(path, it)| (path.clone(), it.mount.clone(), it.missing.clone())).collect()
    };
    mounts(old) == mounts(new)
}

fn is_same_resource(old: &Observed, new: &Observed) -> bool {
    let (Observed::Present(before), Observed::Present(now)) = (old, new) else { return old == new };
    match (before.as_ref(), now.as_ref()) {
        (Fact::Service(before), Fact::Service(now)) => before.at_rest() == now.at_rest(),
        (before, now) => before == now,
    }
}

/// Reads every node through its session.
pub(crate) async fn read(
    graph: &ResourceGraph,
    sessions: &mut BTreeMap<NodeName, Session>,
) -> BTreeMap<NodeName, NodeObservation> {
    let mut reading = JoinSet::new();
    for (node, mut session) in std::mem::take(sessions) {
        let questions = questions(graph, &node);
        let text = script(&graph.cluster, &questions);
        let address = questions.service.map(|service| service.http_address);
        reading.spawn(async move {
            let answer = match session.ask(text, Duration::from_secs(120)).await {
                Ok(output) => Ok(read_answer(&session.asking, address.as_deref(), &output.stdout).await),
                Err(error) => Err(error),
            };
            (session, answer)
        });
    }
    let mut observed = BTreeMap::new();
    while let Some(done) = reading.join_next().await {
        match done {
            Ok((session, answer)) => {
                let observation = match answer {
                    Ok(answer) => observe(graph, &session.node, answer),
                    Err(error) => NodeObservation::Unreadable(error.unreadable()),
                };
                observed.insert(session.node.clone(), observation);
                sessions.insert(session.node.clone(), session);
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    observed
}

#[cfg(test)]
mod tests {
    use crdbctl_model::{HealthFact, HealthWay, ServiceFact};

    use super::*;

    fn service(active: &str, sub: &str) -> ServiceFact {
        ServiceFact {
            load_state: "loaded".to_owned(),
            active_state: active.to_owned(),
            sub_state: sub.to_owned(),
            unit_file_state: "enabled".to_owned(),
            need_daemon_reload: false,
            process: None,
            health: HealthFact::NotAsked,
            health_way: HealthWay::OnHost,
            pending: None,
            store_used: Some(false),
        }
    }

    fn same(old: ServiceFact, new: ServiceFact) -> bool {
        let present = |service| Observed::Present(Box::new(Fact::Service(service)));
        is_same_resource(&present(old), &present(new))
    }

    #[test]
    fn a_crash_loop_is_the_same_at_every_look_and_a_start_or_stop_is_not() {
        assert!(same(service("activating", "auto-restart"), service("failed", "failed")));
        assert!(same(service("activating", "start"), service("activating", "auto-restart")));
        assert!(!same(service("active", "running"), service("failed", "failed")));
        assert!(!same(service("inactive", "dead"), service("active", "running")));
        let disabled = ServiceFact { unit_file_state: "disabled".to_owned(), ..service("failed", "failed") };
        assert!(!same(service("failed", "failed"), disabled));
        let pending = ServiceFact { pending: Some("restart".to_owned()), ..service("failed", "failed") };
        assert!(!same(service("failed", "failed"), pending));
        assert!(!is_same_resource(&Observed::Absent, &Observed::Unknown { reason: "x".to_owned() }));
    }

    #[test]
    fn what_could_not_be_read_makes_a_plan_stale_only_where_the_plan_rests_on_it() {
        let setting = |value: &str| {
            let value = value.to_owned();
            Observed::Present(Box::new(Fact::Setting(crdbctl_model::SettingFact { value })))
        };
        let unknown = Observed::Unknown { reason: "x".to_owned() };
        assert!(has_moved(&setting("1"), &setting("2"), false));
        assert!(!has_moved(&setting("1"), &setting("1"), true));
        assert!(!has_moved(&setting("1"), &unknown, false) && has_moved(&setting("1"), &unknown, true));
        assert!(!has_moved(&unknown, &setting("1"), false));
        assert!(has_moved(&Observed::Absent, &setting("1"), false));
    }

    #[test]
    fn what_could_not_be_judged_makes_no_plan_stale() {
        let unjudged = StartBlocker::UnjudgedPaths {
            paths: vec!["/mnt/d2".to_owned()],
            user: "root".to_owned(),
            reason: "a file system did not answer within 10 seconds".to_owned(),
        };
        let blocks = StartBlocker::NoExec { path: "/opt".to_owned(), point: "/".to_owned() };
        assert!(is_same_start(std::slice::from_ref(&unjudged), &[]));
        assert!(is_same_start(&[unjudged.clone(), blocks.clone()], std::slice::from_ref(&blocks)));
        assert!(!is_same_start(&[unjudged], &[blocks]));
    }

    #[test]
    fn health_alone_makes_no_plan_stale() {
        let ready = ServiceFact { health: HealthFact::Ready, ..service("active", "running") };
        assert!(same(service("active", "running"), ready));
    }
}
