use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crdbctl_model::{MemberFact, MembershipFact, NodeName};
use crdbctl_probe::HealthGoal;

use crate::applier::Applier;
use crate::gate::{Fleet, Gate, Obstacle, Seen, Teller, may_replace};
use crate::issue::Issuer;
use crate::sessions::Sessions;

/// Between two looks.
const BEAT: Duration = Duration::from_secs(2);

/// The members that are about to leave.
pub(super) type Leaving<'a> = [(&'a NodeName, &'a MemberFact)];

/// Waits until nodes may leave: every node that stays is ready, every other member live, and the ranges are whole, seen twice. What
/// moves off needs somewhere to go.
///
/// # Errors
/// What is amiss, when it stays so for `rollout.health_timeout`, or the run is interrupted.
pub(super) async fn may_leave(
    applier: &Applier,
    sessions: &mut Sessions,
    issuer: &Issuer<'_>,
    leaving: &Leaving<'_>,
) -> Result<(), String> {
    let Some((lead, _)) = leaving.first() else { return Ok(()) };
    wait_until_well(applier, sessions, issuer, lead, |fleet, seen| judge(fleet, seen, leaving)).await
}

/// Waits until the dead member `id` may be decommissioned, whose place `node` takes. What it held needs somewhere to go.
///
/// # Errors
/// As [`may_leave`].
pub(super) async fn may_be_replaced(
    applier: &Applier,
    sessions: &mut Sessions,
    issuer: &Issuer<'_>,
    node: &NodeName,
    id: u32,
) -> Result<(), String> {
    wait_until_well(applier, sessions, issuer, node, |fleet, seen| may_replace(fleet, &seen, node, id)).await
}

async fn wait_until_well(
    applier: &Applier,
    sessions: &mut Sessions,
    issuer: &Issuer<'_>,
    lead: &NodeName,
    judge: impl Fn(&Fleet, Seen) -> Result<(), Obstacle>,
) -> Result<(), String> {
    let fleet = Fleet::of(&applier.graph, &applier.observations).replacing(&applier.plan);
    let rollout = &applier.graph.rollout;
    let (timeout, pause) =
        (Duration::from_secs(rollout.health_timeout), Duration::from_secs(rollout.ranges_pause));
    let began = Instant::now();
    let mut teller = Teller::new(lead, &applier.events);
    let nobody = BTreeSet::new();
    let mut well_since = None;
    loop {
        if *applier.stop.borrow() {
            return Err("interrupted before anything was moved off".to_owned());
        }
        let seen = applier.look(sessions, issuer, &nobody, &nobody, HealthGoal::Ready).await;
        match judge(&fleet, seen) {
            Ok(()) => match well_since {
                None => well_since = Some(Instant::now()),
                Some(since) if Instant::elapsed(&since) >= pause => return Ok(()),
                Some(_) => {}
            },
            Err(obstacle) => {
                well_since = None;
                let Some(rest) = timeout.checked_sub(began.elapsed()).filter(|_| !obstacle.is_final()) else {
                    return Err(format!(
                        "no node leaves while the others are not well: {obstacle}. Next: {}",
                        obstacle.advice()
                    ));
                };
                teller.waits(&obstacle.to_string(), rest);
            }
        }
        applier.rest(BEAT.min(pause.max(Duration::from_millis(100)))).await;
    }
}

/// Judges as before a restart of those that leave. One of them that is dead is no obstacle, and neither are ranges that lack its
/// replicas: that it leaves is what mends them. What has begun to leave goes on.
fn judge(fleet: &Fleet, mut seen: Seen, leaving: &Leaving<'_>) -> Result<(), Obstacle> {
    let ids: Vec<u32> = leaving.iter().map(|(_, member)| member.id).collect();
    let mut is_one_lost =
        leaving.iter().any(|(_, member)| member.membership == MembershipFact::Decommissioning);
    if let Some(Ok(rows)) = &mut seen.members {
        rows.retain(|row| {
            let is_lost = ids.contains(&row.id) && !row.is_healthy();
            is_one_lost |= is_lost;
            !is_lost
        });
    }
    let going: BTreeSet<NodeName> = leaving.iter().map(|(node, _)| (*node).clone()).collect();
    match (Gate::Before { going: &going, to_come: &BTreeSet::new() }).judge(fleet, &seen, HealthGoal::Ready) {
        Err(Obstacle::Underreplicated { .. }) if is_one_lost => Ok(()),
        other => other.map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crdbctl_cockroach::members::MemberAddresses;
    use crdbctl_cockroach::output::node_status;
    use crdbctl_model::{HealthFact, MemberFigures};

    use super::*;

    fn node(number: usize) -> NodeName {
        NodeName::new(format!("store-{number}")).unwrap()
    }

    /// Three nodes that stay and one that leaves; what the last two say of themselves.
    fn found(third: (HealthFact, &str), fourth: &str, membership: MembershipFact) -> Result<(), String> {
        let nodes = (1..=3).map(|at| (node(at), format!("10.0.0.{at}:26257")));
        let fleet = Fleet {
            nodes: (1..=3).map(node).collect(),
            addresses: MemberAddresses::configured(nodes),
            build: "v24.1.1".to_owned(),
            behind: BTreeSet::new(),
            replaced: BTreeSet::new(),
        };
        let well = "v24.1.1,true,true,0,0,active,false";
        let rows = [well, well, third.1, fourth].into_iter().zip(1..);
        let rows: String = rows.map(|(rest, at)| format!("{at},10.0.0.{at}:26257,{rest}\n")).collect();
        let table = "id,address,build,is_available,is_live,ranges_unavailable,ranges_underreplicated,membership,is_draining\n";
        let mut health: BTreeMap<NodeName, HealthFact> =
            (1..=2).map(|at| (node(at), HealthFact::Ready)).collect();
        health.insert(node(3), third.0);
        let members = Some(Ok(node_status((table.to_owned() + &rows).as_bytes()).unwrap()));
        let seen = Seen { health, lost: BTreeMap::new(), members };
        let member = MemberFact {
            id: 4,
            address: Some("10.0.0.4:26257".to_owned()),
            build: None,
            membership,
            figures: MemberFigures::default(),
        };
        let leaver = node(4);
        judge(&fleet, seen, &[(&leaver, &member)]).map_err(|obstacle| obstacle.to_string())
    }

    #[test]
    fn nodes_leave_only_while_those_that_stay_are_well() {
        let active = MembershipFact::Active;
        let well = "v24.1.1,true,true,0,0,active,false";
        let dead = "v24.1.1,false,false,0,0,active,false";
        let lacking = "v24.1.1,true,true,0,7,active,false";
        assert_eq!(found((HealthFact::Ready, well), well, active), Ok(()));
        let down = found((HealthFact::NotAsked, dead), well, active).unwrap_err();
        assert!(down.contains("store-3"), "{down}");
        let without = found((HealthFact::Ready, lacking), well, active).unwrap_err();
        assert!(without.contains('7'), "{without}");
        // Dead itself, or begun: that it leaves is what mends the ranges.
        assert_eq!(found((HealthFact::Ready, lacking), dead, active), Ok(()));
        assert_eq!(found((HealthFact::Ready, lacking), well, MembershipFact::Decommissioning), Ok(()));
        let unavailable = "v24.1.1,true,true,2,7,active,false";
        assert!(found((HealthFact::Ready, unavailable), dead, active).is_err());
    }
}
