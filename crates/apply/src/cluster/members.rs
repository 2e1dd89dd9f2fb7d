use std::time::{Duration, Instant};

use crdbctl_cockroach::Version;
use crdbctl_cockroach::client::{
    Drain, decommission, decommission_check, drain, drains_before_decommission, recommission,
};
use crdbctl_cockroach::members::MemberAddresses;
use crdbctl_cockroach::output::{Membership, NodeStatus, decommission_status};
use crdbctl_model::{DesiredMembers, Event, MemberFact, MembersFact, MembershipFact, NodeName};
use crdbctl_probe::ClientOutput;

use super::leaving::{may_be_replaced, may_leave};
use super::through::{Through, said};
use crate::applier::Applier;
use crate::gate::Fleet;
use crate::issue::Issuer;
use crate::sessions::Sessions;

/// How long one command may take that begins or looks.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a node that has just joined may be unknown to those who look where replicas could go.
const SETTLING: Duration = Duration::from_secs(60);

/// Between two looks at what is left.
const PAUSE: Duration = Duration::from_secs(2);

/// Makes the members what the manifest says: calls off what was begun by mistake, and decommissions all nodes that leave, in one
/// command through a node that stays, waiting until nothing is left on them.
///
/// # Errors
/// Why nobody may leave now, or what came back.
pub(super) async fn change(
    applier: &Applier,
    through: &Through,
    sessions: &mut Sessions,
    issuer: &Issuer<'_>,
    desired: &DesiredMembers,
    found: &MembersFact,
) -> Result<(), String> {
    replace(applier, through, sessions, issuer, desired).await?;
    let addresses = MemberAddresses::of(&applier.graph, &applier.observations);
    let returning = returning(desired, found, &addresses);
    if !returning.is_empty() {
        run(through, sessions, recommission(&returning)).await?;
    }
    let leaving = leaving(desired, found, &addresses);
    if leaving.is_empty() {
        return Ok(());
    }
    may_leave(applier, sessions, issuer, &leaving).await?;
    let version = running(through, found, &addresses)?;
    let ids: Vec<u32> = leaving.iter().map(|(_, member)| member.id).collect();
    if let Some(words) = decommission_check(&version, &ids) {
        run(through, sessions, words).await?;
    }
    if drains_before_decommission(&version) {
        for (node, member) in leaving.iter().filter(|(_, member)| member.figures.live != Some(false)) {
            drain_first(applier, through, sessions, node, member, &version).await?;
        }
    }
    let names: Vec<&str> = leaving.iter().map(|(node, _)| node.as_str()).collect();
    let of = Emptied { ids, names: names.join(", "), way_back: "`state: present` calls it off" };
    empty(applier, through, sessions, &of, &version).await
}

/// Decommissions the dead members whose place nodes take that lost their data, one after the other: between two of them the
/// cluster is seen to be well.
///
/// # Errors
/// Why one may not be decommissioned now, or what came back.
pub(super) async fn replace(
    applier: &Applier,
    through: &Through,
    sessions: &mut Sessions,
    issuer: &Issuer<'_>,
    desired: &DesiredMembers,
) -> Result<(), String> {
    for (node, id) in desired.replaced.iter().flat_map(|(node, ids)| ids.iter().map(move |id| (node, *id))) {
        if has_left(through, sessions, &[id]).await? {
            continue;
        }
        may_be_replaced(applier, sessions, issuer, node, id).await?;
        let rows = through.members(sessions).await?;
        let fleet = Fleet::of(&applier.graph, &applier.observations);
        let build = fleet.row(&through.node, &rows).and_then(|row| row.build.as_deref());
        let version = version_of(through, build)?;
        check_again(applier, through, sessions, &version, id).await?;
        let of = Emptied {
            ids: vec![id],
            names: format!("n{id}, which {node} was"),
            way_back: "`cockroach node recommission` calls it off",
        };
        empty(applier, through, sessions, &of, &version).await?;
    }
    Ok(())
}

/// Looks whether a dead member can go, again for a while: the store of a node that has just joined is not known to all at once.
async fn check_again(
    applier: &Applier,
    through: &Through,
    sessions: &mut Sessions,
    version: &Version,
    id: u32,
) -> Result<(), String> {
    let Some(words) = decommission_check(version, &[id]) else { return Ok(()) };
    let began = Instant::now();
    loop {
        match run(through, sessions, words.clone()).await {
            Ok(_) => return Ok(()),
            Err(why) if began.elapsed() >= SETTLING || *applier.stop.borrow() => return Err(why),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Returns whether nothing is to be done but to decommission dead members whose place nodes take.
pub(super) fn only_replaces(
    desired: &DesiredMembers,
    found: &MembersFact,
    addresses: &MemberAddresses,
) -> bool {
    returning(desired, found, addresses).is_empty() && leaving(desired, found, addresses).is_empty()
}

/// The members whose decommissioning is called off.
fn returning(desired: &DesiredMembers, found: &MembersFact, addresses: &MemberAddresses) -> Vec<u32> {
    let members = desired.staying.keys().filter_map(|node| addresses.member(node, &found.members));
    members
        .filter(|member| member.membership == MembershipFact::Decommissioning && !desired.replaces(member))
        .map(|member| member.id)
        .collect()
}

/// The nodes that leave and have not left.
fn leaving<'a>(
    desired: &'a DesiredMembers,
    found: &'a MembersFact,
    addresses: &MemberAddresses,
) -> Vec<(&'a NodeName, &'a MemberFact)> {
    let members =
        desired.leaving.keys().filter_map(|node| Some((node, addresses.member(node, &found.members)?)));
    members.filter(|(_, member)| !member.has_left()).collect()
}

/// Members that are emptied.
struct Emptied {
    ids: Vec<u32>,
    /// Who they are, for people.
    names: String,
    /// How it is called off, as a clause.
    way_back: &'static str,
}

/// The version of the node that the commands are given to: it is its own program that runs them.
fn running(through: &Through, found: &MembersFact, addresses: &MemberAddresses) -> Result<Version, String> {
    let build = addresses.member(&through.node, &found.members).and_then(|member| member.build.as_deref());
    version_of(through, build)
}

fn version_of(through: &Through, build: Option<&str>) -> Result<Version, String> {
    let build = build.ok_or_else(|| format!("the cluster does not tell the version of {}", through.node))?;
    build.parse().map_err(|error| format!("{}: {error}", through.node))
}

async fn run(through: &Through, sessions: &mut Sessions, words: Vec<String>) -> Result<ClientOutput, String> {
    let shown = words.join(" ");
    let outputs = through.run(sessions, &[through.command(words, PATIENCE)]).await?;
    match outputs.into_iter().next() {
        Some(output) if output.is_success() => Ok(output),
        Some(output) => Err(format!("`cockroach {shown}` on {}: {}", through.node, blocked(&output))),
        None => Err(format!("`cockroach {shown}` on {}: no answer", through.node)),
    }
}

/// What a refused decommissioning says, with the lines that tell what blocks it.
fn blocked(output: &ClientOutput) -> String {
    let why: Vec<&str> = output
        .stderr
        .lines()
        .map(str::trim)
        .filter(|line| line.contains(" blocked with error"))
        .take(5)
        .collect();
    match &why[..] {
        [] => said(output),
        why => format!("{} ({})", said(output), why.join("; ")),
    }
}

async fn drain_first(
    applier: &Applier,
    through: &Through,
    sessions: &mut Sessions,
    node: &NodeName,
    member: &MemberFact,
    version: &Version,
) -> Result<(), String> {
    let wait = Duration::from_secs(applier.graph.rollout.drain_timeout);
    let Some(words) = drain(version, wait) else { return Ok(()) };
    applier.tell(Event::Node { node: node.clone(), what: format!("draining (n{})", member.id) });
    let command = through.command(words, wait + Duration::from_secs(30));
    let output = through.run_on(applier, sessions, node, command).await?;
    match Drain::of(output.status, output.status == ClientOutput::TIMED_OUT, &output.stderr) {
        Drain::Drained => Ok(()),
        other => Err(format!("cannot drain {node}: {other}")),
    }
}

/// Begins, and looks again and again until the nodes have left. What was begun goes on without us.
async fn empty(
    applier: &Applier,
    through: &Through,
    sessions: &mut Sessions,
    of: &Emptied,
    version: &Version,
) -> Result<(), String> {
    let Emptied { ids, names, way_back } = of;
    let timeout = Duration::from_secs(applier.graph.rollout.health_timeout);
    let (mut least, mut moved, mut told) = (u64::MAX, Instant::now(), None);
    loop {
        let output = run(through, sessions, decommission(version, ids)).await?;
        let rows = decommission_status(output.stdout.as_bytes()).map_err(|error| error.to_string())?;
        let of_ours = || rows.iter().filter(|row| ids.contains(&row.id));
        let left: u64 = of_ours().filter_map(|row| row.replicas).sum();
        let is_gone = |id: &u32| {
            rows.iter().any(|row| {
                row.id == *id
                    && match &row.membership {
                        Some(membership) => *membership == Membership::Decommissioned,
                        // Before v20.2 nothing more than this is told.
                        None => row.replicas == Some(0),
                    }
            })
        };
        // The table may have been printed before the last step of the same command.
        if ids.iter().all(is_gone) || left == 0 && has_left(through, sessions, ids).await? {
            return Ok(());
        }
        if *applier.stop.borrow() {
            return Err(format!(
                "interrupted with {left} replicas left on {names}; they go on moving, and the next apply goes on waiting"
            ));
        }
        if told != Some(left) {
            let reason = format!("{left} replicas to leave {names}");
            applier.tell(Event::Waiting { node: through.node.clone(), reason, left_seconds: None });
            told = Some(left);
        }
        if left < least {
            (least, moved) = (left, Instant::now());
        }
        if moved.elapsed() >= timeout {
            return Err(format!(
                "{left} replicas are left on {names}, and none has moved for {} s: is there room for them on the nodes that stay, and do their localities fit? The next apply goes on; {way_back}",
                timeout.as_secs()
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn has_left(through: &Through, sessions: &mut Sessions, ids: &[u32]) -> Result<bool, String> {
    let members = through.members(sessions).await?;
    let has_left = |id: &u32| members.iter().find(|member| member.id == *id).is_some_and(NodeStatus::is_gone);
    Ok(ids.iter().all(has_left))
}
